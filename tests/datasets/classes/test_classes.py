"""Class lists and tables: what becomes what, and what a data set lacks."""

import pytest

from hemline.datasets.classes.class_lists import CLASS_LISTS, class_map
from hemline.datasets.classes.classes import (
    BACKGROUND,
    ClassMap,
    Vocabulary,
    class_table,
    id_table,
    merge_classes,
    own_classes,
)
from hemline.datasets.classes.vocabularies import (
    ATR,
    CCP,
    CFPD,
    CIHP,
    FASHIONPEDIA,
    FASHIONPEDIA_GROUP,
    LIP,
    MODANET,
    STUDIO,
    STUDIO_GARMENT,
    STUDIO_TYPES,
)
from hemline.datasets.sample import swap_pairs
from hemline.errors import DatasetError
from hemline.masks.figures.overlap import IGNORE

VOCABULARIES = {
    "atr": Vocabulary("atr", ATR),
    "ccp": Vocabulary("ccp", CCP),
    "cfpd": Vocabulary("cfpd", CFPD),
    "cihp": Vocabulary("cihp", CIHP),
    "fashionpedia": Vocabulary("fashionpedia", FASHIONPEDIA, FASHIONPEDIA_GROUP),
    "lip": Vocabulary("lip", LIP),
    "modanet": Vocabulary("modanet", MODANET),
    "studio": Vocabulary("studio", STUDIO, dict.fromkeys(STUDIO_TYPES, STUDIO_GARMENT)),
}
COLOURS = Vocabulary("paint", ("red", "blue", "teal"), {"blue": "cold", "teal": "cold"})


@pytest.mark.parametrize("name", sorted(CLASS_LISTS))
def test_a_list_names_only_classes_that_its_data_has_and_uses_each_label(name):
    classes = CLASS_LISTS[name]
    assert len(set(classes.labels)) == len(classes.labels)
    for source in classes.tables:
        ids = classes.ids(VOCABULARIES[source])
        if source == name.split("-")[0]:
            assert {*range(1, len(classes.labels) + 1)} <= {*ids.values(), 0}


@pytest.mark.parametrize(
    ("name", "source", "count"),
    [
        ("garment", "ccp", 45),
        ("atr-binary", "atr", 6),
        ("atr-18", "atr", 17),
        ("fashionpedia-13", "fashionpedia", 46),
        ("modanet-13", "modanet", 13),
        ("hemline-15", "ccp", 51),
        ("hemline-15", "studio", 8),
    ],
)
def test_so_many_classes_become_a_label(name, source, count):
    ids = class_map(name).ids(VOCABULARIES[source])
    assert sum(target > 0 for target in ids.values()) == count


def test_atr_18_keeps_atrs_ids():
    assert list(class_map("atr-18").ids(VOCABULARIES["atr"]).values()) == list(range(1, 18))


def test_fashionpedia_13_goes_by_the_supercategory():
    classes = class_map("fashionpedia-13")
    ids = classes.ids(VOCABULARIES["fashionpedia"])
    assert classes.labels[ids["cape"] - 1] == "wholebody"
    assert classes.labels[ids["zipper"] - 1] == "closures"


def test_a_table_takes_classes_groups_and_background():
    classes = class_table({"warm": ["red"], "background": ["teal"], "cool": ["cold"]})
    assert classes.labels == ("warm", "cool")
    assert classes.ids(COLOURS) == {"red": 1, "blue": 2, "teal": 0}
    assert id_table(classes, COLOURS)[:5].tolist() == [0, 1, 2, 0, 0]


@pytest.mark.parametrize("name", sorted(CLASS_LISTS))
def test_what_no_class_has_is_background_where_the_data_can_tell_every_label(name):
    for source in CLASS_LISTS[name].tables:
        is_partial = (name, source) in {
            ("atr-18", "fashionpedia"),  # no hair, face, arms and legs
            ("hemline-15", "studio"),  # no bags and hats
        }
        assert CLASS_LISTS[name].unlabelled(VOCABULARIES[source]) == (IGNORE if is_partial else 0)


def test_of_data_that_cannot_tell_a_label_only_what_it_calls_background_is_background():
    classes = ClassMap("paints", ("warm", "green"), {"paint": {"red": "warm", "blue": BACKGROUND}})
    assert classes.unlabelled(COLOURS) == IGNORE
    assert id_table(classes, COLOURS)[:4].tolist() == [IGNORE, 1, 0, IGNORE]


def test_one_side_of_two_is_enough_for_the_sides_are_told_by_where_they_are():
    table = {"red": "left-shoe", "blue": "hat"}
    sides = ClassMap("sides", ("left-shoe", "right-shoe", "hat"), {"paint": table})
    assert sides.unlabelled(COLOURS) == 0
    other = ClassMap("sides", ("left-shoe", "right-shoe", "hat"), {"paint": {"red": "left-shoe"}})
    assert other.unlabelled(COLOURS) == IGNORE


def test_a_class_the_table_leaves_out_has_no_id():
    assert class_table({"warm": ["red"]}).ids(COLOURS) == {"red": 1}


def test_own_classes():
    classes = own_classes(COLOURS)
    assert classes.labels == COLOURS.labels
    assert classes.ids(COLOURS) == {"red": 1, "blue": 2, "teal": 3}


def test_a_list_fits_any_data_that_has_its_labels():
    export = Vocabulary("labelstudio", ("skin", "garment"))
    assert class_map().ids(export) == {"garment": 1}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: class_map("atr-19"), "unknown class list 'atr-19'"),
        (lambda: class_table({}), "has 0 labels"),
        (lambda: class_table({"background": ["red"]}), "has 0 labels"),
        (lambda: class_table({"a": []}), "label 'a' has no classes"),
        (lambda: class_table({"a": ["red"], "b": ["red"]}), "'red' is in both 'a' and 'b'"),
        (
            lambda: class_table({"a": ["rde"]}).ids(COLOURS),
            "'rde', which the paint data does not have",
        ),
        (lambda: class_map("modanet-13").ids(COLOURS), "'bag', which the paint data does not have"),
    ],
)
def test_what_does_not_fit_says_so(make, message):
    with pytest.raises(DatasetError, match=message):
        make()


@pytest.mark.parametrize(
    ("labels", "pairs"),
    [
        (ATR, ((9, 10), (12, 13), (14, 15))),
        (LIP, ((14, 15), (16, 17), (18, 19))),
        (CIHP, ((14, 15), (16, 17), (18, 19))),
        (("Right sleeve", "coat", "Left sleeve"), ((3, 1),)),
        (("left_cuff", "right_cuff"), ((1, 2),)),
        (("left-over", "cleft", "cright", "leftover"), ()),
        (("garment",), ()),
    ],
)
def test_left_and_right_labels_are_paired(labels, pairs):
    assert swap_pairs(labels) == pairs


def test_merged_labels_are_unions_and_the_rest_is_background():
    merged = merge_classes(class_map("hemline-15"), {"legs": ["skirt", "trousers"], "hat": ["hat"]})
    assert merged.labels == ("legs", "hat")
    ids = merged.ids(VOCABULARIES["ccp"])
    assert {name for name, k in ids.items() if k == 1} == {"skirt", "pants", "jeans", "leggings"}
    assert (ids["hat"], ids["dress"]) == (2, 0)
    assert merged.unlabelled(VOCABULARIES["ccp"]) == 0
    assert merged.unlabelled(VOCABULARIES["studio"]) == IGNORE  # it has no hats
    with pytest.raises(DatasetError, match="'legs' asks for the class 'cape', which hemline-15"):
        merge_classes(class_map("hemline-15"), {"legs": ["cape"]})
