"""Which labels a candidate draws worse than the champion, whatever its mean over all of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hemline.segmentation.evaluation.judged_photo import JudgedPhoto
from hemline.segmentation.evaluation.sign_flips import sign_flip_p


@dataclass(frozen=True, slots=True)
class LabelChange:
    """Mean Dice of one label, 0 to 1, over the garments that have it.

    `loss_p` is the probability of so low a difference by chance, corrected for the number of
    labels; `is_lost` says whether it is at or under the level.
    """

    garments: int
    dice: float
    champion_dice: float
    loss_p: float
    is_lost: bool


def label_changes(
    candidate: Sequence[JudgedPhoto], champion: Sequence[JudgedPhoto], *, level: float
) -> dict[str, LabelChange]:
    """The change of each label, tested by sign flips over its garments, one-sided.

    A garment has a label where both models were measured on it: its truth has it, or both drew it.
    The tests of all labels together call a label lost that is not with a probability of `level` at
    most (Holm 1979, A simple sequentially rejective multiple test procedure).
    """
    pairs = _pairs(candidate, champion)
    p = {label: sign_flip_p(theirs - mine) for label, (mine, theirs) in pairs.items()}
    corrected = holm(p)
    return {
        label: LabelChange(
            garments=len(mine),
            dice=float(mine.mean()),
            champion_dice=float(theirs.mean()),
            loss_p=corrected[label],
            is_lost=corrected[label] <= level and bool(mine.mean() < theirs.mean()),
        )
        for label, (mine, theirs) in pairs.items()
    }


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Each p corrected for the number of tests: what is at most a level holds at that level.

    >>> holm({"top": 0.01, "bag": 0.04, "hat": 0.03})
    {'top': 0.03, 'hat': 0.06, 'bag': 0.06}
    """
    corrected: dict[str, float] = {}
    highest = 0.0
    for place, name in enumerate(sorted(p, key=lambda name: p[name])):
        highest = max(highest, min(1.0, p[name] * (len(p) - place)))
        corrected[name] = highest
    return corrected


def _pairs(
    candidate: Sequence[JudgedPhoto], champion: Sequence[JudgedPhoto]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """For each label its garments' Dice, of candidate and champion, the mean over their photos."""
    theirs = {item.id: item for item in champion}
    found: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for item in candidate:
        other = theirs[item.id].labels if item.id in theirs else {}
        for label in item.labels.keys() & other.keys():
            found[label][item.garment].append((item.labels[label], other[label]))
    pairs = {}
    for label in sorted(found):
        rows = np.array([np.mean(values, axis=0) for values in found[label].values()])
        pairs[label] = (rows[:, 0], rows[:, 1])
    return pairs
