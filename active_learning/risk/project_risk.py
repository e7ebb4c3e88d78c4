"""What a ranking learns of a project's labels: which are wrong.

Faults are planted in copies of the project's own labels; what reviewers said counts for more. A
label is judged by a model that learnt from other garments: one that had learnt that this very label
is right would say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from active_learning.label_features import LabelFeatures, risks_of
from active_learning.risk.forest import Forest
from active_learning.risk.label_risk import RiskModel, fit_labels
from active_learning.risk.learn import FOLDS, calibrate, fold_of

LEAST_LABELS = 40  # below this the shipped model is better than one learnt of so few
_HALF = 120  # labels at which the project's own model counts as much as the shipped one
_VERDICT_WEIGHT = 4.0  # of what a person said, beside one planted fault

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Known:
    """Labels known to be right or wrong: `rows` (N, F) of RISK_SIGNALS, `bad` (N,), `garments`,
    and `judged` (N,), whether a person said so."""

    rows: Rows
    bad: NDArray[np.bool_]
    garments: Sequence[str]
    judged: NDArray[np.bool_]


@dataclass(frozen=True)
class ProjectRisk:
    """Label risk in one project: the shipped model, and forests of its own, one a fold, none of
    which saw the garments of its fold. `share` is what the project's own count for, 0 to 1."""

    prior: RiskModel
    folds: Sequence[Forest] = ()
    slope: float = 1.0
    shift: float = 0.0
    share: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)

    def risks(self, features: Sequence[LabelFeatures], garments: Sequence[str]) -> list[float]:
        """Risk of each label, 0 surely right to 1 surely wrong."""

        def log_odds(rows: Rows, where: NDArray[np.int64]) -> NDArray[np.float64]:
            odds = self.prior.log_odds(rows)
            if not self.folds:
                return odds
            own = np.zeros(len(rows))
            fold = fold_of([garments[k] for k in where])
            for number, forest in enumerate(self.folds):
                if (fold == number).any():
                    own[fold == number] = forest.raw(rows[fold == number])
            own = self.slope * own + self.shift
            return np.asarray((1 - self.share) * odds + self.share * own)

        return risks_of(features, log_odds)


def learn_risk(known: Known, prior: RiskModel, labels: int) -> ProjectRisk:
    """What is known of a project's labels as a model, and what it is worth on other garments.

    labels: number of labels that faults were planted in.
    """
    folds = fold_of(list(known.garments))
    weights = np.where(known.judged, _VERDICT_WEIGHT, 1.0)
    held = np.zeros(len(known.rows))
    forests = []
    for fold in range(FOLDS):
        others = folds != fold
        if len(np.unique(known.bad[others])) < 2:
            return ProjectRisk(prior, figures={"labels": labels, "why": "too few garments"})
        forest = fit_labels(known.rows[others], known.bad[others], weights=weights[others])
        held[~others] = forest.raw(known.rows[~others])
        forests.append(forest)
    slope, shift = calibrate(held, known.bad)
    figures = {
        "labels": labels,
        "verdicts": int(known.judged.sum()),
        "auroc": round(float(roc_auc_score(known.bad, held)), 4),
        "auroc_shipped": round(float(roc_auc_score(known.bad, prior.log_odds(known.rows))), 4),
    }
    return ProjectRisk(prior, forests, slope, shift, labels / (labels + _HALF), figures)


def drawn(mask_digest: str) -> float:
    """A number of each label, 0 to 1: those with the smallest are learnt from, always the same."""
    return int.from_bytes(sha256(f"learn/{mask_digest}".encode()).digest()[:6], "big") / 2**48
