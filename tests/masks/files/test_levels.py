"""Grey masks: class ids, black and white with any edge, and what could be either."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.errors import MaskError
from hemline.masks.files.levels import InvertedMaskError, above_half, read_levels

HEIGHT, WIDTH = 120, 80
GARMENT = np.zeros((HEIGHT, WIDTH), np.uint8)
cv2.ellipse(GARMENT, (40, 60), (22, 45), 10, 0, 360, 1, cv2.FILLED)


def drawn(dark, light, blur=0.0, shape=GARMENT):
    soft = shape.astype(np.float64)
    if blur:
        soft = cv2.GaussianBlur(soft, (0, 0), blur)
    return np.rint(dark + (light - dark) * soft).astype(np.uint8)


def overlap(mask):
    inside = mask > 0
    return (inside & (GARMENT > 0)).sum() / (inside | (GARMENT > 0)).sum()


@given(
    st.integers(0, 255), st.integers(0, 255), st.sampled_from([0, 0.5, 0.8, 1.5, 3]), st.booleans()
)
def test_two_levels_with_any_edge_are_read_back_or_refused(one, other, blur, jpeg):
    values = drawn(min(one, other), max(one, other), blur)
    if jpeg:
        values = cv2.imdecode(cv2.imencode(".jpg", values)[1], cv2.IMREAD_GRAYSCALE)
    try:
        mask = read_levels(values.astype(np.uint8), lossless=not jpeg)
    except MaskError:
        return
    if (mask > 0).all():  # class ids of which none is 0: `read_garment` refuses them
        assert (mask == values).all() or values.min() >= 247
    elif other == one or not mask.any():
        assert np.ptp(values) <= 8
    else:
        assert overlap(mask) >= 0.98


@pytest.mark.parametrize(("dark", "light"), [(0, 255), (16, 235), (0, 128), (64, 255), (0, 200)])
def test_black_and_white_is_read_whatever_its_levels(dark, light):
    for blur in (0, 0.8, 3):
        assert overlap(read_levels(drawn(dark, light, blur))) >= 0.98


@pytest.mark.parametrize("ids", [[0, 1], [0, 1, 2, 3], [0, 7, 40], [0, 1, 255], [0, 1, 2, 3, 255]])
def test_class_ids_stay_as_they_are(ids):
    rows = np.sort(np.tile(np.array(ids, np.uint8), 60))[:, None]
    values = np.repeat(rows, 60, axis=1)
    assert (read_levels(values) == values).all()


def test_a_class_of_a_thin_piece_is_no_edge():
    values = drawn(0, 12)
    values[58:60, 5:75] = np.where(values[58:60, 5:75] > 0, 5, 0)  # a belt across
    assert (read_levels(values) == values).all()


def test_an_inverted_mask_is_asked_about():
    for values in (drawn(255, 0), drawn(1, 0), drawn(255, 0, 1.5)):
        with pytest.raises(InvertedMaskError, match="--garment-is light or --garment-is dark") as e:
            read_levels(values)
        assert overlap(~e.value.inside) >= 0.98


@pytest.mark.parametrize("third", [90, 128, 180])
def test_three_levels_are_asked_about(third):
    values = drawn(0, 255)
    values[90:, :] = third
    with pytest.raises(MaskError, match=f"three values, 0, {third} and 255"):
        read_levels(values)


def test_one_value_everywhere():
    assert (read_levels(np.full((40, 40), 255, np.uint8)) == 1).all()
    assert not read_levels(np.zeros((40, 40), np.uint8)).any()
    assert not read_levels(np.full((40, 40), 3, np.uint8), lossless=False).any()
    with pytest.raises(MaskError, match="from 190 to 190"):
        read_levels(np.full((40, 40), 190, np.uint8))


def test_half_is_between_the_levels():
    assert above_half(np.array([[100, 110, 161, 200]], np.uint8)).tolist() == [[0, 0, 1, 1]]
