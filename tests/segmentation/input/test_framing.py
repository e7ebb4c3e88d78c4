"""How photos are laid into the network's input, and masks beside them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.segmentation.input.framing import MEAN_COLOUR, frame_of, lay_image, lay_mask
from hemline.segmentation.recipe.parts import Input

sides = st.integers(1, 3000)


@given(sides, sides, st.sampled_from(["keep", "squash", "letterbox"]))
def test_a_frame_holds_its_photo(height, width, fit):
    frame = frame_of(height, width, Input(pixels=64 * 64, fit=fit))
    assert frame.height % 32 == 0
    assert frame.width % 32 == 0
    assert frame.top >= 0
    assert frame.left >= 0
    assert 1 <= frame.rows <= frame.height - frame.top
    assert 1 <= frame.columns <= frame.width - frame.left
    if fit != "keep":
        assert (frame.height, frame.width) == (64, 64)
    if fit == "letterbox" and min(height, width) > 200 and max(height, width) < 64 * 30:
        assert frame.rows / frame.columns == pytest.approx(height / width, rel=0.2)


def test_a_letterboxed_photo_has_nothing_but_ground_around_it():
    options = Input(pixels=64 * 64, fit="letterbox")
    image = np.full((200, 100, 3), 200, dtype=np.uint8)
    frame = frame_of(200, 100, options)
    laid = lay_image(image, frame, options)
    mask = lay_mask(np.ones((200, 100), dtype=np.uint8), frame)
    assert laid.shape == (64, 64, 3)
    assert (laid[frame.photo] == 200).all()
    assert (laid[:, : frame.left] == MEAN_COLOUR).all()
    assert mask[frame.photo].all()
    assert mask.sum() == frame.rows * frame.columns


def test_preprocessing_is_of_the_photo_and_not_of_the_ground():
    options = Input(pixels=64 * 64, fit="letterbox", preprocess=("stretch_2_98",))
    image = np.tile(np.linspace(100, 150, 64).astype(np.uint8)[:, None, None], (1, 32, 3))
    frame = frame_of(64, 32, options)
    laid = lay_image(image, frame, options)
    assert laid[frame.photo].max() == 255
    assert laid[frame.photo].min() == 0
    assert (laid[:, 0] == MEAN_COLOUR).all()
