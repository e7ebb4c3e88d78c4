"""Whether a candidate is better than the champion: a paired test over gold garments."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.segmentation.evaluation import ItemFigures

_EXACT_UP_TO = 14  # garments; 2^14 sign patterns are counted out, more are drawn
_DRAWS = 20_000


@dataclass(frozen=True, slots=True)
class Judgement:
    """The decision, in one sentence for people, and the figures it rests on."""

    promoted: bool
    decision: str
    figures: dict[str, Any]


def judge(
    candidate: Sequence[ItemFigures], champion: Sequence[ItemFigures] | None, *, level: float
) -> Judgement:
    """Promotes a candidate whose mean Dice on the gold split is higher at the one-sided `level`.

    The views of a garment are alike, so garments are what is counted: their mean differences are
    tested by sign flips (the null hypothesis: either model could have made either mask), exactly
    for few garments. Without a champion a candidate need only beat the empty mask.
    """
    mine, theirs = _by_garment(candidate), _by_garment(champion or [])
    if champion is not None and set(mine) != set(theirs):
        raise ValueError("candidate and champion were evaluated on different garments")
    difference = np.array([mine[garment] - theirs.get(garment, 0.0) for garment in sorted(mine)])
    figures: dict[str, Any] = {"garments": len(difference), "photos": len(candidate)}
    if not len(difference):
        return Judgement(False, "not promoted: the gold split is empty", figures)
    mean = float(difference.mean())
    p = sign_flip_p(difference)
    low, high = bootstrap_interval(difference)
    figures |= {
        "mean_dice": _mean_dice(candidate),
        "champion_mean_dice": _mean_dice(champion) if champion else None,
        "difference": mean,
        "low": low,
        "high": high,
        "p": p,
        "level": level,
        "items": [_row(item, champion) for item in candidate],
    }
    promoted = mean > 0 and p <= level
    measured = (
        f"Dice {mean:+.4f} [{low:+.4f}, {high:+.4f}] on {len(difference)} gold garments, "
        f"p = {p:.4f} (needs {level:g})"
    )
    return Judgement(promoted, f"{'promoted' if promoted else 'not promoted'}: {measured}", figures)


def sign_flip_p(difference: NDArray[np.float64]) -> float:
    """One-sided p of mean(difference) > 0 under random signs. Exact for up to 14 values."""
    n = len(difference)
    if n <= _EXACT_UP_TO:
        signs = np.array(list(product((1.0, -1.0), repeat=n)))
        means = signs @ difference / n
        return float(np.mean(means >= difference.mean() - 1e-12))
    signs = np.random.default_rng(0).choice((1.0, -1.0), size=(_DRAWS, n))
    hits = int(np.sum(signs @ difference / n >= difference.mean() - 1e-12))
    return (hits + 1) / (_DRAWS + 1)


def bootstrap_interval(values: NDArray[np.float64], *, share: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean, seeded."""
    draws = np.random.default_rng(0).choice(values, size=(4_000, len(values))).mean(axis=1)
    low, high = np.quantile(draws, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def _by_garment(items: Sequence[ItemFigures]) -> dict[str, float]:
    groups: dict[str, list[float]] = defaultdict(list)
    for item in items:
        groups[item.garment].append(item.dice)
    return {garment: float(np.mean(values)) for garment, values in groups.items()}


def _mean_dice(items: Sequence[ItemFigures]) -> float:
    return float(np.mean([item.dice for item in items]))


def _row(item: ItemFigures, champion: Sequence[ItemFigures] | None) -> dict[str, Any]:
    theirs = next((other for other in champion or [] if other.id == item.id), None)
    return {
        "id": item.id,
        "garment": item.garment,
        "dice": item.dice,
        "champion_dice": theirs.dice if theirs else None,
        "labels": item.labels,
        "champion_labels": theirs.labels if theirs else {},
    }
