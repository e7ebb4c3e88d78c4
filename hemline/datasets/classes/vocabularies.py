"""The classes of the published data sets, in the order of their ids; background is left out."""

CCP = (
    *("accessories", "bag", "belt", "blazer", "blouse", "bodysuit", "boots", "bra", "bracelet"),
    *("cape", "cardigan", "clogs", "coat", "dress", "earrings", "flats", "glasses", "gloves"),
    *("hair", "hat", "heels", "hoodie", "intimate", "jacket", "jeans", "jumper", "leggings"),
    *("loafers", "necklace", "panties", "pants", "pumps", "purse", "ring", "romper", "sandals"),
    *("scarf", "shirt", "shoes", "shorts", "skin", "skirt", "sneakers", "socks", "stockings"),
    *("suit", "sunglasses", "sweater", "sweatshirt", "swimwear", "t-shirt", "tie", "tights"),
    *("top", "vest", "wallet", "watch", "wedges"),
)

ATR = (
    *("hat", "hair", "sunglasses", "upper-clothes", "skirt", "pants", "dress", "belt"),
    *("left-shoe", "right-shoe", "face", "left-leg", "right-leg", "left-arm", "right-arm"),
    *("bag", "scarf"),
)

_LIP_BEFORE = (
    *("hat", "hair", "glove", "sunglasses", "upper-clothes", "dress", "coat", "socks", "pants"),
)
_LIP_AFTER = (
    *("scarf", "skirt", "face", "left-arm", "right-arm", "left-leg", "right-leg"),
    *("left-shoe", "right-shoe"),
)
LIP = (*_LIP_BEFORE, "jumpsuits", *_LIP_AFTER)
CIHP = (*_LIP_BEFORE, "torso-skin", *_LIP_AFTER)

MODANET = (
    *("bag", "belt", "boots", "footwear", "outer", "dress", "sunglasses", "pants", "top"),
    *("shorts", "skirt", "headwear", "scarf & tie"),
)

CFPD = (
    *("T-shirt", "bag", "belt", "blazer", "blouse", "coat", "dress", "face", "hair", "hat"),
    *("jeans", "legging", "pants", "scarf", "shoe", "shorts", "skin", "skirt", "socks"),
    *("stocking", "sunglass", "sweater"),
)

# Fashionpedia's and iMaterialist's; id 0 is the first of them, not the background.
_GROUPED = (
    ("upperbody", ("shirt, blouse", "top, t-shirt, sweatshirt", "sweater", "cardigan")),
    ("upperbody", ("jacket", "vest")),
    ("lowerbody", ("pants", "shorts", "skirt")),
    ("wholebody", ("coat", "dress", "jumpsuit", "cape")),
    ("head", ("glasses", "hat", "headband, head covering, hair accessory")),
    ("neck", ("tie",)),
    ("arms and hands", ("glove", "watch")),
    ("waist", ("belt",)),
    ("legs and feet", ("leg warmer", "tights, stockings", "sock", "shoe")),
    ("others", ("bag, wallet", "scarf", "umbrella")),
    ("garment parts", ("hood", "collar", "lapel", "epaulette", "sleeve", "pocket", "neckline")),
    ("closures", ("buckle", "zipper")),
    ("decorations", ("applique", "bead", "bow", "flower", "fringe", "ribbon", "rivet")),
    ("decorations", ("ruffle", "sequin", "tassel")),
)
FASHIONPEDIA = tuple(label for _, labels in _GROUPED for label in labels)
FASHIONPEDIA_GROUP = {label: group for group, labels in _GROUPED for label in labels}
# In the order of the report that trained on them.
FASHIONPEDIA_GROUPS = (
    *("closures", "upperbody", "head", "legs and feet", "garment parts", "arms and hands"),
    *("decorations", "neck", "others", "lowerbody", "waist", "wholebody"),
)

# What a drawn scene shows, by the type of its garment. All of its types are "garment" too.
STUDIO_GARMENT = "garment"
STUDIO_TYPES = ("top", "dress", "trousers", "skirt", "coat")
STUDIO = (*STUDIO_TYPES, "hair", "skin", "shoes")
