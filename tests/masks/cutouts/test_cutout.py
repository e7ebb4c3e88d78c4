"""Cutouts from photos and masks from cutouts."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from hemline.errors import MaskError
from hemline.masks.cutouts.cutout import make_cutout, soften_edge
from hemline.studio.scene import draw_scene


def test_a_cutout_keeps_the_garment_and_nothing_else():
    photo = np.arange(36, dtype=np.uint8).reshape(3, 4, 3) + 1
    alpha = np.zeros((3, 4), np.uint8)
    alpha[1, 1], alpha[1, 2] = 255, 128
    cutout = make_cutout(photo, alpha)
    assert cutout.dtype == np.uint8
    assert np.array_equal(cutout[..., 3], alpha)
    assert np.array_equal(cutout[1, 1:3, :3], photo[1, 1:3])
    assert cutout[..., :3].sum() == photo[1, 1:3].sum()


def test_the_outer_half_of_a_soft_edge_has_the_garments_colour():
    photo = np.full((30, 40, 3), 200, np.uint8)
    photo[5:20, 8:25] = (150, 20, 30)
    photo[24, 5:35] = (20, 30, 150)  # a strap of one pixel
    mask = (photo != 200).any(axis=-1)
    cutout = make_cutout(photo, soften_edge(mask))
    outer = (cutout[..., 3] > 0) & ~mask
    assert outer.sum() > 60
    assert (cutout[:21, :, :3][outer[:21]] == (150, 20, 30)).all()
    assert (cutout[23:, :, :3][outer[23:]] == (20, 30, 150)).all()
    assert not cutout[cutout[..., 3] == 0].any()


def test_edges_without_an_inside_are_black():
    cutout = make_cutout(np.full((3, 4, 3), 9, np.uint8), np.full((3, 4), 50, np.uint8))
    assert not cutout[..., :3].any()


@pytest.mark.parametrize("grown", [0, 1, -1])
def test_a_soft_edge_is_nearer_the_truth_than_a_hard_one_on_black_and_on_white(grown):
    """On drawn photos, also where the mask is a pixel too wide or too narrow."""
    for seed in (0, 3):
        scene = draw_scene(seed, height=384, width=256)
        mask = regrown(scene.mask, grown)
        for ground in (0, 255):
            soft = edge_error(scene, make_cutout(scene.image, soften_edge(mask)), ground)
            hard = edge_error(scene, make_cutout(scene.image, mask * np.uint8(255)), ground)
            assert soft < 0.99 * hard, (seed, ground)


def regrown(mask: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    """Wider by a pixel for 1, narrower for -1, the same for 0."""
    if pixels == 0:
        return mask
    change = cv2.dilate if pixels > 0 else cv2.erode
    return np.asarray(change(mask, np.ones((3, 3), np.uint8)), np.uint8)


def edge_error(scene, cutout, ground):
    """RMS in levels around the edge, against the true share of the nearest whole garment pixel."""
    whole = cv2.erode((scene.alpha == 255).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    indices = distance_transform_edt(~whole, return_distances=False, return_indices=True)
    true = on(ground, scene.image[tuple(indices)], scene.alpha)
    mixed = ((scene.alpha > 0) & (scene.alpha < 255)).astype(np.uint8)
    around = cv2.dilate(mixed, np.ones((5, 5), np.uint8)) > 0
    shown = on(ground, cutout[..., :3], cutout[..., 3])
    return float(np.sqrt(((shown - true)[around] ** 2).mean()))


def on(ground, colours, alpha):
    share = alpha[..., None] / 255
    return share * colours + (1 - share) * ground


@pytest.mark.parametrize("seed", [0, 3])
def test_a_soft_edge_keeps_the_mask_above_half(seed):
    mask = draw_scene(seed, height=96, width=64).mask
    assert np.array_equal(soften_edge(mask) > 127, mask > 0)


def test_what_does_not_fit_is_an_error():
    with pytest.raises(MaskError, match="do not match"):
        make_cutout(np.zeros((3, 4, 3), np.uint8), np.zeros((4, 3), np.uint8))
