"""What verdicts say of other labels: one that is found wrong brings forward the likes of it.

Labels are alike that one person made at about the same time, and whose signals speak of the same
kind of fault. The log odds of each label are those of its own risk and a shift, and shifts of
labels that are alike go together: a Gaussian process for classification (Rasmussen and Williams
2006, algorithm 3.1), of which the mean alone is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from active_learning.risk.label_risk import RISK_SIGNALS, sigmoid

_BY_PERSON = 0.3  # variance of the shift, in log odds, that all labels of a person share
_BY_SESSION = 1.5  # and those of one session of theirs
_BY_FAULT = 1.0  # and labels with the same kind of fault
_SESSION_S = 3600.0  # saves this far apart share a third of their session's shift
_ALIKE = 1.0  # distance of fault signs at which labels share 0.6 of their shift
_STEPS = 20
_SURE = 12.0  # log odds beyond which a risk says no more
_SIGNS = [
    RISK_SIGNALS.index(name)
    for name in (
        "missing_top",
        "missing_middle",
        "missing_bottom",
        "extra_top",
        "extra_middle",
        "extra_bottom",
    )
]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class LabelPlaces:
    """Where N labels stand to one another: who made each, when it was saved, in seconds, and its
    fault signs (N, K), NaN where they are not known."""

    people: Sequence[str]
    saved_s: Values
    signs: Values


def fault_signs(rows: NDArray[np.floating]) -> Values:
    """Where the model misses or sees too much, of rows (N, F) of RISK_SIGNALS, as (N, K) shares of
    all of it: top, middle and bottom of either."""
    found = np.asarray(rows, dtype=np.float64)[:, _SIGNS]
    total = np.nansum(found, axis=1, keepdims=True)
    return np.where(total > 0, found / np.maximum(total, 1e-12), np.nan)


def shifted_risks(
    risks: NDArray[np.floating],
    places: LabelPlaces,
    judged_risks: NDArray[np.floating],
    judged: LabelPlaces,
    wrong: NDArray[np.bool_],
) -> Values:
    """Risks (N,) of labels once people have judged M others, of which `wrong` (M,) were wrong."""
    own = log_odds(risks)
    if not len(wrong):
        return sigmoid(own)
    offsets = log_odds(judged_risks)
    kernel = _alike(judged, judged)
    shift = np.zeros(len(wrong))
    pull = np.zeros(len(wrong))
    for _ in range(_STEPS):
        likely = sigmoid(offsets + shift)
        weight = np.maximum(likely * (1 - likely), 1e-6)
        root = np.sqrt(weight)
        aim = weight * shift + wrong - likely
        inner = np.eye(len(wrong)) + root[:, None] * kernel * root
        pull = aim - root * np.linalg.solve(inner, root * (kernel @ aim))
        shift = kernel @ pull
    return sigmoid(own + _alike(places, judged) @ pull)


def log_odds(risks: NDArray[np.floating]) -> Values:
    """Log odds (N,) of risks, kept within what a verdict can still move."""
    low = 1 / (1 + np.exp(_SURE))
    clipped = np.clip(np.asarray(risks, dtype=np.float64), low, 1 - low)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _alike(one: LabelPlaces, other: LabelPlaces) -> Values:
    """Covariance (N, M) of the shifts of labels."""
    same = np.array(one.people)[:, None] == np.array(other.people)
    apart = np.abs(one.saved_s[:, None] - other.saved_s)
    by_person = same * (_BY_PERSON + _BY_SESSION * np.exp(-apart / _SESSION_S))
    away = ((one.signs[:, None] - other.signs) ** 2).sum(axis=2)
    by_fault = _BY_FAULT * np.exp(-np.nan_to_num(away, nan=np.inf) / (2 * _ALIKE**2))
    return by_person + by_fault
