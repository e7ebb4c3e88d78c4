"""Sizes keep a photo's shape; masks keep their classes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hemline.segmentation.input.geometry import MULTIPLE, input_size, resize_image, resize_mask


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(32 * 32, 10**6))
def test_input_size_is_usable(height, width, pixels):
    rows, columns = input_size(height, width, pixels)
    assert rows % MULTIPLE == columns % MULTIPLE == 0
    assert rows * columns <= 3 * pixels


@given(st.integers(300, 3000), st.floats(0.5, 2.0))
def test_ordinary_photos_keep_their_shape(height, ratio):
    width = round(height * ratio)
    rows, columns = input_size(height, width, 256 * 384)
    assert abs((rows / columns) / (height / width) - 1) < 0.12
    assert abs(rows * columns / (256 * 384) - 1) < 0.2


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40))
def test_resized_masks_have_no_new_class(seed, height, width):
    rng = np.random.default_rng(seed)
    mask = rng.choice(np.array([0, 2, 7], dtype=np.uint8), (20, 30))
    assert set(np.unique(resize_mask(mask, height, width))) <= {0, 2, 7}
    assert resize_mask(mask, height, width).shape == (height, width)


def test_a_border_of_two_classes_stays_theirs():
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 32:] = 4
    small = resize_mask(mask, 16, 16)
    assert (small[:, :8] == 0).all()
    assert (small[:, 8:] == 4).all()


def test_images_grow_and_shrink():
    image = np.full((10, 20, 3), 77, np.uint8)
    assert (resize_image(image, 5, 8) == 77).all()
    assert (resize_image(image, 50, 80) == 77).all()
