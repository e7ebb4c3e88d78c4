"""What a ranking learns of a project: which labels are wrong, and how good a pre-fill will be.

Faults are planted in copies of the project's own labels; what reviewers said counts for more. What
was planted for a label once is kept in the ranking and not planted again.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from active_learning.forest import Forest, fit_regressor
from active_learning.label_risk import RISK_SIGNALS, RiskModel, fit_labels, sigmoid
from active_learning.learn import FOLDS, calibrate, fold_of

log = logging.getLogger(__name__)

LEAST_LABELS = 30  # below this the shipped model is better than one learnt of so few
LEAST_PREFILLS = 50  # the same for predicted Dice
VERDICT_WEIGHT = 5.0  # of what a person said, beside one planted fault
COVERAGE = 0.95  # share of pre-fills whose Dice is above its lower bound

DICE_SIGNALS = (*RISK_SIGNALS, "flip_dice", "score")

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Known:
    """Labels known to be right or wrong: `rows` (N, F) of RISK_SIGNALS, `bad` (N,), `garments`
    and `weights` (N,)."""

    rows: Rows
    bad: NDArray[np.bool_]
    garments: Sequence[str]
    weights: NDArray[np.float64]


def learn_risk(known: Known, begin: RiskModel) -> tuple[RiskModel, dict[str, Any]]:
    """A risk model of the project and what it is worth, judged on garments it did not learn from.

    Where it is no better there than the one to begin with, that one is kept and calibrated anew.
    """
    folds = fold_of(list(known.garments))
    held = np.zeros(len(known.rows))
    for fold in range(FOLDS):
        inside = folds == fold
        if not _both(known.bad[~inside]) or not inside.any():
            return begin, {"labels": len(known.rows), "kept": "too few garments to judge a model"}
        forest = fit_labels(known.rows[~inside], known.bad[~inside], weights=known.weights[~inside])
        held[inside] = forest.raw(known.rows[inside])
    before = begin.labels.raw(known.rows)
    own, old = (_auroc(known, values) for values in (held, before))
    figures: dict[str, Any] = {
        "examples": len(known.rows), "auroc": round(own, 4), "auroc_before": round(old, 4),
    }  # fmt: skip
    if own <= old:
        slope, shift = calibrate(before, known.bad)
        return RiskModel(begin.arcs, begin.labels, slope, shift), {**figures, "kept": "shipped"}
    slope, shift = calibrate(held, known.bad)
    forest = fit_labels(known.rows, known.bad, weights=known.weights)
    return RiskModel(begin.arcs, forest, slope, shift), figures


@dataclass(frozen=True)
class DiceModel:
    """Predicts the Dice of a pre-fill; `shift` moves the lower bound to where it holds."""

    middle: Forest
    low: Forest
    shift: float

    def predict(self, rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predicted Dice (N,) and its lower bound (N,), both 0 to 1."""
        middle = np.clip(self.middle.raw(rows), 0, 1)
        return middle, np.clip(np.minimum(self.low.raw(rows) + self.shift, middle), 0, 1)


def learn_dice(
    rows: Rows, dice: NDArray[np.float64], garments: Sequence[str]
) -> tuple[DiceModel | None, dict[str, Any]]:
    """Predicted Dice from corrected pre-fills (N, F) of DICE_SIGNALS, judged out of fold.

    The lower bound is a quantile that is moved until `COVERAGE` of the pre-fills that it did not
    learn from are above it (Romano et al. 2019, conformalised quantile regression).
    """
    folds = fold_of(list(garments))
    sizes = np.bincount(folds, minlength=FOLDS)
    if len(rows) < LEAST_PREFILLS or sizes.min() < 5:
        return None, {"prefills": len(rows)}
    middle, low = np.zeros(len(rows)), np.zeros(len(rows))
    constant = np.zeros(len(rows))
    for fold in range(FOLDS):
        inside = folds == fold
        middle[inside] = _middle(rows[~inside], dice[~inside]).raw(rows[inside])
        low[inside] = _low(rows[~inside], dice[~inside]).raw(rows[inside])
        constant[inside] = np.median(dice[~inside])
    level = np.ceil(COVERAGE * (len(rows) + 1)) / len(rows)
    shift = -float(np.quantile(low - dice, min(1.0, level)))
    model = DiceModel(_middle(rows, dice), _low(rows, dice), shift)
    return model, {
        "prefills": len(rows),
        "error": round(float(np.abs(np.clip(middle, 0, 1) - dice).mean()), 4),
        "error_constant": round(float(np.abs(constant - dice).mean()), 4),
        "coverage": round(float((dice >= low + shift).mean()), 4),
    }


def drawn(mask_digest: str) -> float:
    """A number of each label, 0 to 1: those with the smallest are learnt from, always the same."""
    return int.from_bytes(sha256(f"learn/{mask_digest}".encode()).digest()[:6], "big") / 2**48


def _middle(rows: Rows, dice: NDArray[np.float64]) -> Forest:
    return fit_regressor(DICE_SIGNALS, rows, dice)


def _low(rows: Rows, dice: NDArray[np.float64]) -> Forest:
    return fit_regressor(DICE_SIGNALS, rows, dice, quantile=1 - COVERAGE)


def _auroc(known: Known, log_odds: NDArray[np.float64]) -> float:
    return float(roc_auc_score(known.bad, sigmoid(log_odds), sample_weight=known.weights))


def _both(bad: NDArray[np.bool_]) -> bool:
    return bool(bad.any() and (~bad).any())
