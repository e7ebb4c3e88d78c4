"""Predicted Dice: how good a pre-fill is likely to be, for photos nobody has labelled yet.

Learnt from audit items, where a pre-fill met a person's correction. Usefulness is what is left to
correct: 1 - predicted Dice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from active_learning.order.bounds import Group, GroupBounds, fit_bounds
from active_learning.risk.forest import Forest, fit_regressor
from active_learning.risk.learn import FOLDS, fold_of
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS

FEWEST = 30  # audit items below which the model's own expectation is all there is
_LEAST_DOUBT = 0.02  # of a Dice predicted to be 1
NO_BOUND = 1 / _LEAST_DOUBT  # takes any predicted Dice to 0
_EXPECTED = PREDICTION_SIGNALS.index("own_expected_dice")

Rows = NDArray[np.floating]


@dataclass(frozen=True)
class DicePredictor:
    """What predicts Dice. Without `forest` it is the model's own expectation plus `shift`.

    `bounds` are of how far a prediction is above the truth, in units of the Dice that it leaves to
    be gained: where more is in doubt, the bound is wider. `outlines` are of the distance that 95 %
    of both outlines keep from the other, in units of the same, as a share of the square root of
    the mask's area.
    """

    forest: Forest | None
    shift: float
    bounds: GroupBounds
    outlines: GroupBounds

    def predict(
        self, rows: Rows, groups: Sequence[Group]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predicted Dice and its lower bound, each (N,) in 0..1, of rows (N, F) of
        PREDICTION_SIGNALS; 0 where there is no prediction to speak of (an empty mask)."""
        expected = np.asarray(rows, dtype=np.float64)[:, _EXPECTED]
        middle = expected + self.shift if self.forest is None else self.forest.raw(rows)
        middle = np.where(np.isfinite(expected), np.clip(np.nan_to_num(middle), 0, 1), 0.0)
        margin = np.maximum(self.bounds.of(groups), 0) * doubt(middle)
        return middle, np.clip(middle - margin, 0, 1)

    def outlines_within(
        self, dice: NDArray[np.float64], groups: Sequence[Group]
    ) -> NDArray[np.float64]:
        """What nine in ten outlines of each group are true within, (N,), as a share of the square
        root of the mask's area; infinite where too little is known. `dice` is predicted."""
        return np.asarray(self.outlines.of(groups) * doubt(dice))


def no_dice_predictor() -> DicePredictor:
    """The model's own expectation, of which nothing is known."""
    return DicePredictor(None, 0.0, GroupBounds(NO_BOUND), GroupBounds(np.inf))


@dataclass(frozen=True)
class MetPrefills:
    """N pre-fills that met a person's correction: `rows` (N, F) of PREDICTION_SIGNALS, their `dice`
    with the correction, `hd95` between the outlines as a share of the square root of the label's
    area (NaN where unknown), whose `garments` they are of, and the `groups` of these."""

    rows: Rows
    dice: Sequence[float]
    hd95: Sequence[float]
    garments: Sequence[str]
    groups: Sequence[Group]


def fit_dice_predictor(met: MetPrefills, *, seed: int = 0) -> DicePredictor:
    """Learn from what became of pre-fills.

    Below 30 of them the model's own expectation is only shifted to their median, and the bounds are
    as wide as what little is known allows.
    """
    if not len(met.rows):
        return no_dice_predictor()
    usable = np.flatnonzero(np.isfinite(np.asarray(met.rows)[:, _EXPECTED])).tolist()
    if not usable:
        return no_dice_predictor()
    rows = np.asarray(met.rows)[usable]
    truth = np.asarray(met.dice, dtype=np.float64)[usable]
    hd95 = np.asarray(met.hd95, dtype=np.float64)[usable]
    groups = [met.groups[k] for k in usable]
    forest, shift = None, 0.0
    if len(rows) < FEWEST:
        shift = float(np.median(truth - rows[:, _EXPECTED]))
        guessed = rows[:, _EXPECTED] + shift
    else:
        guessed = _out_of_fold(rows, truth, [met.garments[k] for k in usable], seed)
        forest = _fit(rows, truth, seed)
    guessed = np.clip(guessed, 0, 1)
    over = (guessed - truth) / doubt(guessed)
    away = hd95 / doubt(guessed)
    return DicePredictor(
        forest,
        shift,
        _bounds_of(over, groups, most=NO_BOUND),
        _bounds_of(away, groups, most=np.inf),
    )


def doubt(dice: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a predicted Dice (N,) leaves to be gained, in 0.02..1.02: the unit of its bounds."""
    return 1 - dice + _LEAST_DOUBT


def _out_of_fold(
    rows: Rows, truth: NDArray[np.float64], garments: Sequence[str], seed: int
) -> NDArray[np.float64]:
    """Dice (N,) as predicted by what was learnt from other garments; NaN where there were none."""
    folds = fold_of(garments)
    guessed = np.full(len(rows), np.nan)
    for fold in range(FOLDS):
        known = folds != fold
        if known.sum() >= FEWEST // 2 and (~known).any():
            guessed[~known] = _fit(rows[known], truth[known], seed).raw(rows[~known])
    return guessed


def _bounds_of(errors: NDArray[np.float64], groups: Sequence[Group], *, most: float) -> GroupBounds:
    known = np.flatnonzero(np.isfinite(errors)).tolist()
    return fit_bounds(errors[known], [groups[k] for k in known], most=most)


def _fit(rows: Rows, truth: NDArray[np.float64], seed: int) -> Forest:
    smallest = max(3, min(10, len(rows) // 10))
    return fit_regressor(PREDICTION_SIGNALS, rows, truth, smallest_leaf=smallest, seed=seed)
