"""The best threshold is where the mean Dice peaks, drawn to a half by few photos."""

import numpy as np

from hemline.masks.figures.histograms import THRESHOLDS
from hemline.segmentation.training.thresholds import best_threshold


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
