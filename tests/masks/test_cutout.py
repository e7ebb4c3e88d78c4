"""Cutouts from photos and masks from cutouts."""

import numpy as np
import pytest

from hemline.errors import MaskError
from hemline.masks.cutout import cutout_to_mask, make_cutout


def test_a_cutout_keeps_the_garment_and_nothing_else():
    photo = np.arange(36, dtype=np.uint8).reshape(3, 4, 3) + 1
    alpha = np.zeros((3, 4), np.uint8)
    alpha[1, 1], alpha[1, 2] = 255, 100
    cutout = make_cutout(photo, alpha)
    assert cutout.dtype == np.uint8
    assert np.array_equal(cutout[..., 3], alpha)
    assert np.array_equal(cutout[1, 1:3, :3], photo[1, 1:3])
    assert cutout[..., :3].sum() == photo[1, 1:3].sum()


def test_a_mask_is_inside_above_half():
    cutout = np.zeros((1, 4, 4), np.uint8)
    cutout[0, :, 3] = [0, 127, 128, 255]
    mask = cutout_to_mask(cutout)
    assert mask.tolist() == [[0, 0, 1, 1]]
    assert mask.dtype == np.uint8


def test_what_does_not_fit_is_an_error():
    with pytest.raises(MaskError, match="alpha channel"):
        cutout_to_mask(np.zeros((3, 4, 3), np.uint8))
    with pytest.raises(MaskError, match="do not fit"):
        make_cutout(np.zeros((3, 4, 3), np.uint8), np.zeros((4, 3), np.uint8))
