"""A cut-out in a frame: in the middle, to its share, with a shadow that touches nothing of it."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hemline.errors import MaskError
from hemline.masks.cutouts.layout import lay_out


def cutout(height: int = 120, width: int = 90) -> NDArray[np.uint8]:
    """An ellipse of noise on clear black, somewhere in its photo."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (width // 3, height // 2), (width // 5, height // 4), 0, 0, 360, 255, -1)
    pixels[..., 3] = mask
    pixels[mask == 0] = 0
    return pixels


@given(
    fill=st.floats(0.2, 1),
    aspect=st.sampled_from([None, 0.5, 0.8, 1.0, 2.0]),
    shadow=st.floats(0, 1),
)
def test_the_garment_is_whole_in_the_middle_and_to_its_share(
    fill: float, aspect: float | None, shadow: float
) -> None:
    photo = cutout()
    picture, place = lay_out(photo, fill=fill, aspect=aspect, background=(9, 9, 9), shadow=shadow)
    left, top, width, height = place.box
    x, y = place.at
    assert place.size == (width, height)
    assert (picture.shape[1], picture.shape[0]) == place.canvas
    part = picture[y : y + height, x : x + width]
    there = photo[top : top + height, left : left + width]
    inside = there[..., 3] == 255
    assert (part[inside] == there[..., :3][inside]).all()
    assert abs(x + width / 2 - place.canvas[0] / 2) <= 1
    assert abs(y + height / 2 - place.canvas[1] / 2) <= 1
    shares = (width / place.canvas[0], height / place.canvas[1])
    assert max(shares) == pytest.approx(fill, abs=0.03)
    if aspect is not None:
        assert place.canvas[0] / place.canvas[1] == pytest.approx(aspect, rel=0.03)


def test_a_shadow_darkens_the_background_below_the_garment_alone() -> None:
    photo = cutout()
    plain, place = lay_out(photo, fill=0.6)
    shaded, same = lay_out(photo, fill=0.6, shadow=0.5)
    assert place == same
    x, y = place.at
    _, _, width, height = place.box
    inside = np.zeros(plain.shape[:2], bool)
    top, left = place.box[1], place.box[0]
    inside[y : y + height, x : x + width] = photo[top : top + height, left : left + width, 3] == 255
    assert (shaded[inside] == plain[inside]).all()
    darker = plain[..., 0].astype(int) - shaded[..., 0]
    assert darker[~inside].min() >= 0
    assert 20 < darker[~inside].max() <= 128
    middle = x + width // 2
    below, above = darker[y + height, middle], darker[y - 1, middle]
    assert below > above
    assert darker[0].max() == 0
    weak = lay_out(photo, fill=0.6, shadow=0.25)[0]
    assert (plain[~inside].astype(int) - weak[~inside]).max() < darker[~inside].max()


def test_a_shadow_follows_the_size_of_the_picture() -> None:
    enlarged = cv2.resize(cutout(), None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    photo = np.asarray(enlarged, np.uint8)
    large, _ = lay_out(photo, fill=0.6, shadow=0.5)
    small, _ = lay_out(photo, fill=0.6, shadow=0.5, most_long=max(large.shape) // 4)
    again = cv2.resize(large, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    border = (slice(0, small.shape[0] // 6), slice(None))
    assert np.abs(again[border].astype(int) - small[border]).max() <= 6


def test_an_empty_cutout_is_refused() -> None:
    with pytest.raises(MaskError, match="nothing to lay out"):
        lay_out(np.zeros((8, 8, 4), np.uint8), fill=0.9)


@pytest.mark.parametrize(
    ("fill", "aspect"), [(1e-6, None), (0.9, 5000.0), (0.02, 1.0)], ids=["fill", "aspect", "area"]
)
def test_a_frame_that_no_machine_can_hold_is_refused(fill: float, aspect: float | None) -> None:
    with pytest.raises(MaskError, match=r"the frame would be \d+ x \d+ px, over the limit"):
        lay_out(cutout(), fill=fill, aspect=aspect, most_pixels=1_000_000)
    picture, _ = lay_out(cutout(), fill=fill, aspect=aspect, most_long=50, most_pixels=1_000_000)
    assert max(picture.shape[:2]) == 50
