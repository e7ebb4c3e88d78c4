"""Label risk: the probability that a label is wrong, from its signals.

Two steps, both learnt from labels with planted faults. The first looks at each point of an outline
and says whether the outline is off there; the second looks at the whole label, with what the first
found, and says whether a person should look.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from active_learning.risk.forest import Forest, fit_classifier
from active_learning.signals.arc_signals import ARC_SIGNALS
from active_learning.signals.label_signals import LABEL_SIGNALS, MeasuredLabel

ARC_VALUES = (
    "arc_mean",
    "arc_p90",
    "arc_worst_5",
    "arc_worst_10",
    "arc_worst_20",
    "arc_worst_40",
    "arc_share",
    "arc_sure_share",
)
RISK_SIGNALS = (*LABEL_SIGNALS, *ARC_VALUES)
_MORE_IS_WORSE = {
    "hd95",
    "assd",
    "missing_total",
    "extra_total",
    "missing_largest",
    "extra_largest",
    "missing_depth",
    "extra_depth",
    "missing_top",
    "missing_middle",
    "missing_bottom",
    "extra_top",
    "extra_middle",
    "extra_bottom",
    "missing_alike",
    "missing_alike_largest",
    "extra_unlike",
    "extra_unlike_largest",
    "missing_seam_share",
    "extra_seam_share",
    "contrast_low",
    "shift_gain",
    "shift_spread",
    *ARC_VALUES,
}
_LESS_IS_WORSE = {
    "softmin",
    "model_dice",
    "boundary_iou",
    "mean_inside",
    "expected_dice",
    "class_agreement",
    "worst_class_dice",
    "contrast_mean",
    "contrast_p10",
    "contrast_p25",
    "contrast_worst_tenth",
    "likelihood_rim_in",
    "likelihood_split",
    "missing_seam",
    "extra_seam",
}
# What a garment is like (its size, shape, texture) tells studios apart rather than labels: learnt
# from are those signals alone of which one knows what is worse, and only in that direction.
_DIRECTIONS = np.array(
    [(name in _MORE_IS_WORSE) - (name in _LESS_IS_WORSE) for name in RISK_SIGNALS], dtype=np.int8
)
OFF = 0.012  # of the mask's side: a point farther from the true outline than this is off
BASE_RATE = 0.1  # share of bad labels that a risk is the probability for, until verdicts say more
STRANGER = 0.3  # Dice with the prediction below which the two are hardly of the same thing
_SURE_WRONG = 0.98  # the most that no agreement at all says


@dataclass(frozen=True)
class RiskModel:
    """What is learnt: `arcs` of ARC_SIGNALS, `labels` of RISK_SIGNALS, and a calibration, which
    is monotone: risk = sigmoid(slope x log odds + shift)."""

    arcs: Forest
    labels: Forest
    slope: float = 1.0
    shift: float = 0.0

    def row(self, signals: MeasuredLabel) -> NDArray[np.float32]:
        """One label's values by the names of RISK_SIGNALS, (F,)."""
        return risk_row(signals, point_risks(self.arcs, signals))

    def log_odds(self, rows: NDArray[np.floating]) -> NDArray[np.float64]:
        """Log odds (N,) that the labels of rows (N, F) are bad, calibrated."""
        return self.slope * self.labels.raw(rows) + self.shift

    def risk(self, rows: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probability (N,) that each label is bad: 0 surely right, 1 surely wrong."""
        return sigmoid(self.log_odds(rows))


def least_risks(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """What the risk of each label is at least (N,), of rows (N, F) of RISK_SIGNALS.

    An inverted mask has a perfect outline, and what is learnt of outlines finds it right. A label
    that shares next to nothing with what the model is sure of needs a person, whatever else speaks
    for it: 0.98 for no overlap with a sure prediction, 0 from a Dice of 0.3 on or without a model.
    """
    values = np.asarray(rows, dtype=np.float64)
    agreed = values[:, RISK_SIGNALS.index("model_dice")]
    sure = values[:, RISK_SIGNALS.index("own_expected_dice")]
    floor = _SURE_WRONG * np.clip(sure, 0, 1) * np.clip(1 - agreed / STRANGER, 0, 1)
    return np.nan_to_num(floor)


def point_risks(arcs: Forest, signals: MeasuredLabel) -> NDArray[np.float64]:
    """Probability (N,) that the outline is off at each of its points; 0 at the photo's border."""
    if not len(signals.arcs):
        return np.zeros(0)
    risks = sigmoid(arcs.raw(signals.arcs))
    risks[np.isnan(signals.arcs[:, 0])] = 0.0
    return risks


def risk_row(signals: MeasuredLabel, points: NDArray[np.float64]) -> NDArray[np.float32]:
    """The second step's input (F,) from a label's signals and its points' risks."""
    values = [signals.values[name] for name in LABEL_SIGNALS]
    return np.array([*values, *arc_values(points, signals.piece)], dtype=np.float32)


def arc_values(points: NDArray[np.float64], piece: NDArray[np.int64]) -> list[float]:
    """Values by the names of ARC_VALUES; the worst arc of a length is the highest mean risk."""
    if not len(points):
        return [float("nan")] * len(ARC_VALUES)
    worst = [worst_arc(points, piece, share)[0] for share in (0.05, 0.1, 0.2, 0.4)]
    return [
        float(points.mean()),
        float(np.percentile(points, 90)),
        *worst,
        float((points > 0.5).mean()),
        float((points > 0.8).mean()),
    ]


def worst_arc(
    points: NDArray[np.floating], piece: NDArray[np.int64], share: float
) -> tuple[float, NDArray[np.int64]]:
    """Highest mean over any stretch of `share` of all points, within one outline, and where.

    An outline shorter than the stretch counts as if the rest of the stretch were 0.

    Returns:
        the mean and the indices of the stretch's points.
    """
    length = max(1, round(share * len(points)))
    best, where = -1.0, np.zeros(0, dtype=np.int64)
    for number in np.unique(piece):
        own = np.flatnonzero(piece == number)
        reach = min(length, len(own))
        around = np.concatenate([points[own], points[own[: reach - 1]]])
        sums = np.cumsum(np.concatenate([[0.0], around]))
        means = (sums[reach:] - sums[:-reach]) / length
        start = int(means.argmax())
        if means[start] > best:
            best = float(means[start])
            where = own[(start + np.arange(reach)) % len(own)]
    return best, where


def sigmoid(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """1 / (1 + e^-x), for any x."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * np.asarray(values, dtype=np.float64))))


@dataclass(frozen=True)
class ArcExample:
    """The points of one label: `signals` (N, F) and `off` (N,), where the outline is off."""

    signals: NDArray[np.float32]
    off: NDArray[np.bool_]


_POINTS_OF_A_LABEL = 64  # neighbours are alike: more of them teach little


def fit_arcs(examples: Sequence[ArcExample], *, seed: int = 0) -> Forest:
    """Learn where an outline is off, from some points of each label."""
    rng = np.random.default_rng(seed)
    rows, off = [], []
    for example in examples:
        usable = np.flatnonzero(~np.isnan(example.signals[:, 0]))
        chosen = rng.permutation(usable)[:_POINTS_OF_A_LABEL]
        rows.append(example.signals[chosen])
        off.append(example.off[chosen])
    return fit_classifier(
        ARC_SIGNALS,
        np.concatenate(rows),
        np.concatenate(off),
        trees=120,
        leaves=16,
        rate=0.1,
        smallest_leaf=50,
        seed=seed,
    )


def fit_labels(
    rows: NDArray[np.floating],
    bad: NDArray[np.bool_],
    *,
    weights: NDArray[np.floating] | None = None,
    seed: int = 0,
) -> Forest:
    """Learn which labels are bad from rows (N, F) of RISK_SIGNALS; both sides weigh the same."""
    given = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=np.float64)
    balance = np.where(bad, given[~bad].sum() / max(given[bad].sum(), 1e-9), 1.0)
    return fit_classifier(
        RISK_SIGNALS,
        rows,
        bad,
        weights=given * balance,
        directions=_DIRECTIONS,
        trees=150,
        leaves=8,
        rate=0.06,
        seed=seed,
    )
