"""Seconds that people worked on masks: without breaks, by pace, and what pre-fills save of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemline.masks.figures.statistics import Interval

OWN_PACE = 10  # masks of a person for a pace of their own
FEWEST_TIMED = 10  # masks on either side for a word on what pre-fills save
_BREAK = 4.0  # times a person's median: whoever is longer was away
_DRAWS = 2_000
_LEVEL = (0.025, 0.975)

Seconds = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TimeSaved:
    """What `masks` pre-fills saved in all, in seconds, against drawing from nothing, with a 95 %
    interval, and in the mean for each. Negative: they cost time."""

    masks: int
    seconds: float
    interval: Interval
    each: float


def without_breaks(seconds: Sequence[float], people: Sequence[str]) -> Seconds:
    """Work times (N,): none longer than 4 times the median of its person, or of all people where
    the person has fewer than 10. A task that stays open over lunch took no work.

    >>> without_breaks([10, 20, 30, 3600], ["a", "a", "a", "a"]).tolist()
    [10.0, 20.0, 30.0, 100.0]
    """
    times = np.asarray(seconds, dtype=np.float64)
    return np.minimum(times, _BREAK * paces(times, people))


def paces(seconds: Sequence[float] | Seconds, people: Sequence[str]) -> Seconds:
    """The median (N,) of each time's person, or of all where the person has fewer than 10."""
    times = np.asarray(seconds, dtype=np.float64)
    places: dict[str, list[int]] = defaultdict(list)
    for k, name in enumerate(people):
        places[name].append(k)
    medians = np.full(len(times), np.median(times) if len(times) else 0.0)
    for own in places.values():
        if len(own) >= OWN_PACE:
            medians[own] = np.median(times[own])
    return medians


def time_saved(
    prefilled: Sequence[float] | Seconds, blank: Sequence[float] | Seconds, *, seed: int = 0
) -> TimeSaved | None:
    """What pre-fills saved: the mean of the times (M,) without one, less each time (N,) with one.

    The interval is a bootstrap's, over both. None for no pre-fill, or fewer than 10 masks without
    one, of which nothing can be said.
    """
    with_one, without = (np.asarray(values, dtype=np.float64) for values in (prefilled, blank))
    if not len(with_one) or len(without) < FEWEST_TIMED:
        return None
    rng = np.random.default_rng(seed)
    gains = _means(without, rng) - _means(with_one, rng)
    low, high = np.quantile(gains, _LEVEL) * len(with_one)
    each = float(without.mean() - with_one.mean())
    return TimeSaved(len(with_one), each * len(with_one), (float(low), float(high)), each)


def _means(values: Seconds, rng: np.random.Generator) -> Seconds:
    """Means of samples drawn again. Of many values the mean is as good as normal."""
    if len(values) > 1_000:
        return rng.normal(values.mean(), values.std(ddof=1) / np.sqrt(len(values)), _DRAWS)
    return np.asarray(values[rng.integers(0, len(values), (_DRAWS, len(values)))].mean(axis=1))
