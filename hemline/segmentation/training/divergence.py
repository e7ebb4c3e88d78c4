"""A training whose numbers have run away: it is ended with a sentence, and leaves no such model."""

from math import isfinite

from torch import nn

from hemline.errors import RecipeError

_SENTENCE = (
    "the training diverged: its {what} not finite; lower the learning rate (optimiser.rate, or "
    "fine_tune_rate if a model is fine-tuned)"
)


def check_numbers(loss: float, norm: float) -> None:
    """Raises RecipeError where a batch's loss, or its gradients' norm, is no finite number."""
    if not (isfinite(loss) and isfinite(norm)):
        raise RecipeError(_SENTENCE.format(what="loss or gradients are"))


def check_weights(network: nn.Module) -> None:
    """Raises RecipeError where a network's state has a value that a model file cannot hold, which
    is what half precision calls infinite."""
    for value in network.state_dict().values():
        if value.is_floating_point() and not value.half().isfinite().all():
            raise RecipeError(_SENTENCE.format(what="weights are"))
