"""The class lists that have a name: what each source's classes become in them."""

from collections.abc import Iterable, Mapping, Sequence

from hemline.datasets.classes.classes import BACKGROUND, ClassMap, class_table
from hemline.datasets.classes.vocabularies import (
    ATR,
    CCP,
    CFPD,
    CIHP,
    FASHIONPEDIA,
    FASHIONPEDIA_GROUPS,
    LIP,
    MODANET,
    STUDIO,
    STUDIO_GARMENT,
)
from hemline.errors import DatasetError

GARMENT = STUDIO_GARMENT

_Table = Mapping[str, str]


def class_map(classes: str | Mapping[str, Sequence[str]] | None = None) -> ClassMap:
    """The class map of a class list's name, or of a recipe's own table.

    Args:
        classes: a name ("atr-18"), a table of label = [classes of the data], or nothing for
            "garment": one label for everything that is clothing.

    Raises:
        DatasetError: no list has that name, or the table is not sound.
    """
    if classes is None:
        classes = GARMENT
    if not isinstance(classes, str):
        return class_table(classes)
    if classes not in CLASS_LISTS:
        raise DatasetError(
            f"unknown class list '{classes}'; choose from {', '.join(sorted(CLASS_LISTS))}, "
            "or a table of label = [classes of the data]"
        )
    return CLASS_LISTS[classes]


def _same(labels: Iterable[str]) -> dict[str, str]:
    return {label: label for label in labels}


def _to(target: str, sources: Iterable[str]) -> dict[str, str]:
    return dict.fromkeys(sources, target)


# Worn or carried, but no clothing: what hangs on a hand, is jewellery, or sits before the eyes.
# The body is not in these lists: skin and hair are background wherever they are labelled.
_CCP_NO_CLOTHING = frozenset(
    {
        *("skin", "hair", "accessories", "bag", "bracelet", "earrings", "glasses", "necklace"),
        *("purse", "ring", "sunglasses", "wallet", "watch"),
    }
)
_ATR_NO_CLOTHING = frozenset(
    {
        *("hair", "sunglasses", "face", "left-leg", "right-leg", "left-arm", "right-arm", "bag"),
    }
)
_LIP_NO_CLOTHING = frozenset(
    {
        *("hair", "sunglasses", "torso-skin", "face", "left-arm", "right-arm", "left-leg"),
        "right-leg",
    }
)
_CFPD_NO_CLOTHING = frozenset({"bag", "face", "hair", "skin", "sunglass"})
_MODANET_NO_CLOTHING = frozenset({"bag", "sunglasses"})

# Fashionpedia has a shape for each piece. A bag lies over a dress, so it is drawn, as background;
# a sleeve is within its shirt's shape, so it need not be drawn.
_CARRIED = ("glasses", "watch", "bag, wallet", "umbrella")
_PIECES = (
    *("shirt, blouse", "top, t-shirt, sweatshirt", "sweater", "cardigan", "jacket", "vest"),
    *("pants", "shorts", "skirt", "coat", "dress", "jumpsuit", "cape", "hat"),
    *("headband, head covering, hair accessory", "tie", "glove", "belt", "leg warmer"),
    *("tights, stockings", "sock", "shoe", "scarf"),
)

_GARMENT_TABLES: dict[str, _Table] = {
    "ccp": _to(GARMENT, (tag for tag in CCP if tag not in _CCP_NO_CLOTHING)),
    "atr": _to(GARMENT, (label for label in ATR if label not in _ATR_NO_CLOTHING)),
    "lip": _to(GARMENT, (label for label in LIP if label not in _LIP_NO_CLOTHING)),
    "cihp": _to(GARMENT, (label for label in CIHP if label not in _LIP_NO_CLOTHING)),
    "cfpd": _to(GARMENT, (label for label in CFPD if label not in _CFPD_NO_CLOTHING)),
    "modanet": _to(GARMENT, (label for label in MODANET if label not in _MODANET_NO_CLOTHING))
    | _to(BACKGROUND, _MODANET_NO_CLOTHING),
    "fashionpedia": _to(GARMENT, _PIECES) | _to(BACKGROUND, _CARRIED),
    "studio": {STUDIO_GARMENT: GARMENT},
}

# What the starter of several labels knows: what can be told in a few hundred photos, so shirts and
# sweaters are tops, and jackets and coats one. Co-Parsing's tags are chosen by what its annotators
# masked, not by the words: its suits are jackets, its vests mostly tops, its jumpers sweaters.
_HEMLINE_FROM_CCP: _Table = {
    **_to("hair", ("hair",)),
    **_to("skin", ("skin",)),
    **_to("top", ("t-shirt", "top", "vest", "bra", "intimate", "swimwear", "shirt", "blouse")),
    **_to("top", ("sweater", "sweatshirt", "hoodie", "cardigan", "jumper")),
    **_to("outerwear", ("jacket", "blazer", "suit", "coat", "cape")),
    **_to("dress", ("dress", "romper", "bodysuit")),
    **_to("skirt", ("skirt",)),
    **_to("trousers", ("pants", "jeans", "leggings")),
    **_to("shorts", ("shorts", "panties")),
    **_to("tights", ("tights", "stockings", "socks")),
    **_to("shoes", ("shoes", "boots", "clogs", "flats", "heels", "loafers", "pumps", "sandals")),
    **_to("shoes", ("sneakers", "wedges")),
    **_to("bag", ("bag", "purse", "wallet")),
    **_to("hat", ("hat",)),
    **_to("scarf", ("scarf", "tie")),
    **_to("belt", ("belt",)),
    **_to("glasses", ("glasses", "sunglasses")),
}
_HEMLINE = tuple(dict.fromkeys(_HEMLINE_FROM_CCP.values()))
_HEMLINE_FROM_STUDIO: _Table = {**_same(STUDIO), "coat": "outerwear"}

# iMaterialist and Fashionpedia have no body: what ATR calls hair, face, arms and legs has no shape
# there, nor have tights and socks here, which ATR draws as legs. So what no shape covers is ignored
# (ClassMap.unlabelled). Their shoes do not say which foot they are on: readers.shapes
# tells it by the side of the photo.
_ATR_FROM_FASHIONPEDIA: _Table = {
    **_to("upper-clothes", ("shirt, blouse", "top, t-shirt, sweatshirt", "sweater", "cardigan")),
    **_to("upper-clothes", ("jacket", "vest", "coat", "cape")),
    **_to("pants", ("pants", "shorts")),
    **_to("skirt", ("skirt",)),
    **_to("dress", ("dress", "jumpsuit")),
    **_to("hat", ("hat", "headband, head covering, hair accessory")),
    **_to("sunglasses", ("glasses",)),
    **_to("belt", ("belt",)),
    **_to("bag", ("bag, wallet",)),
    **_to("left-shoe", ("shoe",)),
    **_to("scarf", ("scarf",)),
    **_to(BACKGROUND, ("umbrella",)),
}

CLASS_LISTS: dict[str, ClassMap] = {
    item.name: item
    for item in (
        ClassMap(GARMENT, (GARMENT,), _GARMENT_TABLES),
        # The clothing of the report on ATR: neither shoes nor hat.
        ClassMap(
            "atr-binary",
            (GARMENT,),
            {"atr": _to(GARMENT, ("upper-clothes", "skirt", "pants", "dress", "belt", "scarf"))},
        ),
        ClassMap("atr-18", ATR, {"atr": _same(ATR), "fashionpedia": _ATR_FROM_FASHIONPEDIA}),
        ClassMap(
            "fashionpedia-13",
            FASHIONPEDIA_GROUPS,
            {"fashionpedia": _same(FASHIONPEDIA_GROUPS)},
        ),
        ClassMap("fashionpedia-46", FASHIONPEDIA, {"fashionpedia": _same(FASHIONPEDIA)}),
        ClassMap(
            "hemline-15",
            _HEMLINE,
            {"ccp": _HEMLINE_FROM_CCP, "studio": _HEMLINE_FROM_STUDIO},
        ),
        ClassMap("modanet-13", MODANET, {"modanet": _same(MODANET)}),
        ClassMap("ccp-59", CCP, {"ccp": _same(CCP)}),
        ClassMap("cfpd-23", CFPD, {"cfpd": _same(CFPD)}),
        ClassMap("lip-20", LIP, {"lip": _same(LIP)}),
        ClassMap("cihp-20", CIHP, {"cihp": _same(CIHP)}),
    )
}
