"""Drawing time: how long a person is likely to need for a task that opens empty.

Learnt from masks that were drawn from nothing in tasks that chance chose, and from nothing else:
of photos that somebody picked, the times would tell of the picking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from active_learning.order.work_time import FEWEST, Rows, Seconds, fit_times
from active_learning.risk.forest import Forest
from active_learning.risk.learn import FOLDS, fold_of
from hemline.masks.figures.work_times import FEWEST_TIMED, without_breaks

_POOLED = 5  # masks that the usual time of all counts as, in the time of one garment type
_LEAST_S = 1.0
_BETTER = 0.95  # of the error: what is nearer to the usual time's has been luck as often as not


@dataclass(frozen=True)
class DrawingPredictor:
    """What predicts the seconds of drawing a mask from nothing. Without `typical_s` nothing is
    known: there are fewer than 10 such masks.

    With `forest` it goes by what the silent prediction shows of the photo, else by garment type;
    a type that is not in `by_type` takes the usual time. Of `masks` it was learnt. `error_s` and
    `constant_error_s` as those of TimePredictor.
    """

    masks: int = 0
    typical_s: float | None = None
    by_type: Mapping[str, float] = field(default_factory=dict)
    forest: Forest | None = None
    error_s: float | None = None
    constant_error_s: float | None = None

    @property
    def missing(self) -> int:
        """How many more masks are needed before anything can be said."""
        return max(0, FEWEST_TIMED - self.masks)

    def predict(self, rows: Rows, garment_types: Sequence[str]) -> Seconds:
        """Seconds (N,) for photos whose predictions have rows (N, F) of PREDICTION_SIGNALS; NaN if
        not known."""
        if self.typical_s is None:
            return np.full(len(garment_types), np.nan)
        if self.forest is not None:
            return np.maximum(np.expm1(self.forest.raw(rows)), 0.0)
        return np.array([self.by_type.get(own, self.typical_s) for own in garment_types])


@dataclass(frozen=True)
class DrawnMasks:
    """N masks that were drawn from nothing: `rows` (N, F) of PREDICTION_SIGNALS of the predictions
    that were kept back, NaN where there are none yet, the `seconds` it took, by whom, of which
    garments, and of which types."""

    rows: Rows
    seconds: Sequence[float]
    annotators: Sequence[str]
    garments: Sequence[str]
    garment_types: Sequence[str]


def fit_drawing_predictor(
    drawn: DrawnMasks, paces: Mapping[str, float], *, seed: int = 0
) -> DrawingPredictor:
    """Learn from the time that people took for masks from nothing.

    `paces` says how many times as long as others each person takes (`pooled_paces`), since one
    person has too few such masks to tell. What is learnt of types or of photos counts only where
    it is better than the usual time on garments that were not learnt from.
    """
    number = len(drawn.seconds)
    if number < FEWEST_TIMED:
        return DrawingPredictor(number)
    own = np.array([paces.get(name, 1.0) for name in drawn.annotators])
    usual = np.maximum(without_breaks(drawn.seconds, drawn.annotators) / own, _LEAST_S)
    typical = _geometric(usual)
    guessed = _out_of_fold(drawn, usual, seed)
    judged = np.isfinite(guessed).all(axis=0)
    if not judged.any():
        return DrawingPredictor(number, typical)
    plain, of_types, of_photos = (np.abs(guessed - usual)[:, judged].mean(axis=1)).tolist()
    if number >= FEWEST and of_photos < min(of_types, _BETTER * plain):
        forest = fit_times(drawn.rows, usual, seed)
        return DrawingPredictor(number, typical, {}, forest, of_photos, plain)
    if of_types < _BETTER * plain:
        types = _by_type(usual, drawn.garment_types)
        return DrawingPredictor(number, typical, types, None, of_types, plain)
    return DrawingPredictor(number, typical, {}, None, plain, plain)


def _out_of_fold(drawn: DrawnMasks, seconds: Seconds, seed: int) -> NDArray[np.float64]:
    """Seconds (3, N) as told by other garments: by the usual time, by types, and by trees, where
    there are enough masks for them; NaN without such."""
    folds = fold_of(drawn.garments)
    rows = np.asarray(drawn.rows)
    types = np.array(drawn.garment_types, dtype=object)
    guessed = np.full((3, len(seconds)), np.nan)
    for fold in range(FOLDS):
        known, asked = folds != fold, folds == fold
        if known.sum() < FEWEST_TIMED // 2 or not asked.any():
            continue
        usual = _geometric(seconds[known])
        by_type = _by_type(seconds[known], types[known].tolist())
        guessed[0, asked] = usual
        guessed[1, asked] = [by_type.get(name, usual) for name in types[asked]]
        guessed[2, asked] = (
            np.expm1(fit_times(rows[known], seconds[known], seed).raw(rows[asked]))
            if len(seconds) >= FEWEST
            else usual
        )
    return guessed


def _by_type(seconds: Seconds, garment_types: Sequence[str]) -> dict[str, float]:
    """The usual time of each type, drawn towards that of all where the type has few masks."""
    logs = np.log(seconds)
    middle = float(logs.mean())
    types = np.array(garment_types, dtype=object)
    found = {}
    for name in sorted(set(garment_types) - {""}):
        own = logs[types == name]
        pooled = (own.sum() + _POOLED * middle) / (len(own) + _POOLED)
        found[name] = float(np.exp(pooled))
    return found


def _geometric(seconds: Seconds) -> float:
    return float(np.exp(np.log(seconds).mean()))
