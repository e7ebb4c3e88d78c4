"""Rectangles and ellipses in percent, against the corners and the formula worked out otherwise."""

import cv2
import numpy as np
import pytest

from hemline.masks.codecs.percent_shapes import ellipse_to_mask, rectangle_to_mask

H, W = 120, 80


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def test_a_rectangle_has_the_pixels_whose_centre_is_inside():
    mask = rectangle_to_mask({"x": 12, "y": 17, "width": 62, "height": 58}, H, W)
    expected = np.zeros((H, W), bool)
    expected[20:90, 10:59] = True
    assert np.array_equal(mask, expected)


def test_a_quarter_turn_is_exact():
    """About the top left corner, clockwise: what lay to the right of it lies below it."""
    turned = {"x": 50, "y": 25, "width": 40, "height": 10, "rotation": 90}
    expected = np.zeros((H, W), bool)
    expected[30:62, 28:40] = True
    assert np.array_equal(rectangle_to_mask(turned, H, W), expected)


@pytest.mark.parametrize("degrees", [30, -30, 200, 359])
def test_a_turned_rectangle_is_the_polygon_of_its_corners(degrees):
    value = {"x": 45, "y": 40, "width": 40, "height": 30, "rotation": degrees}
    angle = np.radians(degrees)
    along = np.array([np.cos(angle), np.sin(angle)]) * 0.40 * W
    across = np.array([-np.sin(angle), np.cos(angle)]) * 0.30 * H
    corner = np.array([0.45 * W, 0.40 * H])
    corners = np.array([corner, corner + along, corner + along + across, corner + across])
    fine = np.zeros((H * 8, W * 8), np.uint8)
    cv2.fillPoly(fine, [np.round(corners * 8).astype(np.int32)], 1)
    covered = fine.reshape(H, 8, W, 8).mean(axis=(1, 3)) > 0.5
    assert overlap(rectangle_to_mask(value, H, W), covered) > 0.97


@pytest.mark.parametrize("degrees", [0, 40, 90])
@pytest.mark.parametrize("centre", [(50, 50), (100, 0), (-5, 60)])
def test_an_ellipse_may_be_turned_and_leave_the_photo(degrees, centre):
    x, y = centre[0] * W / 100, centre[1] * H / 100
    value = {"x": centre[0], "y": centre[1], "radiusX": 30, "radiusY": 10, "rotation": degrees}
    fine = np.zeros((H * 8, W * 8), np.uint8)
    axes = (round(0.30 * W * 8), round(0.10 * H * 8))
    cv2.ellipse(fine, (round(x * 8), round(y * 8)), axes, degrees, 0, 360, 1, -1)
    covered = fine.reshape(H, 8, W, 8).mean(axis=(1, 3)) > 0.5
    assert overlap(ellipse_to_mask(value, H, W), covered) > 0.95
