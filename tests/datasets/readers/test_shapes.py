"""Shapes painted into one mask: order, background, left and right, size."""

import numpy as np
import pytest

from hemline.datasets.classes.vocabularies import ATR
from hemline.datasets.readers.shapes import fit_to_photo, paint_shapes
from hemline.datasets.sample import swap_pairs
from hemline.errors import DatasetError


def box(top, left, bottom, right, size=(20, 30)):
    mask = np.zeros(size, dtype=np.uint8)
    mask[top:bottom, left:right] = 1
    return mask


def test_small_pieces_lie_on_large_ones_in_any_order():
    coat, pocket = ("coat", box(0, 0, 20, 20)), ("pocket", box(5, 5, 8, 8))
    for order in ([coat, pocket], [pocket, coat]):
        mask = paint_shapes(order, {"coat": 1, "pocket": 2}, ("coat", "pocket"), 20, 30)
        assert (mask == 2).sum() == 9
        assert (mask == 1).sum() == 400 - 9


def test_a_label_nobody_asks_for_leaves_what_is_below_and_background_covers_it():
    shapes = [("coat", box(0, 0, 20, 20)), ("pocket", box(5, 5, 8, 8)), ("bag", box(10, 0, 12, 9))]
    mask = paint_shapes(shapes, {"coat": 1, "bag": 0}, ("coat",), 20, 30)
    assert (mask == 1).sum() == 400 - 18


def test_an_empty_shape_paints_nothing():
    assert not paint_shapes([("coat", box(3, 3, 3, 3))], {"coat": 1}, ("coat",), 20, 30).any()


def test_one_class_of_shoes_becomes_left_and_right_by_where_it_is():
    left, right = ATR.index("left-shoe") + 1, ATR.index("right-shoe") + 1
    shapes = [
        ("dress", box(0, 10, 10, 20)),
        ("shoe", box(15, 11, 18, 13)),  # their right, for they look at us
        ("shoe", box(15, 17, 18, 19)),
    ]
    for given in (shapes, [shapes[0], ("shoe", shapes[1][1] | shapes[2][1])]):
        mask = paint_shapes(given, {"dress": 7, "shoe": left}, ATR, 20, 30)
        assert set(np.unique(mask[15:18, 11:13])) == {right}
        assert set(np.unique(mask[15:18, 17:19])) == {left}
    assert (left, right) in swap_pairs(ATR)


def test_sides_that_the_source_tells_are_kept():
    shapes = [("l", box(0, 0, 5, 5)), ("r", box(0, 20, 5, 25))]
    mask = paint_shapes(shapes, {"l": 1, "r": 2}, ("left-shoe", "right-shoe"), 20, 30)
    assert mask[0, 0] == 1
    assert mask[0, 20] == 2


@pytest.mark.parametrize("size", [(200, 300), (40, 60), (10, 15), (13, 20), (667, 1000)])
def test_a_scaled_photo_gets_a_scaled_mask(size):
    mask = fit_to_photo(box(0, 0, 10, 15), np.zeros((*size, 3), np.uint8), "a.jpg")
    assert mask.shape == size
    assert set(np.unique(mask)) == {0, 1}
    assert abs(mask.mean() - 0.25) < 0.05


def test_scaling_keeps_class_ids():
    mask = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert (fit_to_photo(mask, np.zeros((4, 6, 3), np.uint8), "a")[::2, ::2] == mask).all()


@pytest.mark.parametrize("size", [(30, 20), (20, 32), (200, 320), (20, 20)])
def test_a_photo_of_another_shape_is_refused(size):
    with pytest.raises(DatasetError, match=r"'a.jpg' is .* but was annotated at 30 x 20"):
        fit_to_photo(box(0, 0, 1, 1), np.zeros((*size, 3), np.uint8), "a.jpg")
