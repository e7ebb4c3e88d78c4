"""Traits of drawn masks whose pieces, holes, outline and contrast are known."""

import cv2
import numpy as np
import pytest
from skimage.color import deltaE_cie76, rgb2lab

from hemline.segmentation.evaluation.mask_traits import mask_traits


def test_pieces_holes_and_area():
    mask = np.zeros((100, 100), bool)
    mask[10:40, 10:40] = True
    mask[20:25, 20:25] = False
    mask[60:80, 60:80] = True
    traits = mask_traits(np.zeros((100, 100, 3), np.uint8), mask)
    assert (traits.pieces, traits.holes) == (2, 1)
    assert traits.area == pytest.approx((900 - 25 + 400) / 10_000)
    assert traits.edge_contrast == pytest.approx(0, abs=1e-4)


def test_a_disc_is_the_simplest_outline():
    disc, star = np.zeros((200, 200), np.uint8), np.zeros((200, 200), np.uint8)
    cv2.circle(disc, (100, 100), 80, 1, -1)
    for angle in range(0, 360, 30):
        cv2.ellipse(star, (100, 100), (80, 6), angle, 0, 360, 1, -1)
    image = np.zeros((200, 200, 3), np.uint8)
    round_one, ragged = (mask_traits(image, mask != 0).complexity for mask in (disc, star))
    assert round_one is not None
    assert 0.9 < round_one < 1.3
    assert ragged is not None
    assert ragged > 5


def test_the_contrast_is_the_difference_of_the_two_colours():
    colours = np.array([[[200, 30, 60]], [[190, 60, 90]]], np.uint8)
    image = np.full((60, 60, 3), colours[1, 0])
    mask = np.zeros((60, 60), bool)
    mask[20:40, 20:40] = True
    image[mask] = colours[0, 0]
    lab = rgb2lab(colours)
    expected = float(deltaE_cie76(lab[0, 0], lab[1, 0]))
    assert mask_traits(image, mask).edge_contrast == pytest.approx(expected, abs=0.1)


def test_empty_and_full_masks():
    image = np.zeros((20, 20, 3), np.uint8)
    empty = mask_traits(image, np.zeros((20, 20), bool))
    assert (empty.area, empty.pieces, empty.complexity, empty.edge_contrast) == (0, 0, None, None)
    full = mask_traits(image, np.ones((20, 20), bool))
    assert (full.area, full.pieces, full.holes, full.edge_contrast) == (1, 1, 0, None)
