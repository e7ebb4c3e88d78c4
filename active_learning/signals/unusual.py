"""How unusual a label is in its folder: how well a model agrees depends on the photos, too."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ENOUGH = 10  # labels below which nobody knows what is usual
_MOST = 4.0  # robust standard deviations from which more says nothing more
_LEAST_SPREAD = 0.2  # of log odds: where all labels agree alike, small differences stay small
USUAL = 0.5  # what a label has on average where a tenth are bad


def unusual(softmin: Sequence[float]) -> NDArray[np.float64]:
    """How much worse than usual here the model agrees with each label, (N,) in 0..4.

    In robust standard deviations (median and MAD) of the log odds of softmin (Lad & Mueller 2023);
    USUAL for one that is NaN, and for all where fewer than ten are known.
    """
    values = np.asarray(softmin, dtype=np.float64)
    found = np.full(len(values), USUAL)
    known = np.isfinite(values)
    if known.sum() < _ENOUGH:
        return found
    p = np.clip(values[known], 1e-4, 1 - 1e-4)
    odds = np.log((1 - p) / p)
    middle = float(np.median(odds))
    spread = max(1.4826 * float(np.median(np.abs(odds - middle))), _LEAST_SPREAD)
    found[known] = np.clip((odds - middle) / spread, 0, _MOST)
    return found
