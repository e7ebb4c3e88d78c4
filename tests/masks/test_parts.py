"""The parts of a label that lie apart, and what becomes of islands that are too small."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from hemline.masks.parts import MOST_PARTS, split_parts


def shoes() -> np.ndarray:
    """(200, 300): a left and a right shoe."""
    inside = np.zeros((200, 300), dtype=bool)
    inside[100:150, 20:100] = True
    inside[90:150, 180:270] = True
    return inside


@given(arrays(bool, st.tuples(st.integers(1, 20), st.integers(1, 20))))
def test_parts_do_not_overlap_and_nothing_is_lost(inside: np.ndarray) -> None:
    parts = split_parts(inside)
    total = np.sum(parts, axis=0) if parts else np.zeros(inside.shape, dtype=int)
    assert np.array_equal(total, inside.astype(int))
    assert all(part.dtype == bool and part.any() for part in parts)
    real = ndimage.label(inside, np.ones((3, 3)))[1]
    assert len(parts) == min(real, MOST_PARTS)  # on a photo of this size no island is too small


def test_what_touches_at_a_corner_is_one_part() -> None:
    inside = np.zeros((4, 4), dtype=bool)
    inside[:2, :2] = inside[2:, 2:] = True
    assert len(split_parts(inside)) == 1


def test_the_order_is_from_the_top_then_from_the_left() -> None:
    right, left = split_parts(shoes())
    assert right[90, 180]
    assert left[100, 20]
    assert not right[:, :170].any()
    assert not left[:, 170:].any()


@pytest.mark.parametrize(("place", "part"), [((10, 290), 0), ((199, 2), 1)])
def test_a_speck_goes_with_the_nearest_part(place: tuple[int, int], part: int) -> None:
    inside = shoes()
    inside[place] = True
    parts = split_parts(inside)
    assert len(parts) == 2
    assert [bool(each[place]) for each in parts] == [part == 0, part == 1]


def test_a_speck_is_not_divided_between_two_parts() -> None:
    inside = shoes()
    inside[160, 135:145] = True  # in the middle of both
    assert [int(part[160].sum()) for part in split_parts(inside)] in ([10, 0], [0, 10])


def test_a_label_of_specks_alone_is_one_part() -> None:
    inside = np.zeros((2000, 2000), dtype=bool)
    inside[5, 5] = inside[1000:1002, 5] = True
    (part,) = split_parts(inside)
    assert np.array_equal(part, inside)


def test_the_smallest_of_very_many_go_with_their_neighbours() -> None:
    inside = np.zeros((200, 200), dtype=bool)
    inside[::10, ::10] = True
    inside[100:105, 100:105] = True
    parts = split_parts(inside)
    assert len(parts) == MOST_PARTS
    assert np.array_equal(np.sum(parts, axis=0), inside.astype(int))
    assert sum(bool(part[102, 102]) for part in parts) == 1
