"""Whether a candidate is better than the champion: a paired test over garments, of gold or not."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil, log2
from typing import Any

import numpy as np

from hemline.masks.figures.statistics import mean_interval
from hemline.segmentation.evaluation.judged_photo import JudgedPhoto
from hemline.segmentation.evaluation.label_losses import LabelChange, label_changes
from hemline.segmentation.evaluation.sign_flips import sign_flip_p


@dataclass(frozen=True, slots=True)
class Judgement:
    """The decision, in one sentence for people, and the figures it rests on; `measured` is the part
    of the sentence that says what was measured."""

    promoted: bool
    decision: str
    figures: dict[str, Any]
    measured: str = ""


def judge(
    candidate: Sequence[JudgedPhoto],
    champion: Sequence[JudgedPhoto] | None,
    *,
    level: float,
    garments: str = "gold garments",
) -> Judgement:
    """Promotes a candidate whose mean Dice is higher at the one-sided `level`. The sentence calls
    what it was measured on `garments`.

    With several labels a photo's Dice is the mean over those that the truth or the mask has: right
    outlines with the wrong labels are worth nothing. The views of a garment are alike, so garments
    are what is counted: their mean differences are tested by sign flips (the null hypothesis:
    either model could have made either mask), exactly for few garments. Without a champion a
    candidate need only beat the empty mask. One that gains in the mean and loses a label
    (`label_losses.py`) is not promoted: a person decides, and the figures name what is `lost`.
    """
    mine, theirs = _by_garment(candidate), _by_garment(champion or [])
    if champion is not None and set(mine) != set(theirs):
        raise ValueError("candidate and champion were evaluated on different garments")
    difference = np.array([mine[garment] - theirs.get(garment, 0.0) for garment in sorted(mine)])
    figures: dict[str, Any] = {"garments": len(difference), "photos": len(candidate)}
    if not len(difference):
        empty = "the gold split is empty"
        return Judgement(False, f"not promoted: {empty}", figures, empty)
    mean = float(difference.mean())
    p = sign_flip_p(difference)
    low, high = mean_interval(difference) or (mean, mean)
    figures |= {
        "mean_dice": float(np.mean(list(mine.values()))),
        "champion_mean_dice": float(np.mean(list(theirs.values()))) if champion else None,
        "difference": mean,
        "low": low,
        "high": high,
        "p": p,
        "level": level,
        "items": _rows(candidate, champion or []),
    }
    is_better = mean > 0 and p <= level
    changes = _changes(candidate, champion or [], level)
    if changes:
        figures["labels"] = {label: asdict(change) for label, change in changes.items()}
    lost = {label: change for label, change in changes.items() if change.is_lost}
    measured = (
        f"Dice {mean:+.4f} [{low:+.4f}, {high:+.4f}] on {len(difference)} {garments}, "
        f"p = {p:.4f} (needs {level:g})"
    )
    fewest = ceil(-log2(level))
    if len(difference) < fewest:
        measured += (
            f"; fewer than {fewest} garments cannot reach this level, however good the masks"
        )
    if is_better and lost:
        figures["lost"] = sorted(lost)
        decision = f"{_lost_words(lost)}; in the mean {measured}"
        return Judgement(False, decision, figures, measured)
    words = "promoted" if is_better else "not promoted"
    return Judgement(is_better, f"{words}: {measured}", figures, measured)


def _changes(
    candidate: Sequence[JudgedPhoto], champion: Sequence[JudgedPhoto], level: float
) -> dict[str, LabelChange]:
    """The changes of the labels where there are several; with one they are the mean's."""
    labels = {label for item in (*candidate, *champion) for label in item.labels}
    return label_changes(candidate, champion, level=level) if len(labels) > 1 else {}


def _lost_words(lost: Mapping[str, LabelChange]) -> str:
    each = (
        f"'{label}' from Dice {change.champion_dice:.4f} to {change.dice:.4f} on "
        f"{change.garments} garments (p = {change.loss_p:.4f})"
        for label, change in sorted(lost.items(), key=lambda pair: pair[1].loss_p)
    )
    return f"not promoted without a person: better in the mean, but it loses {', '.join(each)}"


def _by_garment(items: Sequence[JudgedPhoto]) -> dict[str, float]:
    groups: dict[str, list[float]] = defaultdict(list)
    for item in items:
        groups[item.garment].append(item.mean_dice)
    return {garment: float(np.mean(values)) for garment, values in groups.items()}


def _rows(
    candidate: Sequence[JudgedPhoto], champion: Sequence[JudgedPhoto]
) -> list[dict[str, Any]]:
    theirs = {item.id: item for item in champion}
    return [
        {
            "id": item.id,
            "garment": item.garment,
            "dice": item.mean_dice,
            "champion_dice": theirs[item.id].mean_dice if item.id in theirs else None,
            "labels": item.labels,
            "champion_labels": theirs[item.id].labels if item.id in theirs else {},
        }
        for item in candidate
    ]
