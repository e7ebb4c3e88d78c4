"""Networks by name, and the weights they begin from."""

import inspect
from pathlib import Path

import segmentation_models_pytorch as smp
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from hemline.errors import ModelError, RecipeError
from hemline.segmentation.recipe import Network

MEAN = (0.485, 0.456, 0.406)  # ImageNet, RGB in 0..1
STD = (0.229, 0.224, 0.225)


def build_network(network: Network, labels: int) -> nn.Module:
    """An untrained network with one output for one label, else one a label and background.

    Raises:
        RecipeError: the recipe names a network that the library does not have.
    """
    outputs = 1 if labels == 1 else labels + 1
    _check_options(network)
    try:
        model: nn.Module = smp.create_model(
            network.architecture,
            encoder_name=network.encoder,
            encoder_weights=None,
            in_channels=3,
            classes=outputs,
            **network.options,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecipeError(
            f"network '{network.architecture}' with encoder '{network.encoder}' cannot be built: "
            f"{error}"
        ) from error
    return model


def _check_options(network: Network) -> None:
    """The library swallows options it does not know; a misspelt one must not go unnoticed."""
    architecture = next(
        (kind for name, kind in vars(smp).items() if name.lower() == network.architecture.lower()),
        None,
    )
    known = inspect.signature(architecture).parameters if architecture else {}
    unknown = sorted(set(network.options) - set(known)) if architecture else []
    if unknown:
        raise RecipeError(
            f"network '{network.architecture}' cannot be built with the option '{unknown[0]}'; "
            f"it knows {', '.join(name for name in known if name != 'kwargs')}"
        )


def load_encoder(model: nn.Module, path: Path) -> None:
    """Puts the encoder weights of a safetensors file into a network.

    Raises:
        ModelError: the file is not safetensors, or its weights are another encoder's.
    """
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"'{path}' is no readable safetensors file: {error}") from error
    weights = {key.removeprefix("encoder."): value for key, value in weights.items()}
    try:
        model.encoder.load_state_dict(weights)  # type: ignore[union-attr]
    except RuntimeError as error:
        raise ModelError(
            f"the weights in '{path}' are not this recipe's encoder's: "
            f"{str(error).splitlines()[-1]}"
        ) from error
