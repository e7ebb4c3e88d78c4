"""Averaged weights: steadier from one epoch to the next than those of the last step."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def average_of(model: Any, decay: float) -> AveragedModel:
    """The exponential moving average of a network's weights and of its BatchNorm statistics.

    A step is kept with weight 1 - `decay`; in the first steps with more, 9 / (10 + steps), so that
    a short training is not held back by where it began. Source: Polyak and Juditsky 1992; the
    first steps as in tf.train.ExponentialMovingAverage.
    """

    def update(average: Sequence[Tensor], newest: Sequence[Tensor], steps: Any) -> None:
        count = int(steps)
        step = get_ema_multi_avg_fn(min(decay, (1 + count) / (10 + count)))
        step(list(average), list(newest), steps)

    with torch.no_grad():
        return AveragedModel(model, multi_avg_fn=update, use_buffers=True)
