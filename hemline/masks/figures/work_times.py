"""Seconds that people worked on masks: without breaks, by pace, and what pre-fills save of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemline.masks.figures.statistics import Interval, difference_of_means

OWN_PACE = 10  # masks of a person for a pace of their own
FEWEST_TIMED = 10  # masks on either side for a word on what pre-fills save
_BREAK = 4.0  # times a person's median: whoever is longer was away
LONGEST_DRAWN = 2.0  # times the usual time of drawing that correcting may take and be no break
_LEAST_S = 1.0  # a shorter time is no measurement, and its logarithm would outweigh the others
_POOLED = 5  # masks that the pace of all counts as, in the pace of one person

Seconds = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TimeSaved:
    """What `masks` pre-fills saved in all, in seconds, against drawing from nothing, with a 95 %
    interval, and in the mean for each. Negative: they cost time."""

    masks: int
    seconds: float
    interval: Interval
    each: float


def without_breaks(
    seconds: Sequence[float] | Seconds, people: Sequence[str], *, no_break_s: float = 0.0
) -> Seconds:
    """Work times (N,): none longer than 4 times the median of its person, or of all people where
    the person has fewer than 10. A task that stays open over lunch took no work.

    Up to `no_break_s` a time is work however quick the rest was: most pre-fills take seconds, and a
    hopeless one as long as drawing does (`LONGEST_DRAWN` times its usual time).

    >>> without_breaks([10, 20, 30, 3600], ["a", "a", "a", "a"]).tolist()
    [10.0, 20.0, 30.0, 100.0]
    """
    times = np.asarray(seconds, dtype=np.float64)
    return np.minimum(times, np.maximum(_BREAK * paces(times, people), no_break_s))


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


def pooled_paces(*kinds: tuple[Sequence[float] | Seconds, Sequence[str]]) -> dict[str, float]:
    """How many times as long as others each person takes, from times of several kinds of work,
    each with the names of its people: 2 is half as fast. Breaks are left out.

    Who has few masks is near 1: the geometric mean, with 5 masks at the pace of all beside the
    person's own. Kinds are compared with themselves, so whoever has more of the long ones is not
    slower for it.

    >>> pace = pooled_paces(([10.0] * 5 + [40.0] * 5, ["ada"] * 5 + ["bo"] * 5))
    >>> {name: round(times, 2) for name, times in pace.items()}
    {'ada': 0.63, 'bo': 1.26}
    """
    logs: dict[str, list[float]] = defaultdict(list)
    for seconds, people in kinds:
        times = np.maximum(without_breaks(seconds, people), _LEAST_S)
        for ratio, name in zip(times / np.median(times) if len(times) else (), people, strict=True):
            logs[name].append(float(np.log(ratio)))
    return {name: float(np.exp(sum(own) / (len(own) + _POOLED))) for name, own in logs.items()}


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
    each, (low, high) = difference_of_means(without, with_one, seed=seed)
    masks = len(with_one)
    return TimeSaved(masks, each * masks, (low * masks, high * masks), each)
