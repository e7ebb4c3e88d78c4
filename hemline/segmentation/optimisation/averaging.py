"""Averaged weights: steadier from one epoch to the next than those of the last step."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.optim.swa_utils import AveragedModel


def average_of(model: Any, decay: float) -> AveragedModel:
    """The exponential moving average of a network's weights and of its BatchNorm statistics.

    A step is kept with weight 1 - `decay`; in the first steps with more, 9 / (10 + steps), so that
    a short training is not held back by where it began. Source: Polyak and Juditsky 1992; the
    first steps as in tf.train.ExponentialMovingAverage.
    """

    def update(average: Sequence[Tensor], newest: Sequence[Tensor], steps: Any) -> None:
        share = 1 - min(decay, (1 + int(steps)) / (10 + int(steps)))
        for old, new in zip(average, newest, strict=True):
            if old.is_floating_point():
                old.lerp_(new, share)
            else:
                old.copy_(new)

    return AveragedModel(model, multi_avg_fn=update, use_buffers=True)
