"""A row of figures in a few numbers: mean and median with intervals, and corrected for outliers.

Every summary of figures goes through here, so that an evaluation, a ranking and a page of the
dashboard never differ by how they were summed up.
"""

from collections.abc import Collection
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]
Interval = tuple[float, float]

OUTLIER_SPREADS = 2.5
LEVEL = 0.95  # of the intervals
_MAD_TO_SIGMA = 1.4826  # of a normal distribution: 1 / Φ⁻¹(3/4)
_MEAN_DEVIATION_TO_SIGMA = 1.2533  # of a normal distribution: √(π/2)
_DRAWS = 4_000
_DRAWN_UP_TO = 1_000  # values; the mean of more is bootstrapped by its expansion
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Summary:
    """What `summarise` says of some values.

    The figures are None where they are undefined: all of them for no value, the intervals for one
    value, which says nothing of its spread, and the corrected ones where every value was left out.
    """

    n: int
    mean: float | None
    median: float | None
    mean_interval: Interval | None
    median_interval: Interval | None
    corrected_mean: float | None
    corrected_median: float | None
    outliers: tuple[int, ...]  # indices of the values, ascending
    left_out: tuple[int, ...]  # indices of what the corrected figures leave out, ascending


def summarise(
    values: ArrayLike,
    *,
    confirmed_bad: Collection[int] | None = None,
    seed: int = 0,
    worse: Literal["low", "high"] = "low",
) -> Summary:
    """Mean and median of some values with 95 % bootstrap intervals, and without the bad ones.

    The corrected figures leave out the outliers; where `confirmed_bad` is given they leave out just
    these, outliers or not, as what a person confirmed as bad ground truth says nothing of a model.

    Args:
        values: (n,) finite numbers, of any unit.
        confirmed_bad: indices of values to leave out in place of the outliers.
        seed: of the bootstrap; the same values and seed give the same intervals.
        worse: the side that outliers are on: "low" for Dice, "high" for distances.

    Raises:
        ValueError: a value is NaN or infinite, the values are not one row, or an index of
            `confirmed_bad` is none of a value.
    """
    row = _checked(values)
    outliers = find_outliers(row, worse=worse)
    left_out = outliers if confirmed_bad is None else _indices(confirmed_bad, len(row))
    kept = np.delete(row, left_out)
    return Summary(
        n=len(row),
        mean=_mean(row),
        median=_median(row),
        mean_interval=mean_interval(row, seed=seed),
        median_interval=median_interval(row, seed=seed),
        corrected_mean=_mean(kept),
        corrected_median=_median(kept),
        outliers=outliers,
        left_out=left_out,
    )


def find_outliers(values: ArrayLike, *, worse: Literal["low", "high"] = "low") -> tuple[int, ...]:
    """Indices of the values below median − 2.5 · 1.4826 · MAD (above its mirror for "high").

    MAD is the median absolute deviation from the median, and 1.4826 · MAD a standard deviation
    that outliers do not move (Leys et al., J. Exp. Soc. Psychol. 49, 2013). Where more than half
    of the values are equal MAD is 0 and would call every other value an outlier; 1.2533 times the
    mean absolute deviation takes its place there (Iglewicz and Hoaglin, 1993).

    Raises:
        ValueError: a value is NaN or infinite, or the values are not one row.
    """
    row = _checked(values)
    if not len(row):
        return ()
    below = np.median(row) - row if worse == "low" else row - np.median(row)
    deviations = np.abs(below)
    spread = _MAD_TO_SIGMA * np.median(deviations)
    if spread == 0:
        spread = _MEAN_DEVIATION_TO_SIGMA * deviations.mean()
    return tuple(np.flatnonzero(below > OUTLIER_SPREADS * spread).tolist())


def mean_interval(values: ArrayLike, *, seed: int = 0) -> Interval | None:
    """Bootstrap interval of the mean, bias-corrected and accelerated; None for under two values.

    Efron, Better bootstrap confidence intervals, JASA 82, 1987. Beyond 1,000 values the bootstrap
    distribution is not drawn but expanded (Cornish and Fisher): its cumulants are known exactly
    from the values, and what the expansion leaves out is of order 1/n.
    """
    row = _checked(values)
    n = len(row)
    if n < 2:
        return None
    mean = float(row.mean())
    spread = float(row.std())
    # Equal values can miss their own mean by a rounding.
    if spread <= 1e-12 * max(1.0, abs(mean)):
        return mean, mean
    skew = float((((row - mean) / spread) ** 3).mean())
    acceleration = skew / (6 * n**0.5)
    if n > _DRAWN_UP_TO:
        low, high = (
            mean + spread / n**0.5 * (z + acceleration * (z**2 - 1))
            for z in _accelerated(acceleration, acceleration)
        )
        return max(low, float(row.min())), min(high, float(row.max()))
    draws = np.random.default_rng(seed).choice(row, size=(_DRAWS, n)).mean(axis=1)
    below = float((draws < mean).mean() + (draws == mean).mean() / 2)
    bias = _NORMAL.inv_cdf(min(max(below, 1 / _DRAWS), 1 - 1 / _DRAWS))
    shares = [_NORMAL.cdf(z) for z in _accelerated(bias, acceleration)]
    low, high = np.quantile(draws, shares).tolist()
    return low, high


def median_interval(values: ArrayLike, *, seed: int = 0) -> Interval | None:
    """Percentile bootstrap interval of the median; None for under two values.

    The medians of the resamples are drawn without drawing the resamples: the k-th smallest of n
    uniform picks has a Beta(k, n − k + 1) place among the sorted values.
    """
    row = np.sort(_checked(values))
    n = len(row)
    if n < 2:
        return None
    rng = np.random.default_rng(seed)
    middle = (n + 1) // 2
    place = rng.beta(middle, n - middle + 1, size=_DRAWS)
    draws = row[_picked(place, n)]
    if n % 2 == 0:
        next_place = place + (1 - place) * rng.beta(1, n - middle, size=_DRAWS)
        draws = (draws + row[_picked(next_place, n)]) / 2
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail]).tolist()
    return low, high


def difference_of_means(a: ArrayLike, b: ArrayLike, *, seed: int = 0) -> tuple[float, Interval]:
    """The mean of some values (n,) less that of others (m,), and its 95 % bootstrap interval.

    Beyond 1,000 values their mean is drawn from a normal distribution, which is as good there.

    Raises:
        ValueError: a value is NaN or infinite, or there is none on one side.
    """
    one, other = _checked(a), _checked(b)
    if not len(one) or not len(other):
        raise ValueError(f"means of {len(one)} and {len(other)} values cannot be compared")
    rng = np.random.default_rng(seed)
    gaps = _drawn_means(one, rng) - _drawn_means(other, rng)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(gaps, [tail, 1 - tail]).tolist()
    return float(one.mean() - other.mean()), (low, high)


def _drawn_means(values: Values, rng: np.random.Generator) -> Values:
    n = len(values)
    if n > _DRAWN_UP_TO:
        return rng.normal(values.mean(), values.std(ddof=1) / n**0.5, _DRAWS)
    return np.asarray(values[rng.integers(0, n, (_DRAWS, n))].mean(axis=1))


def _accelerated(bias: float, acceleration: float) -> tuple[float, float]:
    """The two normal quantiles of a bias-corrected, accelerated interval."""
    tail = (1 - LEVEL) / 2
    shifted = (bias + _NORMAL.inv_cdf(share) for share in (tail, 1 - tail))
    low, high = (bias + z / (1 - acceleration * z) for z in shifted)
    return low, high


def _picked(place: Values, n: int) -> NDArray[np.intp]:
    return np.minimum((place * n).astype(np.intp), n - 1)


def _checked(values: ArrayLike) -> Values:
    row = np.asarray(values, dtype=np.float64)
    if row.ndim != 1:
        raise ValueError(f"values are of shape {row.shape}, not (n,)")
    wrong = np.flatnonzero(~np.isfinite(row))
    if len(wrong):
        raise ValueError(f"value {wrong[0]} of {len(row)} is {row[wrong[0]]}, not a finite number")
    return row


def _indices(confirmed: Collection[int], n: int) -> tuple[int, ...]:
    wrong = [index for index in confirmed if not 0 <= index < n]
    if wrong:
        raise ValueError(f"index {wrong[0]} of confirmed_bad is not one of the {n} values")
    return tuple(sorted({int(index) for index in confirmed}))


def _mean(row: Values) -> float | None:
    return float(row.mean()) if len(row) else None


def _median(row: Values) -> float | None:
    return float(np.median(row)) if len(row) else None
