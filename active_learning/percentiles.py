"""What share of a project's images a number is above."""

from collections.abc import Sequence

import numpy as np


def percentiles(values: Sequence[float]) -> list[float]:
    """Share of the others that each value is above, ties half, in 0..100; 50 where it is NaN or
    has no others."""
    array = np.asarray(values, dtype=np.float64)
    known = np.sort(array[np.isfinite(array)])
    if len(known) < 2:
        return [50.0] * len(array)
    below = np.searchsorted(known, array, side="left")
    above = len(known) - np.searchsorted(known, array, side="right")
    share = 50.0 * (1 + (below - above) / (len(known) - 1))
    return [float(value) if np.isfinite(x) else 50.0 for value, x in zip(share, array, strict=True)]
