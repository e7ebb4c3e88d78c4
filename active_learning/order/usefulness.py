"""Predicted Dice: how good a pre-fill is likely to be, for photos nobody has labelled yet.

Learnt from audit items, where a pre-fill met a person's correction. Usefulness is what is left to
correct: 1 - predicted Dice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from active_learning.risk.forest import Forest, fit_regressor
from active_learning.risk.learn import FOLDS, fold_of
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS

FEWEST = 30  # audit items below which the model's own expectation is all there is
COVERAGE = 0.9  # share of photos whose Dice is at or above the lower bound
_EXPECTED = PREDICTION_SIGNALS.index("own_expected_dice")

Rows = NDArray[np.floating]


@dataclass(frozen=True)
class DicePredictor:
    """What predicts Dice. Without `forest` it is the model's own expectation plus `shift`.

    The lower bound is `margin` below the prediction (split conformal: Lei et al. 2018).
    """

    forest: Forest | None
    shift: float
    margin: float

    def predict(self, rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predicted Dice and its lower bound, each (N,) in 0..1, of rows (N, F) of
        PREDICTION_SIGNALS; 0 where there is no prediction to speak of (an empty mask)."""
        expected = np.asarray(rows, dtype=np.float64)[:, _EXPECTED]
        middle = expected + self.shift if self.forest is None else self.forest.raw(rows)
        middle = np.where(np.isfinite(expected), np.clip(np.nan_to_num(middle), 0, 1), 0.0)
        return middle, np.clip(middle - self.margin, 0, 1)


def fit_dice_predictor(
    rows: Rows, dice: Sequence[float], garments: Sequence[str], *, seed: int = 0
) -> DicePredictor:
    """Learn from N audit items: rows (N, F) of PREDICTION_SIGNALS, the Dice of pre-fill against
    correction, and whose garment it was.

    Below 30 items the model's own expectation is only shifted to their median, and the lower bound
    is as wide as what little is known allows: 1 with no item at all.
    """
    truth = np.asarray(dice, dtype=np.float64)
    usable = np.isfinite(np.asarray(rows)[:, _EXPECTED]) if len(rows) else np.zeros(0, np.bool_)
    rows, truth = np.asarray(rows)[usable], truth[usable]
    if not len(rows):
        return DicePredictor(None, 0.0, 1.0)
    if len(rows) < FEWEST:
        gaps = truth - rows[:, _EXPECTED]
        shift = float(np.median(gaps))
        return DicePredictor(None, shift, _margin(rows[:, _EXPECTED] + shift - truth))
    folds = fold_of([name for name, kept in zip(garments, usable, strict=True) if kept])
    held = np.full(len(rows), np.nan)
    for fold in range(FOLDS):
        known = folds != fold
        if known.sum() >= FEWEST // 2 and (~known).any():
            held[~known] = _fit(rows[known], truth[known], seed).raw(rows[~known])
    seen = np.isfinite(held)
    over = np.clip(held[seen], 0, 1) - truth[seen] if seen.any() else np.ones(1)
    return DicePredictor(_fit(rows, truth, seed), 0.0, _margin(over))


def _fit(rows: Rows, truth: NDArray[np.float64], seed: int) -> Forest:
    smallest = max(3, min(10, len(rows) // 10))
    return fit_regressor(PREDICTION_SIGNALS, rows, truth, smallest_leaf=smallest, seed=seed)


def _margin(over: NDArray[np.float64]) -> float:
    """How far predictions must come down for 90 % of items to be at or above them, with the
    correction for a finite number of them; 1 if there are too few to say."""
    rank = int(np.ceil((len(over) + 1) * COVERAGE))
    if rank > len(over):
        return 1.0
    return float(np.clip(np.sort(over)[rank - 1], 0, 1))
