"""Preprocessing against scikit-image, and photos that have nothing to stretch."""

import numpy as np
import pytest
import torch
from skimage.color import rgb2gray
from skimage.exposure import equalize_hist, rescale_intensity

from hemline.segmentation.input.preprocessing import equalise, grey, preprocess, stretch
from hemline.segmentation.input.transforms import normalise


@pytest.fixture
def photo():
    rng = np.random.default_rng(0)
    return rng.normal(120, 20, (40, 30, 3)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("low", "high"), [(2, 98), (10, 90)])
def test_stretch_is_scikit_images(photo, low, high):
    limits = tuple(np.percentile(photo, (low, high)))
    theirs = rescale_intensity(photo.astype(float), in_range=limits, out_range=(0, 255))
    np.testing.assert_allclose(stretch(photo, low, high), theirs, atol=0.51)


def test_grey_is_a_luma_in_three_channels(photo):
    made = grey(photo)
    assert (made == made[..., :1]).all()
    # scikit-image weighs by BT.709
    assert np.abs(made[..., 0] - rgb2gray(photo) * 255).mean() < 5


def test_equalise_flattens_the_luma(photo):
    luma = grey(equalise(photo))[..., 0]
    theirs = equalize_hist(grey(photo)[..., 0]) * 255
    assert np.abs(luma - theirs).mean() < 4
    assert luma.std() > 2 * grey(photo)[..., 0].std()


@pytest.mark.parametrize("step", ["grey", "stretch_2_98", "stretch_10_90", "equalise"])
def test_a_flat_photo_stays_a_photo(step):
    flat = np.full((8, 8, 3), 90, dtype=np.uint8)
    made = preprocess(flat, (step,))
    assert made.dtype == np.uint8
    assert made.shape == flat.shape
    assert len(np.unique(made)) == 1


def test_steps_go_in_their_order(photo):
    np.testing.assert_array_equal(
        preprocess(photo, ("grey", "stretch_10_90")), stretch(grey(photo), 10, 90)
    )


def test_centred_photos_have_mean_0_and_deviation_1(photo):
    batch = torch.from_numpy(photo.transpose(2, 0, 1)[None].copy())
    values = normalise(batch, ("centre_and_normalise",))
    assert values.mean(dim=(2, 3)).abs().max() < 1e-4
    assert (values.std(dim=(2, 3), correction=0) - 1).abs().max() < 1e-3
    flat = torch.full((1, 3, 4, 4), 7, dtype=torch.uint8)
    assert (normalise(flat, ("centre_and_normalise",)) == 0).all()
