"""Label risk in one project: the shipped model, the project's own labels, and what reviewers said.

Few labels are judged by the shipped model alone; the more there are, the more a model counts that
was learnt from their own spoilt copies, always out of fold by garment.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from active_learning.label_risk import RiskModel, fit_labels, sigmoid
from active_learning.learn import FOLDS, calibrate, fold_of

FEWEST = 40  # labels below which a project learns nothing of its own
_HALF = 120  # labels at which the project's own model counts as much as the shipped one
_VERDICT_WEIGHT = 4.0  # a label a person judged teaches as much as this many that nobody did
_VERDICT_PRIOR = 20.0  # verdicts at which they count as much as the calibration before them

Rows = NDArray[np.floating]


def project_risks(
    rows: Rows,
    garments: Sequence[str],
    planted: Rows,
    planted_garments: Sequence[str],
    prior: RiskModel,
    *,
    verdicts: Sequence[bool | None] | None = None,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Risk (N,) of each label of a project, 0 surely right to 1 surely wrong.

    Args:
        rows: (N, F) values of RISK_SIGNALS of the labels as they are.
        garments: N names; all views of a garment are judged by what was learnt from others.
        planted: (M, F) of their spoilt copies (`make_examples`), any number of them.
        planted_garments: M names.
        prior: the shipped model.
        verdicts: N, True where a reviewer said the label was wrong, False where it was right,
            None where nobody has looked.
    """
    if not len(rows):
        return np.zeros(0)
    said = list(verdicts) if verdicts is not None else [None] * len(rows)
    odds = prior.log_odds(rows)
    if len(set(garments)) >= FEWEST and len(planted) >= FEWEST:
        own = _own_log_odds(rows, garments, planted, planted_garments, said, seed)
        share = len(rows) / (len(rows) + _HALF)
        odds = (1 - share) * odds + share * own
    return sigmoid(_corrected(odds, said))


def _own_log_odds(
    rows: Rows,
    garments: Sequence[str],
    planted: Rows,
    planted_garments: Sequence[str],
    said: Sequence[bool | None],
    seed: int,
) -> NDArray[np.float64]:
    """Calibrated log odds of the labels by models that saw no view of their garment."""
    everything = np.concatenate([rows, planted])
    bad = np.array([value is True for value in said] + [True] * len(planted))
    weights = np.array([1.0 if value is None else _VERDICT_WEIGHT for value in said])
    weights = np.concatenate([weights, np.ones(len(planted))])
    folds = fold_of([*garments, *planted_garments])
    held = np.zeros(len(everything))
    for fold in range(FOLDS):
        inside = folds == fold
        if not inside.any():
            continue
        known = ~inside
        if len(np.unique(bad[known])) < 2:
            return np.zeros(len(rows))
        forest = fit_labels(everything[known], bad[known], weights=weights[known], seed=seed)
        held[inside] = forest.raw(everything[inside])
    slope, shift = calibrate(held, bad)
    return np.asarray(slope * held[: len(rows)] + shift)


def _corrected(odds: NDArray[np.float64], said: Sequence[bool | None]) -> NDArray[np.float64]:
    """Log odds moved so that, over the reviewed labels, as many are bad as reviewers said.

    Only a shift, so that the order stays; it is drawn towards none by few verdicts.
    """
    reviewed = np.array([value is not None for value in said])
    if not reviewed.any():
        return odds
    wanted = sum(value is True for value in said)
    low, high = -10.0, 10.0
    for _ in range(50):  # the expected number of bad ones rises with the shift
        middle = (low + high) / 2
        if sigmoid(odds[reviewed] + middle).sum() < wanted:
            low = middle
        else:
            high = middle
    count = int(reviewed.sum())
    shift = float(np.clip((low + high) / 2, -4, 4))
    return odds + shift * count / (count + _VERDICT_PRIOR)
