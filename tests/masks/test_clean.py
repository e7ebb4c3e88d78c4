"""Cleaning takes speckles and pinholes, and nothing that a garment has."""

from unittest import mock

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from hemline.masks import clean
from hemline.masks.clean import clean_mask

class_masks = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40),
    elements=st.integers(0, 3),
)


def dress(height=800, width=600):
    """A dress with two thin straps, and a real hole between arm and body."""
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (300, 450), (150, 250), 0, 0, 360, 1, -1)
    cv2.line(mask, (250, 230), (210, 100), 1, 1)
    cv2.line(mask, (350, 230), (390, 100), 1, 2)
    cv2.circle(mask, (220, 450), 12, 0, -1)
    return mask


def test_straps_and_holes_stay():
    assert np.array_equal(clean_mask(dress()), dress())


def test_speckles_and_pinholes_go():
    rng = np.random.default_rng(2)
    noisy = dress()
    for row, column in rng.integers(20, 560, (60, 2)):
        # On the edge, or next to a strap or another speckle, a speck is part of the outline.
        spot = noisy[row - 6 : row + 8, column - 6 : column + 8]
        if (spot == spot[0, 0]).all():
            noisy[row : row + 2, column : column + 2] ^= 1
    assert (noisy != dress()).sum() > 100
    assert np.array_equal(clean_mask(noisy), dress())


def test_islands_are_measured_against_the_largest_of_their_class():
    mask = np.zeros((400, 400), np.uint8)
    mask[:300] = 1  # 120000 px, so 0.2 % are 240 px
    mask[350:360, 50:74] = 1  # 240 px
    mask[350:360, 150:173] = 1  # 230 px
    mask[380:385, 300:305] = 2  # 25 px, but the largest of an earring's class
    cleaned = clean_mask(mask)
    assert (cleaned[350:360, 50:74] == 1).all()
    assert (cleaned[350:360, 150:173] == 0).all()
    assert (cleaned[380:385, 300:305] == 2).all()
    with mock.patch.object(clean, "SMALLEST_SHARE", 0.001):
        assert (clean_mask(mask) == mask).all()


def test_a_speckle_takes_the_class_around_it():
    mask = np.zeros((200, 300), np.uint8)
    mask[:, 100:200] = 1
    mask[:, 200:] = 2
    mask[150:, :50] = 3
    noisy = mask.copy()
    noisy[50, 50] = 1  # garment on the background
    noisy[50, 150] = 0  # background in a garment
    noisy[50, 250] = 1  # one garment in another
    noisy[100, 199:201] = 3  # on the border of two: half to each
    assert np.array_equal(clean_mask(noisy), mask)


def test_slanting_line_one_pixel_wide_is_one_island():
    mask = np.eye(300, dtype=np.uint8)
    mask[200:, :] = 1
    assert np.array_equal(clean_mask(mask), mask)


def test_masks_without_anything_small_are_as_they_were():
    for mask in (
        np.zeros((5, 5), np.uint8),
        np.full((4, 7), 3, np.uint8),
        np.eye(4, dtype=np.uint8),
    ):
        cleaned = clean_mask(mask)
        assert np.array_equal(cleaned, mask)
        assert cleaned is not mask


@given(class_masks, st.sampled_from([0.0, 0.05, 0.3, 1.0]))
def test_only_small_islands_change_and_classes_do_not_appear(mask, share):
    original = mask.copy()
    with mock.patch.object(clean, "SMALLEST_SHARE", share):
        cleaned = clean_mask(mask)
    assert np.array_equal(mask, original)
    assert cleaned.shape == mask.shape
    assert cleaned.dtype == np.uint8
    assert set(np.unique(cleaned)) <= set(np.unique(mask))
    for class_id in set(np.unique(mask)) - {0}:
        islands, count = ndimage.label(mask == class_id, np.ones((3, 3)))
        areas = np.bincount(islands.ravel(), minlength=count + 1)[1:]
        kept = np.flatnonzero(areas >= share * areas.max()) + 1
        assert (cleaned[np.isin(islands, kept)] == class_id).all()


@given(class_masks)
def test_no_small_island_is_left(mask):
    with mock.patch.object(clean, "SMALLEST_SHARE", 0.3):
        cleaned = clean_mask(mask)
    for class_id in set(np.unique(cleaned)) - {0}:
        islands, _ = ndimage.label(cleaned == class_id, np.ones((3, 3)))
        areas = np.bincount(islands.ravel())[1:]
        before = ndimage.label(mask == class_id, np.ones((3, 3)))[0]
        assert areas.min() >= 0.3 * np.bincount(before.ravel())[1:].max()


@given(class_masks)
def test_what_is_one_piece_by_its_outline_is_one_island(mask):
    for class_id in set(np.unique(mask)):
        inside = mask == class_id
        _, count = ndimage.label(inside, np.ones((3, 3)) if class_id else None)
        one = clean._is_one_piece(inside, is_garment=class_id > 0)
        assert one == (count == 1) if class_id else one <= (count == 1)
