"""How well scores tell wrong labels from right ones; what is learnt never saw the kind it is
measured on, nor the photo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from active_learning.risk.label_risk import fit_labels
from active_learning.risk.learn import CLEAN, FOLDS, Example, fold_of, out_of_fold_rows
from active_learning.signals.unusual import unusual
from benchmarks.learning.ranking_photos import tell

BASE_RATE = 0.1  # share of bad labels in a set that is drawn
SET = 1000  # labels in a set that is drawn
FIRST = 50
BASELINES = ("softmin", "model_dice", "boundary_iou", "contrast_p10")
OURS = "label risk"

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean with its 5th and 95th percentile over redraws or resamples."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.mean):
            return "–"
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Scored:
    """Labels with the scores of each method, higher for one more likely wrong.

    `by_kind[method][kind]` are the scores (N,) of all labels, for OURS by what was learnt without
    that kind; `kind` (N,) is CLEAN or what was planted; `agreement` (N,) the Dice with the model.
    """

    by_kind: Mapping[str, Mapping[str, Values]]
    kind: NDArray[np.str_]
    agreement: Values
    kinds: tuple[str, ...]

    def auroc(self, method: str, kind: str, rng: np.random.Generator) -> list[float]:
        """AUROC of one kind against the right labels; the first is of all of them, the others of
        resamples of both."""
        scores = self.by_kind[method][kind]
        bad, right = scores[self.kind == kind], scores[self.kind == CLEAN]
        found = [_auroc(bad, right)]
        for _ in range(200):
            drawn = [part[rng.integers(len(part), size=len(part))] for part in (bad, right)]
            found.append(_auroc(*drawn))
        return found


def score(examples: Sequence[Example], tested: NDArray[np.bool_], kinds: tuple[str, ...]) -> Scored:
    """Scores of the `tested` (N,) of all examples; the others are learnt from as well."""
    ours: dict[str, Values] = {}
    folds = fold_of([example.garment for example in examples])
    named = np.array([example.kind for example in examples])
    for kind in kinds:
        ours[kind] = _without(examples, folds, np.flatnonzero(named != kind), tested)
        tell(f"learnt without {kind}")
    chosen = [example for example, own in zip(examples, tested, strict=True) if own]
    by_kind: dict[str, Mapping[str, Values]] = {}
    for name in BASELINES:
        values = np.array([-example.signals.values[name] for example in chosen])
        by_kind[name] = dict.fromkeys(kinds, np.nan_to_num(values, nan=0.0))
    softmin = np.array([example.signals.values["softmin"] for example in chosen])
    agreement = np.array([example.signals.values["model_dice"] for example in chosen])
    beside = _beside(softmin, named[tested])
    by_kind[OURS] = {kind: odds + beside for kind, odds in ours.items()}
    return Scored(by_kind, named[tested], agreement, kinds)


def _beside(softmin: Values, named: NDArray[np.str_]) -> Values:
    """What `hemline rank` adds for being unusual in a folder: here one of the right labels and a
    ninth as many bad ones."""
    rng = np.random.default_rng(0)
    right, bad = np.flatnonzero(named == CLEAN), np.flatnonzero(named != CLEAN)
    few = rng.permutation(bad)[: max(1, round(len(right) * BASE_RATE / (1 - BASE_RATE)))]
    folder = softmin[np.concatenate([right, few])].tolist()
    return np.array([float(unusual([value, *folder])[0]) for value in softmin])


def mean_auroc(scored: Scored, method: str, seed: int) -> tuple[dict[str, Interval], Interval]:
    """AUROC of each kind, and their mean, with intervals over resamples of the labels."""
    curves = {
        kind: scored.auroc(method, kind, np.random.default_rng([seed, k]))
        for k, kind in enumerate(scored.kinds)
    }
    each = {kind: _over(values[0], values[1:]) for kind, values in curves.items()}
    means = np.mean(list(curves.values()), axis=0)
    return each, _over(float(means[0]), means[1:])


def redraw(scored: Scored, method: str, redraws: int, seed: int) -> list[Interval]:
    """AUPRC, precision in the first 50, and AUROC within the low-Dice tail, of sets of 1,000 labels
    of which a tenth are bad, drawn from the photos with replacement."""
    draws = [
        _one_draw(scored, method, np.random.default_rng([seed, number]))
        for number in range(redraws)
    ]
    return [
        _over(float(np.nanmean(column)), column)
        if np.isfinite(column).any()
        else Interval(*[float("nan")] * 3)
        for column in np.array(draws).T
    ]


def _one_draw(scored: Scored, method: str, rng: np.random.Generator) -> tuple[float, float, float]:
    scores = scored.by_kind[method]
    right = rng.choice(np.flatnonzero(scored.kind == CLEAN), size=SET - round(BASE_RATE * SET))
    of_right = np.mean([scores[kind][right] for kind in scored.kinds], axis=0)
    bad, of_bad = [], []
    for _ in range(SET - len(right)):
        kind = scored.kinds[int(rng.integers(len(scored.kinds)))]
        label = int(rng.choice(np.flatnonzero(scored.kind == kind)))
        bad.append(label)
        of_bad.append(scores[kind][label])
    values = np.concatenate([of_bad, of_right])
    is_bad = np.arange(SET) < len(bad)
    agreement = scored.agreement[np.concatenate([bad, right])]
    middle = float(np.median(agreement))
    tail = agreement < middle - 2.5 * 1.4826 * float(np.median(np.abs(agreement - middle)))
    both = 0 < is_bad[tail].sum() < tail.sum()
    order = np.argsort(-values, kind="stable")[:FIRST]
    return (
        float(average_precision_score(is_bad, values)),
        float(is_bad[order].mean()),
        _auroc(values[tail & is_bad], values[tail & ~is_bad]) if both else float("nan"),
    )


def _without(
    examples: Sequence[Example],
    folds: NDArray[np.int64],
    learnt: NDArray[np.int64],
    tested: NDArray[np.bool_],
) -> Values:
    """Log odds of the tested labels by models that saw neither their fold nor what is not in
    `learnt`."""
    rows = out_of_fold_rows(examples, folds, learn_from=learnt)
    bad = np.array([example.bad for example in examples])
    odds = np.zeros(len(examples))
    for fold in range(FOLDS):
        wanted = tested & (folds == fold)
        if wanted.any():
            known = learnt[folds[learnt] != fold]
            odds[wanted] = fit_labels(rows[known], bad[known]).raw(rows[wanted])
    return odds[tested]


def _auroc(bad: Values, right: Values) -> float:
    known = np.concatenate([np.ones(len(bad)), np.zeros(len(right))])
    return float(roc_auc_score(known, np.concatenate([bad, right])))


def _over(mean: float, values: Sequence[float] | Values) -> Interval:
    low, high = np.nanpercentile(values, [5, 95])
    return Interval(mean, float(low), float(high))
