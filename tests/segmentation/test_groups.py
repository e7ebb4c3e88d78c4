"""Groups of channels: what a card may say, and what a parent's become for other labels."""

import pytest

from hemline.segmentation.groups import Groups, plain_groups, read_groups, regroup


def test_the_background_is_all_that_no_label_has():
    assert Groups(6, ((2, 4), ())).background == (0, 1, 3, 5)
    assert plain_groups(2) == Groups(3, ((1,), (2,)))


def test_a_card_without_groups_has_none():
    assert read_groups(None, 3) is None
    assert read_groups({"channels": 4, "of_labels": [[1, 3], []]}, 2) == Groups(4, ((1, 3), ()))


@pytest.mark.parametrize(
    "value",
    [
        {"channels": 4, "of_labels": [[1], [1]]},
        {"channels": 4, "of_labels": [[0], [1]]},
        {"channels": 4, "of_labels": [[4], [1]]},
        {"channels": 4, "of_labels": [[-1], [1]]},
        {"channels": 4, "of_labels": [[True], [2]]},
        {"channels": 4, "of_labels": [["1"], [2]]},
        {"channels": 4, "of_labels": [[1]]},
        {"channels": 10**9, "of_labels": [[1], [2]]},
        {"channels": 1, "of_labels": [[], []]},
        {"channels": 2.0, "of_labels": [[1], []]},
        {"channels": 4, "of_labels": 7},
        {"channels": 4},
        {},
        [],
        "groups",
    ],
)
def test_groups_that_are_not_sound_are_refused(value):
    with pytest.raises((ValueError, TypeError, KeyError)):
        read_groups(value, 2)


def test_labels_keep_their_channels_by_name_and_new_ones_get_one():
    parent = {"top": (1, 2), "dress": (4,), "bag": ()}
    found = regroup(parent, 6, ("dress", "hat", "bag", "top"), (1000, 1, 100, 200, 1))
    assert found is not None
    assert found.groups == Groups(8, ((4,), (6,), (7,), (1, 2)))
    assert found.groups.background == (0, 3, 5)
    assert found.fresh == (2, 3)


def test_a_label_without_a_pixel_gets_no_channel():
    found = regroup({"top": (1,)}, 2, ("top", "hat"), (1000, 50, 0))
    assert found is not None
    assert found.groups == Groups(2, ((1,), ()))
    assert found.fresh == ()


def test_a_parent_of_other_labels_gives_nothing():
    assert regroup({"top": (1,), "bag": ()}, 2, ("skirt", "bag"), (1, 1, 1)) is None
