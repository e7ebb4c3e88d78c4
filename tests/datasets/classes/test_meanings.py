"""Labels are matched by meaning: words of nine languages, parts and wholes, and nothing guessed."""

import random
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.datasets.classes.meanings import LabelMatch, class_names, match_labels
from hemline.datasets.classes.vocabularies import (
    ATR,
    CCP,
    CFPD,
    FASHIONPEDIA,
    FASHIONPEDIA_GROUPS,
    LIP,
    MODANET,
)

CLOTHES = {*class_names()} - {"hair", "skin", "bag", "glasses"}
_TABLE = Path("hemline/datasets/classes/meanings.toml")


def classes(*labels: str) -> dict[str, tuple[str, ...]]:
    """What each label got; those without are left out."""
    return {label: match.classes for label, match in match_labels(labels).items() if match.classes}


def entries() -> list[dict[str, object]]:
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return [*table["means"], *table["kind"], *table["untold"]]


WORDS = sorted(
    {
        word.strip()
        for entry in entries()
        for language, words in entry.items()
        if language not in ("classes", "of", "why")
        for word in str(words).split(",")
    }
)
ODD = [
    "zipper",
    "a/b",
    '"quoted" label',
    "👗",
    "👗 dress",
    "",
    " ",
    "x" * 300,
    "Größe",
    "2",
    "衣服",
]
LABELS = st.lists(
    st.one_of(st.sampled_from([*WORDS, *ODD, *CCP, *FASHIONPEDIA, *ATR]), st.text(max_size=20)),
    unique=True,
    max_size=60,
)


@given(LABELS, st.randoms(use_true_random=False))
def test_a_class_is_one_labels_alone_and_the_order_does_not_matter(
    labels: list[str], shuffle: random.Random
) -> None:
    found = match_labels(labels)
    assert list(found) == labels
    taken = [name for match in found.values() for name in match.classes]
    assert len(taken) == len(set(taken))
    assert set(taken) <= {*class_names()}
    assert all(bool(match.classes) != bool(match.why) for match in found.values())
    assert all(match.classes == _in_order(match.classes) for match in found.values())
    other = labels.copy()
    shuffle.shuffle(other)
    assert match_labels(other) == found


@given(LABELS, st.data())
def test_what_a_person_set_is_no_other_labels(labels: list[str], data: st.DataObject) -> None:
    if not labels:
        return
    label = data.draw(st.sampled_from(labels))
    names = data.draw(st.lists(st.sampled_from(class_names()), unique=True))
    found = match_labels(labels, {label: names})
    assert list(found) == [each for each in labels if each != label]
    assert not {name for match in found.values() for name in match.classes} & {*names}


@given(st.lists(st.text(alphabet="qxzjkw0123456789#'\"/\\👗 ", max_size=12), unique=True))
def test_unknown_labels_have_nothing(labels: list[str]) -> None:
    assert all(not match.classes and match.why for match in match_labels(labels).values())


def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in class_names() if name in names)


def test_no_word_means_two_things_in_one_language() -> None:
    seen: dict[tuple[str, str], object] = {}
    for entry in entries():
        for language, words in entry.items():
            if language in ("classes", "of", "why"):
                continue
            for word in str(words).split(","):
                key = language, word.strip().casefold()
                assert key not in seen, f"{key} is in {seen.get(key)} and {entry}"
                seen[key] = entry


def test_every_class_is_known_by_its_own_name() -> None:
    assert classes(*class_names()) == {name: (name,) for name in class_names()}


@pytest.mark.parametrize(
    "trousers",
    [
        *("trousers", "Trousers", "pants", "PANTS", "slacks", "Hose", "Hosen", "pantalon"),
        *("pantalones", "pantalón", "pantaloni", "broek", "spodnie", "calças", "calça"),
        *("1. trousers", "02_pants", "👖 pants", "'pants'", "jeans", "Jeans", "leggings"),
        *("spijkerbroek", "dżinsy"),
    ],
)
def test_trousers_in_nine_languages(trousers: str) -> None:
    assert classes(trousers, "zipper") == {trousers: ("trousers",)}


@pytest.mark.parametrize(
    "label", ["T-Shirt", "tshirt", "t_shirt", "tee shirt", "Tee-Shirts", "T SHIRTS", "koszulka"]
)
def test_one_word_is_written_in_many_ways(label: str) -> None:
    assert classes(label) == {label: ("top",)}


@pytest.mark.parametrize(
    ("label", "name"),
    [
        *(("Gürtel", "belt"), ("guertel", "belt"), ("GURTEL", "belt"), ("Röcke", "skirt")),
        *(
            ("écharpe", "scarf"),
            ("echarpe", "scarf"),
            ("płaszcz", "outerwear"),
            ("plaszcz", "outerwear"),
        ),
        *(("Schuhe", "shoes"), ("scarpe", "shoes"), ("zapatos", "shoes"), ("schoenen", "shoes")),
        *(("buty", "shoes"), ("sapatos", "shoes"), ("chaussures", "shoes"), ("vestido", "dress")),
        *(("sukienka", "dress"), ("jurken", "dress"), ("Kleid", "dress"), ("sac à main", "bag")),
        *(("óculos", "glasses"), ("włosy", "hair"), ("Strumpfhose", "tights"), ("abito", "dress")),
    ],
)
def test_words_with_and_without_their_accents(label: str, name: str) -> None:
    assert classes(label) == {label: (name,)}


def test_parts_leave_the_whole_what_they_do_not_take() -> None:
    assert classes("upper body", "jacket") == {"upper body": ("top",), "jacket": ("outerwear",)}
    assert classes("upper-clothes", "scarf")["upper-clothes"] == ("top", "outerwear")
    assert set(classes("garment", "shoes", "bag")["garment"]) == CLOTHES - {"shoes"}
    assert classes("top", "trousers", "skirt", "dress", "outerwear", "shoes") == {
        "top": ("top",),
        "trousers": ("trousers",),
        "skirt": ("skirt",),
        "dress": ("dress",),
        "outerwear": ("outerwear",),
        "shoes": ("shoes",),
    }


def test_what_the_starter_cannot_tell_apart_is_not_guessed() -> None:
    found = match_labels(["jeans", "trousers"])
    assert found["trousers"] == LabelMatch(("trousers",))
    assert found["jeans"] == LabelMatch((), "the starter cannot tell it from 'trousers'")
    assert classes("jeans", "dress") == {"jeans": ("trousers",), "dress": ("dress",)}
    assert classes("jeans", "leggings") == {}
    assert classes("trousers", "pants", "lower body") == {"lower body": ("skirt", "shorts")}
    assert classes("jacket", "coat", "dress") == {"dress": ("dress",)}
    assert classes("shirt", "sweater") == {}
    assert classes("Dress", "dress") == {}
    assert classes("left-shoe", "right-shoe") == {}
    assert classes("face", "left-arm", "right-leg") == {}
    assert classes("t-shirt", "upper body")["upper body"][0] == "top"


@pytest.mark.parametrize(
    "label",
    [
        *("collar", "sleeves", "pocket", "zipper", "Reißverschluss", "poche", "dress code"),
        *("no dress", "dress / code", "head", "others", "bra", "wallet", "watch", "mask"),
        *("object", "background"),
    ],
)
def test_what_is_no_garment_of_the_starters_opens_empty(label: str) -> None:
    assert classes(label) == {}


def test_a_label_of_two_words_has_both() -> None:
    assert classes("scarf & tie", "bag, wallet", "shoes and boots", "Rock oder Hose") == {
        "scarf & tie": ("scarf",),
        "bag, wallet": ("bag",),
        "shoes and boots": ("shoes",),
        "Rock oder Hose": ("skirt", "trousers"),
    }
    assert classes("dress_or_skirt", "tights/stockings") == {
        "dress_or_skirt": ("dress", "skirt"),
        "tights/stockings": ("tights",),
    }


def test_the_other_labels_say_which_language_a_word_is_in() -> None:
    assert classes("Haut", "Kleid")["Haut"] == ("skin",)
    assert classes("haut", "jupe")["haut"] == ("top",)
    assert "haut" not in classes("haut", "jeans")
    assert classes("robe", "pantalon")["robe"] == ("dress",)
    assert "robe" not in classes("robe", "trousers")
    assert classes("vest", "trousers")["vest"] == ("top",)


def test_published_vocabularies() -> None:
    atr = classes(*ATR)
    assert atr["upper-clothes"] == ("top", "outerwear")
    assert {*atr} == {
        *("hat", "hair", "sunglasses", "upper-clothes", "skirt", "pants", "dress", "belt", "bag"),
        "scarf",
    }
    lip = classes(*LIP)
    assert (lip["coat"], lip["upper-clothes"], lip["socks"]) == (
        *(("outerwear",), ("top",), ("tights",)),
    )
    assert "jumpsuits" not in lip
    modanet = classes(*MODANET)
    assert {*MODANET} - {*modanet} == {"boots"}
    assert (modanet["outer"], modanet["top"]) == (("outerwear",), ("top",))
    fashionpedia = classes(*FASHIONPEDIA)
    assert fashionpedia["tights, stockings"] == ("tights",)
    assert fashionpedia["top, t-shirt, sweatshirt"] == ("top",)
    assert not {"shirt, blouse", "sweater", "jacket", "coat"} & {*fashionpedia}
    assert not {"sleeve", "zipper", "umbrella", "cape", "tie", "sock"} & {*fashionpedia}
    groups = classes(*FASHIONPEDIA_GROUPS)
    assert groups["lowerbody"] == ("skirt", "trousers", "shorts")
    assert groups["wholebody"] == ("dress",)
    assert groups["upperbody"] == ("top", "outerwear")
    assert "T-shirt" not in classes(*CFPD)  # nor its blouses and sweaters
    ccp = classes(*CCP)
    assert ccp["pants"] == ("trousers",)
    assert {name: (name,) for name in ccp if name != "pants"} | {"pants": ("trousers",)} == ccp
    assert {*class_names()} - {name for names in ccp.values() for name in names} == {"outerwear"}
    deep_fashion = classes("short sleeve top", "long sleeve top", "shorts", "trousers", "skirt")
    assert {*deep_fashion} == {"shorts", "trousers", "skirt"}


def test_sixty_labels_keep_their_places() -> None:
    labels = [f"part {number}" for number in range(59)] + ["dress"]
    assert classes(*labels) == {"dress": ("dress",)}
    assert list(match_labels(labels)) == labels
