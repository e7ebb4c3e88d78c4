"""Dice at every threshold from histograms equals Dice counted pixel by pixel."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hemline.segmentation.thresholds import THRESHOLDS, best_threshold, dice_by_threshold


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_equals_counting(seed, share):
    rng = np.random.default_rng(seed)
    probability = rng.random((9, 7)).astype(np.float32)
    truth = rng.random((9, 7)) < share
    found = dice_by_threshold(probability, truth)
    for threshold, value in zip(THRESHOLDS, found, strict=True):
        mask = probability >= threshold
        total = mask.sum() + truth.sum()
        expected = 2 * (mask & truth).sum() / total if total else 1.0
        assert abs(value - expected) < 1e-12


def test_best_threshold_is_where_the_means_peak():
    rows = np.zeros((20_000, len(THRESHOLDS)))
    rows[:, 40] = 0.9
    assert abs(best_threshold(rows) - THRESHOLDS[40]) < 1e-3


def test_few_photos_move_it_little_from_a_half():
    rows = np.zeros((2, len(THRESHOLDS)))
    rows[:, -1] = 0.9
    assert 0.5 < best_threshold(rows) < 0.55


def test_a_plateau_gives_its_middle():
    rows = np.zeros((20_000, len(THRESHOLDS)))
    rows[:, 20:31] = 0.9
    assert abs(best_threshold(rows) - THRESHOLDS[25]) < 1e-3
