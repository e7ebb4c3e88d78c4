"""Saves that look like lost work: nothing drawn over a sure pre-fill, or a label that was there.

Label Studio saves what the page holds, and a page that lost its masks saves an empty annotation. To
train on it would teach that such a photo shows no garment. So it is held: kept, marked on its task,
and trained on once somebody confirms it. The dashboard's page Problems and `hemline problems` do, a
verdict, or another save that holds the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemline.masks.class_ids import class_ids

SURE = 0.9  # expected Dice from which a pre-fill is believed to have found a garment
LEAST_LEFT = 0.02  # of the pre-fill's area; less is nothing drawn
LEAST_LOST = 0.001  # of the photo; a label that covered less may go without a word

_WAY_OUT = (
    "draw it; if nothing is there, confirm it on the dashboard's page Problems, or with "
    "`hemline problems --confirm` and the task"
)

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Prefilled:
    """What the task showed when it was opened: the mask, and its expected Dice, 0 to 1."""

    mask: Mask
    score: float


def lost_work(
    mask: Mask, labels: Sequence[str], *, prefilled: Prefilled | None, before: Mask | None
) -> str | None:
    """What seems to be lost, as a sentence with its way out; None if nothing is.

    Args:
        mask: (H, W) class ids that were saved, class id k being `labels[k - 1]`.
        prefilled: None: the task opened empty.
        before: the mask of the save before, None where this is the first. Of another size than
            `mask`, neither says anything.
    """
    if before is not None and before.shape == mask.shape:
        gone = _gone(mask, before, labels)
        if gone:
            return f"{gone} drawn when it was saved before, and missing now; {_WAY_OUT}"
    if prefilled is None or prefilled.mask.shape != mask.shape or prefilled.score < SURE:
        return None
    found = np.count_nonzero(prefilled.mask)
    if not found or np.count_nonzero(mask) >= LEAST_LEFT * found:
        return None
    return (
        "nothing is drawn, but the pre-fill showed a garment (expected Dice "
        f"{prefilled.score:.2f}); {_WAY_OUT}"
    )


def _gone(mask: Mask, before: Mask, labels: Sequence[str]) -> str:
    """The labels that the mask before had and this one has nowhere: "'hat', 'bag' were"."""
    left = set(class_ids(mask))
    gone = [
        f"'{labels[k - 1]}'"
        for k in class_ids(before)
        if 0 < k <= len(labels)
        and k not in left
        and np.count_nonzero(before == k) >= LEAST_LOST * before.size
    ]
    return f"{', '.join(gone)} {'was' if len(gone) == 1 else 'were'}" if gone else ""
