"""What the paired test needs of a photo that two models masked, however it was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hemline.masks.figures.overlap import IGNORE, class_dice, confusion
from hemline.masks.outline_band import ignore_outline, narrow_reach

Mask = NDArray[np.uint8]


class JudgedPhoto(Protocol):
    """What is used of hemline.segmentation.evaluation.evaluate.ItemFigures."""

    @property
    def id(self) -> str: ...

    @property
    def garment(self) -> str: ...

    @property
    def labels(self) -> dict[str, float]: ...

    @property
    def mean_dice(self) -> float: ...


@dataclass(frozen=True, slots=True)
class PhotoDice:
    """Dice of one photo, 0 to 1: of each label that either mask has, and their mean."""

    id: str
    garment: str
    labels: dict[str, float]
    mean_dice: float


def dice_beyond_outline(
    mask: Mask, truth: Mask, labels: Sequence[str]
) -> tuple[float, dict[str, float]]:
    """Mean Dice over labels, and of each label that either mask has, without the pixels within
    0.5 % of the diagonal of the truth's outlines; 1 where neither has a label there.

    Who corrects a pre-fill leaves alone what is nearly right, so that within that band the truth is
    the pre-fill's own outline and says nothing of another model's.

    Args:
        mask, truth: (H, W) uint8 class ids, k for labels[k - 1].

    Raises:
        MaskError: the sizes differ, or there is a class id beyond the labels.
    """
    counted = ignore_outline(truth, narrow_reach(truth))
    matrix = confusion(mask, counted, classes=len(labels) + 1, ignore=IGNORE)
    by_label = {
        label: float(value)
        for label, value in zip(labels, class_dice(matrix)[1:], strict=True)
        if not np.isnan(value)
    }
    return (float(np.mean(list(by_label.values()))) if by_label else 1.0), by_label
