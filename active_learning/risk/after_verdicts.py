"""What verdicts say of other labels: one that is found wrong brings forward the likes of it.

Alike are labels that one person made at about the same time and that differ from the model in the
same places. The log odds of each label are those of its own risk and a shift, and the shifts of
labels that are alike go together: a Gaussian process for classification (Rasmussen and Williams
2006, algorithm 3.1), of which the mean alone is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from active_learning.risk.label_risk import RISK_SIGNALS, sigmoid

SESSION_S = 3600.0  # labels made this far apart share a third of what they share at once
_VARIANCE = 5.0  # of a shift, in log odds: sessions with and without a bad habit are that far apart
_ALIKE = 0.5  # distance of fault signs at which labels share 0.6 of their shift
_STEPS = 6
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
    """Where N labels stand to one another: who made each, when, in seconds (N,), and its fault
    `signs` (N, K) by `fault_signs`."""

    people: Sequence[str]
    made_s: Values
    signs: Values


def fault_signs(rows: NDArray[np.floating]) -> Values:
    """Where labels differ from the model, of rows (N, F) of RISK_SIGNALS, as shares (N, 6): what is
    missing at the top, in the middle and at the bottom, and what is extra there. Zeros where they
    do not differ, or nothing is known."""
    found = np.nan_to_num(np.asarray(rows, dtype=np.float64)[:, _SIGNS])
    total = found.sum(axis=1, keepdims=True)
    return np.asarray(found / np.where(total > 0, total, 1.0))


def shifted_risks(
    risks: NDArray[np.floating],
    places: LabelPlaces,
    judged_risks: NDArray[np.floating],
    judged: LabelPlaces,
    wrong: NDArray[np.bool_],
) -> Values:
    """Risks (N,) of labels once people have judged M labels, of which `wrong` (M,) were wrong. All
    risks are those from before any verdict."""
    own = _log_odds(risks)
    if not len(wrong):
        return sigmoid(own)
    offsets = _log_odds(judged_risks)
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


def _log_odds(risks: NDArray[np.floating]) -> Values:
    """Log odds (N,) of risks, kept within what verdicts can still move."""
    low = 1 / (1 + np.exp(_SURE))
    clipped = np.clip(np.asarray(risks, dtype=np.float64), low, 1 - low)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _alike(one: LabelPlaces, other: LabelPlaces) -> Values:
    """Covariance (N, M) of the shifts of labels."""
    same = np.array(one.people)[:, None] == np.array(other.people)
    apart = np.abs(one.made_s[:, None] - other.made_s)
    away = ((one.signs[:, None] - other.signs) ** 2).sum(axis=2)
    near = np.exp(-apart / SESSION_S - away / (2 * _ALIKE**2))
    return np.asarray(_VARIANCE * same * near)
