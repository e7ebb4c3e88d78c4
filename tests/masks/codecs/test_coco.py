"""COCO's masks against pycocotools."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as pycoco
from scipy import ndimage

from benchmarks.learning.polygons import mask_to_polygons
from hemline.errors import MaskError
from hemline.masks.codecs.coco import (
    decode_coco_rle,
    encode_coco_rle,
    outline_length,
    polygons_to_mask,
)

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))


@given(masks)
def test_decode_gives_back_what_was_encoded(mask):
    assert np.array_equal(decode_coco_rle(encode_coco_rle(mask)), mask)


@given(masks)
def test_area_is_that_of_pycocotools(mask):
    rle = encode_coco_rle(mask)
    assert rle["size"] == list(mask.shape)
    assert pycoco.area(rle) == mask.sum()


def test_reads_uncompressed_counts_by_column():
    mask = decode_coco_rle({"size": [2, 3], "counts": [1, 3, 2]})
    assert mask.tolist() == [[0, 1, 0], [1, 1, 0]]


def test_reads_long_runs():
    mask = np.zeros((700, 900), bool)
    mask[100:650, 50:850] = True
    mask[300:301, 300:302] = False
    assert np.array_equal(decode_coco_rle(encode_coco_rle(mask)), mask)


@pytest.mark.parametrize(
    "rle",
    [
        {},
        {"size": [2, 3]},
        {"size": [2, 3], "counts": [1, 3]},
        {"size": [2, 3], "counts": [7, -1]},
        {"size": [2, 3], "counts": [[6]]},
        {"size": [2, 3], "counts": None},
        {"size": [2, 3], "counts": "é"},
        {"size": [2, 3], "counts": "oooooooooooooooooooo"},
        {"size": [2, 3], "counts": "o"},
        {"size": [10**6, 10**6], "counts": [10**12]},
        {"size": [2], "counts": [2]},
        {"size": "23", "counts": [6.5]},
    ],
)
def test_broken_rle_is_an_error(rle):
    with pytest.raises(MaskError):
        decode_coco_rle(rle)


@given(st.text(st.characters(max_codepoint=127), max_size=30))
def test_garbage_is_a_mask_or_an_error(text):
    with contextlib.suppress(MaskError):
        assert decode_coco_rle({"size": [3, 4], "counts": text}).shape == (3, 4)


coordinates = st.floats(-20, 60, allow_nan=False)


@given(
    st.lists(
        st.lists(coordinates, min_size=6, max_size=12).filter(lambda p: len(p) % 2 == 0), max_size=4
    )
)
def test_polygons_fill_the_pixels_that_pycocotools_fills(polygons):
    mask = polygons_to_mask(polygons, 30, 40)
    expected = 0
    if polygons:
        expected = pycoco.area(pycoco.merge(pycoco.frPyObjects(polygons, 30, 40)))
    assert mask.shape == (30, 40)
    assert mask.sum() == expected


def test_polygon_of_a_box_fills_that_box():
    mask = polygons_to_mask([[2, 1, 5, 1, 5, 4, 2, 4]], 6, 8)
    expected = np.zeros((6, 8))
    expected[1:4, 2:5] = 1
    assert np.array_equal(mask, expected)


@pytest.mark.parametrize(
    "polygon",
    [
        [],
        [1, 2, 3, 4],
        [1, 2, 3, 4, 5],
        [1, 2, 3, 4, 5, "x"],
        [[1, 2], [3, 4], [5, 6]],
        [1, 2, 3, 4, 5, float("inf")],
    ],
)
def test_broken_polygons_are_errors(polygon):
    with pytest.raises(MaskError, match="polygon"):
        polygons_to_mask([polygon], 10, 10)


def test_a_polygon_far_off_the_photo_takes_no_time():
    mask = polygons_to_mask([[-1e9, -1e9, 1e9, -1e9, 1e9, 1e9, -1e9, 1e9]], 5, 6)
    assert mask.all()


@given(masks)
def test_polygons_of_a_mask_give_it_back_with_its_holes_filled(mask):
    back = polygons_to_mask(mask_to_polygons(mask), *mask.shape)
    assert np.array_equal(back, ndimage.binary_fill_holes(mask))


def test_polygons_lose_holes():
    mask = np.zeros((20, 20), bool)
    mask[3:17, 3:17] = True
    with_hole = mask.copy()
    with_hole[8:12, 8:12] = False
    assert mask_to_polygons(with_hole) == mask_to_polygons(mask)
    assert mask_to_polygons(np.zeros((5, 5), bool)) == []


def zigzag(points: int, size: int) -> list[float]:
    """Corner to corner, again and again."""
    ends = np.zeros((points, 2))
    ends[1::2] = size
    ends[:, 0] += np.arange(points) % 7
    return ends.ravel().tolist()


@pytest.mark.parametrize("points", [20_000, 1_000_000])
def test_an_outline_that_takes_too_long_to_fill_is_an_error(points):
    with pytest.raises(MaskError, match=f"{points} points is .* million px long"):
        polygons_to_mask([zigzag(points, 4000)], 4000, 4000)


def test_outlines_are_too_long_together():
    one = zigzag(600, 4000)
    assert outline_length(one, 4000, 4000) == pytest.approx(600 * 4000, rel=0.01)
    assert polygons_to_mask([zigzag(100, 4000)], 4000, 4000).any()
    with pytest.raises(MaskError, match="1200 points"):
        polygons_to_mask([one, one], 4000, 4000)


def test_a_number_that_no_float_holds_is_an_error():
    with pytest.raises(MaskError, match="not a number"):
        polygons_to_mask([[10**400, 1, 2, 3, 4, 5]], 10, 10)
