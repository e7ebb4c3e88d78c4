"""Networks by name, and the weights they begin from."""

import inspect
from pathlib import Path
from textwrap import shorten

import segmentation_models_pytorch as smp
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from hemline.errors import ModelError, RecipeError
from hemline.segmentation.groups import Groups
from hemline.segmentation.networks.class_groups import add_groups
from hemline.segmentation.networks.mannequin_unets import DESIGNS, MannequinUNet, design_of
from hemline.segmentation.recipe.parts import NetworkPart


def build_network(network: NetworkPart, labels: int, groups: Groups | None = None) -> nn.Module:
    """An untrained network with one output for one label, else one a label and background.

    With `groups` its last layer makes these outputs of the channels that make them up.

    Raises:
        RecipeError: the recipe names a network that there is not, or an option it has not.
    """
    outputs = 1 if labels == 1 else labels + 1
    model = _build(network, groups.channels if groups else outputs)
    if groups:
        add_groups(model, groups)
    return model


def _build(network: NetworkPart, outputs: int) -> nn.Module:
    try:
        if network.architecture in DESIGNS:
            return MannequinUNet(design_of(network.architecture, network.options), outputs)
        _check_options(network)
        model: nn.Module = smp.create_model(
            network.architecture,
            encoder_name=network.encoder,
            encoder_weights=None,
            in_channels=3,
            classes=outputs,
            **network.options,
        )
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        raise RecipeError(
            f"network '{network.architecture}' with encoder '{network.encoder}' cannot be built: "
            f"{error}; our own are {', '.join(DESIGNS)}"
        ) from error
    return model


def _check_options(network: NetworkPart) -> None:
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


def load_encoder(model: nn.Module, weights: str | Path, network: NetworkPart) -> None:
    """Puts encoder weights into a network: a safetensors file's, or those that the library knows
    by a name ("imagenet") and downloads.

    Raises:
        ModelError: the file is not safetensors, the weights are another encoder's, or there are
            none of that name to be had.
    """
    if isinstance(model, MannequinUNet):
        raise ModelError(
            f"the network '{network.architecture}' has no encoder for the weights '{weights}'; "
            "leave --encoder out"
        )
    if str(weights).endswith(".safetensors"):
        state = _read_encoder(Path(weights))
    else:
        state = _download_encoder(str(weights), network)
    try:
        model.encoder.load_state_dict(state)  # type: ignore[union-attr]
    except RuntimeError as error:
        raise ModelError(
            f"the weights in '{weights}' do not belong to the encoder '{network.encoder}' "
            f"({shorten(str(error).splitlines()[-1], 120)}); give that encoder's, or set "
            "network.encoder to theirs"
        ) from error


def _read_encoder(path: Path) -> dict[str, Tensor]:
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"'{path}' is not a readable safetensors file: {error}") from error
    return {key.removeprefix("encoder."): value for key, value in weights.items()}


def _download_encoder(name: str, network: NetworkPart) -> dict[str, Tensor]:
    try:
        encoder = smp.encoders.get_encoder(network.encoder, weights=name)
    except Exception as error:  # of the network, of the host, or a name that is none
        raise ModelError(
            f"the weights '{name}' of the encoder '{network.encoder}' cannot be downloaded "
            f"({str(error).splitlines()[0]}); give a .safetensors file"
        ) from error
    state: dict[str, Tensor] = encoder.state_dict()
    return state
