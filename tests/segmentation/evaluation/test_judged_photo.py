"""Dice without what lies along the truth's outline: what nobody corrects is no evidence."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemline.masks.figures.overlap import dice
from hemline.masks.outline_band import narrow_reach
from hemline.segmentation.evaluation.judged_photo import dice_beyond_outline

SIDE = 283  # a diagonal of 400: the band is 2 pixels wide on either side


def disc(radius: float, *, row: float = 140, column: float = 140, k: int = 1) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.where(np.hypot(rows - row, columns - column) < radius, k, 0).astype(np.uint8)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([-1, 0, 1]),
    st.floats(30, 120),
    st.integers(90, 190),
    st.integers(90, 190),
)
def test_a_mask_that_keeps_to_the_outline_is_as_good_as_any(
    grown: int, radius: float, row: int, column: int
) -> None:
    truth = disc(radius, row=row, column=column)
    square = np.ones((3, 3), np.uint8)
    near = truth
    if grown:
        near = (cv2.dilate if grown > 0 else cv2.erode)(truth, square).astype(np.uint8)
    assert dice_beyond_outline(near, truth, ["garment"]) == (1.0, {"garment": 1.0})


def test_who_accepts_a_pre_fill_says_nothing_against_one_that_is_a_pixel_wider() -> None:
    """The anchoring that this is for: the label is the champion's mask, to the pixel."""
    label = champion = disc(100)
    candidate = disc(101)
    assert dice(candidate, label) < dice(champion, label)
    assert narrow_reach(label) == pytest.approx(2.0, abs=0.01)
    assert (
        dice_beyond_outline(candidate, label, ["garment"])
        == dice_beyond_outline(champion, label, ["garment"])
        == (1.0, {"garment": 1.0})
    )


def test_a_fault_beyond_the_outline_counts() -> None:
    truth = disc(100)
    missing = truth.copy()
    missing[:120] = 0
    value, by_label = dice_beyond_outline(missing, truth, ["garment"])
    assert value == by_label["garment"] < 0.8
    extra = truth | disc(10, row=20, column=20)
    assert dice_beyond_outline(extra, truth, ["garment"])[0] < 1


def test_labels_are_taken_one_by_one_and_their_mean_is_the_photos() -> None:
    truth = np.maximum(disc(40, column=70), disc(40, column=210, k=2))
    swapped = np.maximum(disc(40, column=70), disc(40, column=210, k=3))
    value, by_label = dice_beyond_outline(swapped, truth, ["top", "bag", "hat"])
    assert by_label == {"top": 1.0, "bag": 0.0, "hat": 0.0}
    assert value == pytest.approx(1 / 3)


def test_where_neither_draws_anything_they_agree() -> None:
    empty = np.zeros((SIDE, SIDE), np.uint8)
    assert dice_beyond_outline(empty, empty, ["garment"]) == (1.0, {})
    assert dice_beyond_outline(disc(50), empty, ["garment"]) == (0.0, {"garment": 0.0})
