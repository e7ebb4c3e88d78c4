"""Boundary figures against MONAI, scipy and plain definitions, and conventions for empty masks."""

from unittest import mock

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.surface_distance import compute_average_surface_distance
from scipy import ndimage
from scipy.spatial.distance import cdist

from hemline.errors import MaskError
from hemline.masks.figures import boundary
from hemline.masks.figures.boundary import (
    assd,
    boundary_f,
    boundary_figures,
    boundary_iou,
    hd95,
    outline_agreement,
)

# MONAI 1.6 calls a part of its own with an argument that it has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")


@st.composite
def pairs(draw, *, filled=True):
    """Two masks of one size, in blocks so that they have an inside."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=8))
    scale = draw(st.integers(1, 4))
    masks = []
    for _ in range(2):
        mask = draw(hnp.arrays(bool, shape))
        if filled and not mask.any():
            mask[draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))] = True
        masks.append(np.kron(mask, np.ones((scale, scale), bool)))
    return tuple(masks)


def edge_points(mask):
    return np.argwhere(mask & ~ndimage.binary_erosion(mask))


def as_monai(mask):
    return torch.from_numpy(mask)[None, None].float()


@given(pairs())
def test_hd95_is_that_of_monai(pair):
    a, b = pair
    theirs = compute_hausdorff_distance(
        as_monai(a), as_monai(b), include_background=True, percentile=95
    )
    assert hd95(a, b) == pytest.approx(float(theirs), abs=1e-4)


@given(pairs())
def test_assd_is_that_of_monai(pair):
    a, b = pair
    theirs = compute_average_surface_distance(
        as_monai(a), as_monai(b), include_background=True, symmetric=True
    )
    assert assd(a, b) == pytest.approx(float(theirs), abs=1e-4)


@given(pairs(), st.sampled_from([0, 1, 1.5, 3]))
def test_boundary_f_by_its_definition(pair, tolerance):
    distances = cdist(*map(edge_points, pair))
    near_b, near_a = ((distances.min(axis=axis) <= tolerance).mean() for axis in (1, 0))
    expected = 2 * near_a * near_b / (near_a + near_b) if near_a + near_b else 0
    with mock.patch.object(boundary, "TOLERANCE_PX", tolerance):
        assert boundary_f(*pair) == pytest.approx(expected)


def margin(mask, width):
    return mask & ~ndimage.binary_erosion(mask, np.ones((3, 3)), iterations=width)


@given(pairs(filled=False))
def test_boundary_iou_by_its_definition(pair):
    width = max(1, round(0.02 * np.hypot(*pair[0].shape)))
    a, b = (margin(mask, width) for mask in pair)
    expected = (a & b).sum() / (a | b).sum() if (a | b).any() else 1
    assert boundary_iou(*pair) == pytest.approx(expected)


def test_boundary_iou_of_a_large_photo():
    a = np.zeros((900, 700), np.uint8)
    cv2.ellipse(a, (350, 450), (200, 380), 10, 0, 360, 1, -1)
    b = np.roll(a, 4, axis=1)
    width = round(0.02 * np.hypot(900, 700))
    expected_a, expected_b = margin(a != 0, width), margin(b != 0, width)
    expected = (expected_a & expected_b).sum() / (expected_a | expected_b).sum()
    assert boundary_iou(a, b) == pytest.approx(expected)


@given(pairs(filled=False))
def test_figures_do_not_mind_the_order_and_equal_masks_agree(pair):
    a, b = pair
    for figure in (boundary_iou, boundary_f, hd95, assd):
        assert figure(a, b) == pytest.approx(figure(b, a))
    assert boundary_iou(a, a) == boundary_f(a, a) == 1
    assert hd95(a, a) == assd(a, a) == 0


def test_a_shift_of_a_box_is_its_distance():
    a, b = np.zeros((100, 100), np.uint8), np.zeros((100, 100), np.uint8)
    a[10:90, 20:30], b[10:90, 25:35] = 1, 1
    assert hd95(a, b) == 5
    with mock.patch.object(boundary, "TOLERANCE_PX", 5):
        assert boundary_f(a, b) == 1
    assert boundary_f(a, b) < 0.6
    assert 2 < assd(a, b) < 5


def test_the_photos_border_is_an_edge():
    a, b = np.ones((50, 50), bool), np.ones((50, 50), bool)
    b[:, 40:] = False
    assert 9 < hd95(a, b) <= 10
    assert boundary_f(a, b) < 1


def test_empty_masks():
    empty, filled = np.zeros((30, 40), np.uint8), np.zeros((30, 40), np.uint8)
    filled[5:10, 5:10] = 1
    assert boundary_iou(empty, empty) == boundary_f(empty, empty) == 1
    assert hd95(empty, empty) == assd(empty, empty) == 0
    for pair in ((empty, filled), (filled, empty)):
        assert boundary_iou(*pair) == boundary_f(*pair) == 0
        assert hd95(*pair) == assd(*pair) == 50


@given(pairs(filled=False), st.sampled_from([0, 3]))
def test_all_at_once_are_the_same_as_each(pair, tolerance):
    with mock.patch.object(boundary, "TOLERANCE_PX", tolerance):
        figures = boundary_figures(*pair)
        assert figures.boundary_f == boundary_f(*pair)
    assert figures.boundary_iou == boundary_iou(*pair)
    assert figures.hd95 == hd95(*pair)
    assert figures.assd == assd(*pair)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_searching_and_mapping_give_the_same_distances(monkeypatch, noise):
    rng = np.random.default_rng(1)
    a = np.zeros((300, 200), np.uint8)
    cv2.ellipse(a, (100, 150), (60, 120), 10, 0, 360, 1, -1)
    b = np.roll(a, 5, axis=0) ^ (rng.random(a.shape) < noise)
    found = []
    for share in (0, 1_000_000):  # always searching, always mapping
        monkeypatch.setattr("hemline.masks.figures.boundary._PIXELS_A_SEARCH", share)
        found.append(boundary_figures(a, b))
    assert found[0] == found[1]


def test_masks_of_two_sizes_are_an_error():
    for figure in (boundary_figures, boundary_iou, boundary_f, hd95, assd, outline_agreement):
        with pytest.raises(MaskError, match="cannot be compared"):
            figure(np.zeros((3, 4), np.uint8), np.zeros((4, 3), np.uint8))


def test_outlines_agree_where_a_second_hand_would_be_too():
    """A photo of 600 x 800 px: 5 px are let through, a fault of 40 px is none."""
    a = np.zeros((800, 600), np.uint8)
    a[100:700, 100:500] = 1
    shaken = np.roll(a, 4, axis=(0, 1))
    assert outline_agreement(a, shaken) == pytest.approx(1.0, abs=0.01)  # a corner apart
    assert outline_agreement(a, np.roll(a, 7, axis=(0, 1))) < 0.1
    cut = a.copy()
    cut[660:] = 0  # a hem that is missing: 400 px of 2000, and a little of both sides
    assert outline_agreement(a, cut) == pytest.approx(0.78, abs=0.03)
    assert outline_agreement(a, a * 0) == 0.0
    assert outline_agreement(a * 0, a * 0) == 1.0
