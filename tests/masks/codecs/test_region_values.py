"""Masks as the values of regions, and read back: exactly, or within what is said of polygons."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hemline.masks.codecs.region import POLYGON_TOLERANCE_PX, region_to_mask, region_values

masks = hnp.arrays(
    np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=24), elements=st.booleans()
)


def read(values, control, height, width):
    mask = np.zeros((height, width), dtype=bool)
    for value in values:
        mask |= region_to_mask({"type": f"{control}labels", "value": value}, height, width)
    return mask


def from_edge(mask):
    """How far the centre of each pixel is from the nearest one on the mask's other side."""
    padded = np.pad(mask, 1).astype(np.uint8)
    inside, outside = (
        cv2.distanceTransform(side, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        for side in (padded, 1 - padded)
    )
    return np.where(padded, inside, outside)[1:-1, 1:-1]


@given(masks, st.sampled_from(["brush", "bitmask"]))
def test_pixels_are_read_back_exactly(mask, control):
    values = region_values(mask, control)
    assert len(values) == 1
    assert np.array_equal(read(values, control, *mask.shape), mask)


@given(masks)
def test_polygons_change_pixels_at_the_edge_alone(mask):
    # Each of them can be read, or the whole annotation would be left out.
    after = read(region_values(mask, "polygon"), "polygon", *mask.shape)
    changed = after != mask
    if changed.any():
        assert from_edge(mask)[changed].max() <= POLYGON_TOLERANCE_PX


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 6))
def test_polygons_of_round_shapes_change_pixels_at_the_edge_alone(seed, softness):
    noise = np.random.default_rng(seed).random((70, 90), dtype=np.float32)
    mask = cv2.GaussianBlur(noise, (0, 0), softness) > 0.5
    after = read(region_values(mask, "polygon"), "polygon", *mask.shape)
    changed = after != mask
    assert changed.mean() < 0.5
    if changed.any():
        assert from_edge(mask)[changed].max() <= POLYGON_TOLERANCE_PX


def test_a_hole_stays_a_hole_and_each_island_is_a_polygon():
    mask = np.zeros((60, 80), dtype=bool)
    mask[5:40, 5:45] = True
    mask[15:25, 15:30] = False
    mask[28:33, 35:40] = False
    mask[45:55, 60:75] = True
    values = region_values(mask, "polygon")
    assert len(values) == 2
    assert all(value["closed"] for value in values)
    assert np.array_equal(read(values, "polygon", 60, 80), mask)


def test_a_hole_is_empty_by_either_rule_of_filling():
    """Browsers fill by the winding number, Hemline by even and odd."""
    mask = np.zeros((60, 80), dtype=bool)
    mask[5:40, 5:45] = True
    mask[15:25, 15:30] = False
    (value,) = region_values(mask, "polygon")
    points = np.array(value["points"]) * (0.8, 0.6)
    assert _winding(points, x=22.5, y=20.5) == 0
    assert abs(_winding(points, x=10.5, y=10.5)) == 1


def _winding(points, *, x, y):
    angles = np.unwrap(np.arctan2(*(np.vstack([points, points[:1]]) - (x, y)).T[::-1]))
    return round((angles[-1] - angles[0]) / (2 * np.pi))


def test_what_is_too_thin_for_a_polygon_is_left_out():
    mask = np.zeros((20, 20), dtype=bool)
    mask[10, 10] = True
    assert region_values(mask, "polygon") == []
    assert region_values(np.zeros((3, 4), dtype=bool), "polygon") == []


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1)])
def test_a_mask_of_the_whole_photo(size):
    mask = np.ones(size, dtype=bool)
    for control in ("brush", "bitmask"):
        assert np.array_equal(read(region_values(mask, control), control, *size), mask)
