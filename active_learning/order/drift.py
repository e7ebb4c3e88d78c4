"""Whether a project moved: another model on the same frozen photos, or other photos altogether."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hemline.masks.figures.statistics import Interval, mean_interval

_BINS = 10


@dataclass(frozen=True)
class Drift:
    """Mean of the paired differences of Dice, new less old, with its 95 % bootstrap interval (None
    for one pair, which says nothing of its spread), and the index of the photo that lost most."""

    mean: float
    interval: Interval | None
    count: int
    worst: int


def paired_drift(old: Sequence[float], new: Sequence[float], *, seed: int = 0) -> Drift | None:
    """Compare two models on the same photos; None without any.

    Raises:
        ValueError: there are not as many of the one as of the other.
    """
    if len(old) != len(new):
        raise ValueError(f"{len(old)} old and {len(new)} new figures do not pair up")
    gaps = np.asarray(new, dtype=np.float64) - np.asarray(old, dtype=np.float64)
    if not len(gaps):
        return None
    interval = mean_interval(gaps, seed=seed)
    return Drift(float(gaps.mean()), interval, len(gaps), int(gaps.argmin()))


def population_stability(before: Sequence[float], after: Sequence[float]) -> float:
    """Population stability index of two sets of scores: 0 the same, over 0.25 another population.

    Bins are the deciles of `before`; half an item is added to each bin, so that an empty one says
    little and not everything. 0 where either is empty.
    """
    first = np.asarray(before, dtype=np.float64)
    second = np.asarray(after, dtype=np.float64)
    first, second = first[np.isfinite(first)], second[np.isfinite(second)]
    if not len(first) or not len(second):
        return 0.0
    edges = np.unique(np.quantile(first, np.linspace(0, 1, _BINS + 1)[1:-1]))
    shares = []
    for values in (first, second):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        shares.append((counts + 0.5) / (counts + 0.5).sum())
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
