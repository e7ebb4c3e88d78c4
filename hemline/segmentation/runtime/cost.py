"""What int8 costs in Dice, and how much it may cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hemline.segmentation.evaluation.evaluate import ItemFigures

ALLOWED_LOSS = 0.002  # of mean Dice, for which half of the time is given


@dataclass(frozen=True, slots=True)
class Cost:
    """Mean Dice, 0 to 1, of an int8 network and of the same in fp32, on the same photos."""

    dice: float
    fp32_dice: float
    photos: int

    @property
    def is_small(self) -> bool:
        return self.photos > 0 and self.fp32_dice - self.dice <= ALLOWED_LOSS

    def __str__(self) -> str:
        return f"int8 has Dice {self.dice:.4f}, fp32 {self.fp32_dice:.4f}, on {self.photos} photos"


def cost_of(ours: Sequence["ItemFigures"], theirs: Sequence["ItemFigures"]) -> Cost:
    """The cost by figures of the int8 network (`ours`) and of the fp32 one, on the photos that
    both have. With several labels it is their mean: right outlines with wrong labels cost too."""
    by_id = {item.id: item.mean_dice for item in theirs}
    both = [(item.mean_dice, by_id[item.id]) for item in ours if item.id in by_id]
    if not both:
        return Cost(0.0, 0.0, 0)
    means = np.mean(both, axis=0)
    return Cost(float(means[0]), float(means[1]), len(both))
