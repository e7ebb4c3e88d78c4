"""A model file's weights: half-precision safetensors that carry their own card."""

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from hemline.errors import ModelError
from hemline.files import write_atomically
from hemline.segmentation.model_card import (
    CARD_KEY,
    CHOOSER,
    SECOND_PASS,
    ModelCard,
    card_text,
    read_card,
)
from hemline.segmentation.networks.build import build_network
from hemline.segmentation.networks.type_chooser import TypeChooser

_HEAD = "segmentation_head"
# What the names of a network's weights begin with: nothing for the first of a file.
_NETWORK = re.compile(r"type_chooser\.|(?:second_pass\.)?(?:fold_\d+\.|type_\d+\.)?")


def save_model(path: Path, state: Mapping[str, Tensor], card: ModelCard) -> None:
    """Writes a network's state as float16, with its card, atomically. A chooser stays float32."""
    weights = {
        key: value.half() if value.is_floating_point() and not key.startswith(CHOOSER) else value
        for key, value in state.items()
        if not key.endswith("num_batches_tracked")
    }
    contiguous = {key: value.detach().cpu().contiguous() for key, value in weights.items()}
    write_atomically(path, save(contiguous, metadata={CARD_KEY: card_text(card)}))


def join_models(
    path: Path, parts: Mapping[str, Path], card: ModelCard, chooser: TypeChooser | None = None
) -> None:
    """Writes one model file with the networks of several; `parts` gives each file's a name."""
    weights = {
        name + key: value
        for name, part in parts.items()
        for key, value in _read_weights(part).items()
    }
    if chooser:
        weights |= {
            CHOOSER + key: torch.from_numpy(value) for key, value in chooser.state().items()
        }
    save_model(path, weights, card)


def take_second(path: Path, out: Path) -> Path | None:
    """Writes the second pass of a model file as a model file of its own; None if it has none.

    Raises:
        ModelError: `path` is no model file.
    """
    card = read_card(path)
    if card.second_threshold is None:
        return None
    weights = {
        key.removeprefix(SECOND_PASS): value
        for key, value in _read_weights(path).items()
        if key.startswith(SECOND_PASS)
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    alone = card.recipe.model_copy(update={"second_pass": None})
    of_second = replace(card, recipe=alone, threshold=card.second_threshold, second_threshold=None)
    save_model(out, weights, of_second)
    return out


def load_model(path: Path, *, name: str = "") -> tuple[nn.Module, ModelCard]:
    """A network of a model file in float32, in evaluation mode, with the file's card.

    `name` is one of `network_names`; the first network has none.

    Raises:
        ModelError: the file is broken or its weights do not fit the network its card names.
    """
    card = read_card(path)
    model = build_network(card.recipe.network, len(card.labels), card.groups)
    load_weights(model, path, name=name)
    return model.eval(), card


def load_weights(model: nn.Module, path: Path, *, same_labels: bool = True, name: str = "") -> None:
    """Puts the weights of a model file's network of that name into one of the same recipe.

    With `same_labels` False the segmentation head stays as it is, so that a network with another
    class list can begin from its parent's encoder and decoder.

    Raises:
        ModelError: the weights belong to another network.
    """
    weights = read_network(path, name)
    kept: tuple[str, ...] = ()
    if not same_labels:
        kept = tuple(key for key in model.state_dict() if key.startswith(_HEAD))
        weights = {key: value for key, value in weights.items() if not key.startswith(_HEAD)}
    put_weights(model, weights, path, kept=kept)


def put_weights(
    model: nn.Module, weights: Mapping[str, Tensor], path: Path, *, kept: Container[str] = ()
) -> None:
    """Puts weights that were read from `path` into a network; those of the names `kept` stay.

    Raises:
        ModelError: the weights belong to another network.
    """
    own = model.state_dict()
    wrong = [
        key for key, value in weights.items() if key not in own or own[key].shape != value.shape
    ]
    missing = [
        key
        for key in own
        if key not in weights and not key.endswith("num_batches_tracked") and key not in kept
    ]
    if wrong or missing:
        raise ModelError(
            f"model '{path}' holds another network's weights ('{(wrong or missing)[0]}' does not "
            "fit); use it with the recipe and the labels it was trained with"
        )
    with torch.no_grad():
        for key, value in weights.items():
            own[key].copy_(value)


def read_network(path: Path, name: str) -> dict[str, Tensor]:
    """The weights of the network of that name, by the network's own names for them."""
    weights = _read_weights(path, lambda key: _name_of(key) == name)
    return {key.removeprefix(name): value for key, value in weights.items()}


def _name_of(key: str) -> str:
    found = _NETWORK.match(key)
    return found[0] if found else ""


def _read_weights(
    path: Path, wanted: Callable[[str], bool] = lambda key: True
) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys() if wanted(key)}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"model '{path}' is not a readable safetensors file: {error}") from error
