"""Work time: how long a person is likely to need for a pre-fill, learnt from how long people took.

Breaks are no work, and a slow annotator's photos are no hard photos: times count without breaks, by
the pace of the one who worked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from active_learning.risk.forest import Forest, fit_regressor
from active_learning.risk.learn import FOLDS, fold_of
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS
from hemline.masks.figures.work_times import LONGEST_DRAWN, paces, without_breaks

FEWEST = 30  # timed pre-fills below which each is likely to take the median
FEWEST_TYPICAL = 5  # and below which nothing is known

Rows = NDArray[np.floating]
Seconds = NDArray[np.float64]


@dataclass(frozen=True)
class TimePredictor:
    """What predicts seconds of work. Without `forest` each pre-fill takes `typical_s`; without
    that nothing is known.

    `error_s` is how far off predictions were in the mean on garments that they were not learnt
    from, and `constant_error_s` how far off the median would have been; None where too few are
    known to say.
    """

    forest: Forest | None = None
    typical_s: float | None = None
    error_s: float | None = None
    constant_error_s: float | None = None
    prefills: int = 0  # that it was learnt from

    def predict(self, rows: Rows) -> Seconds:
        """Seconds (N,) for pre-fills with rows (N, F) of PREDICTION_SIGNALS; NaN if not known."""
        if self.forest is not None:
            return np.maximum(np.expm1(self.forest.raw(rows)), 0.0)
        return np.full(len(rows), np.nan if self.typical_s is None else self.typical_s)


@dataclass(frozen=True)
class TimedPrefills:
    """N pre-fills that people worked on: `rows` (N, F) of PREDICTION_SIGNALS, the `seconds` that it
    took, and by whom, and whose `garments` they are of."""

    rows: Rows
    seconds: Sequence[float]
    annotators: Sequence[str]
    garments: Sequence[str]


def fit_time_predictor(
    timed: TimedPrefills, *, drawing_s: float | None = None, seed: int = 0
) -> TimePredictor:
    """Learn from the time that people took.

    `drawing_s` is what drawing from nothing usually takes, if that is known: a time of that order
    is no break, even if most pre-fills take a tenth of it. Where trees are no better than the
    median on garments that they have not seen, the median it is.
    """
    number = len(timed.seconds)
    if number < FEWEST_TYPICAL:
        return TimePredictor(prefills=number)
    no_break_s = LONGEST_DRAWN * (drawing_s or 0.0)
    times = without_breaks(timed.seconds, timed.annotators, no_break_s=no_break_s)
    pace = paces(times, timed.annotators)
    typical = float(np.median(times))
    if len(times) < FEWEST or not typical > 0:
        return TimePredictor(typical_s=typical, prefills=number)
    usual = times * np.divide(typical, pace, out=np.ones_like(pace), where=pace > 0)
    rows = np.asarray(timed.rows)
    guessed, constant = _out_of_fold(rows, usual, timed.garments, seed)
    judged = np.isfinite(guessed)
    if not judged.any():
        return TimePredictor(typical_s=typical, prefills=number)
    error = float(np.abs(guessed - usual)[judged].mean())
    plain = float(np.abs(constant - usual)[judged].mean())
    if error >= plain:
        return TimePredictor(None, typical, plain, plain, number)
    return TimePredictor(fit_times(rows, usual, seed), typical, error, plain, number)


def _out_of_fold(
    rows: Rows, seconds: Seconds, garments: Sequence[str], seed: int
) -> tuple[Seconds, Seconds]:
    """Seconds (N,) as told by trees, and by the median, of other garments; NaN without such."""
    folds = fold_of(garments)
    guessed, constant = np.full((2, len(rows)), np.nan)
    for fold in range(FOLDS):
        known = folds != fold
        if known.sum() >= FEWEST // 2 and (~known).any():
            forest = fit_times(rows[known], seconds[known], seed)
            guessed[~known] = np.expm1(forest.raw(rows[~known]))
            constant[~known] = np.median(seconds[known])
    return guessed, constant


def fit_times(rows: Rows, seconds: Seconds, seed: int) -> Forest:
    """Trees that tell log(1 + seconds) from rows (N, F) of PREDICTION_SIGNALS."""
    smallest = max(3, min(10, len(rows) // 10))
    values = np.log1p(seconds)  # twice as long is as much at every length
    return fit_regressor(PREDICTION_SIGNALS, rows, values, smallest_leaf=smallest, seed=seed)
