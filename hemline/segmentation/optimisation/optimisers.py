"""Optimisers by the names that recipes give them."""

from collections.abc import Callable, Iterable
from functools import partial

from torch import nn
from torch.optim import SGD, Adadelta, Adam, AdamW, Optimizer, RMSprop

from hemline.segmentation.recipe.parts import Optimiser, OptimiserName

_MOMENTUM = 0.9


def build_optimiser(
    parameters: Iterable[nn.Parameter], options: Optimiser, rate: float
) -> Optimizer:
    """The recipe's optimiser over a network's parameters, at `rate`."""
    make = _OPTIMISERS[options.name]
    return make(parameters, lr=rate, weight_decay=options.weight_decay)


_OPTIMISERS: dict[OptimiserName, Callable[..., Optimizer]] = {
    "adamw": AdamW,
    "adam": Adam,
    "rmsprop": RMSprop,
    "adadelta": Adadelta,
    "sgd": partial(SGD, momentum=_MOMENTUM, nesterov=True),
}
