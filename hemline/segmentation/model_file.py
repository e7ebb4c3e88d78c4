"""A model file: half-precision safetensors that carry their own card."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from hemline import __version__
from hemline.errors import ModelError
from hemline.files import write_atomically
from hemline.segmentation.networks import build_network
from hemline.segmentation.recipe import Recipe, parse_recipe

_KEY = "hemline"
_FORMAT = 1
_SECOND = "second_pass."  # what the names of the second network's weights begin with


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model file says of itself: enough to build the network and to use it."""

    recipe: Recipe
    labels: tuple[str, ...]  # class id k is labels[k - 1]
    threshold: float  # of the garment's probability; one label only
    figures: dict[str, Any] = field(default_factory=dict)
    code_version: str = __version__
    second_threshold: float | None = None  # of the second network, where there are two


def save_model(path: Path, state: Mapping[str, Tensor], card: ModelCard) -> None:
    """Writes a network's state as float16, with its card, atomically."""
    weights = {
        key: value.half() if value.is_floating_point() else value
        for key, value in state.items()
        if not key.endswith("num_batches_tracked")
    }
    text = json.dumps(
        {**asdict(card), "recipe": card.recipe.model_dump(mode="json"), "format": _FORMAT}
    )
    contiguous = {key: value.detach().cpu().contiguous() for key, value in weights.items()}
    write_atomically(path, save(contiguous, metadata={_KEY: text}))


def read_card(path: Path) -> ModelCard:
    """The card of a model file, without its weights.

    Raises:
        ModelError: the file is missing, not safetensors, or has no card of ours.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"model '{path}' is no readable safetensors file: {error}") from error
    if _KEY not in metadata:
        raise ModelError(
            f"model '{path}' has no Hemline card; give a file that `hemline train` wrote"
        )
    card = json.loads(metadata[_KEY])
    if card.get("format") != _FORMAT:
        raise ModelError(
            f"model '{path}' has card format {card.get('format')}, this Hemline reads {_FORMAT}; "
            "train it again"
        )
    return ModelCard(
        recipe=parse_recipe(card["recipe"], source=str(path)),
        labels=tuple(card["labels"]),
        threshold=float(card["threshold"]),
        figures=card["figures"],
        code_version=card["code_version"],
        second_threshold=card.get("second_threshold"),
    )


def join_networks(
    first: Path, second: Path, path: Path, recipe: Recipe, figures: dict[str, Any]
) -> None:
    """Writes the model file of a double pass from those of its two networks."""
    card, other = read_card(first), read_card(second)
    weights = _read_weights(first)
    weights |= {_SECOND + key: value for key, value in _read_weights(second).items()}
    save_model(
        path,
        weights,
        ModelCard(recipe, card.labels, card.threshold, figures, second_threshold=other.threshold),
    )


def take_second(path: Path, out: Path) -> Path | None:
    """Writes the second network of a double pass as a model file of its own; None if it has none.

    Raises:
        ModelError: `path` is no model file.
    """
    card = read_card(path)
    weights = _of_pass(_read_weights(path), second=True)
    if card.second_threshold is None or not weights:
        return None
    out.parent.mkdir(parents=True, exist_ok=True)
    alone = card.recipe.model_copy(update={"second_pass": None})
    save_model(out, weights, ModelCard(alone, card.labels, card.second_threshold))
    return out


def load_model(path: Path, *, second: bool = False) -> tuple[nn.Module, ModelCard]:
    """The network of a model file in float32, in evaluation mode, with its card.

    `second` takes the second network of a double pass.

    Raises:
        ModelError: the file is broken or its weights do not fit the network its card names.
    """
    card = read_card(path)
    model = build_network(card.recipe.network, len(card.labels))
    load_weights(model, path, second=second)
    return model.eval(), card


def load_weights(
    model: nn.Module, path: Path, *, same_labels: bool = True, second: bool = False
) -> None:
    """Puts a model file's weights into a network of the same recipe.

    With `same_labels` False the segmentation head stays as it is, so that a network with another
    class list can begin from its parent's encoder and decoder.

    Raises:
        ModelError: the weights belong to another network.
    """
    weights = _of_pass(_read_weights(path), second=second)
    own = model.state_dict()
    if not same_labels:
        weights = {
            key: value for key, value in weights.items() if not key.startswith("segmentation_head")
        }
    wrong = [
        key for key, value in weights.items() if key not in own or own[key].shape != value.shape
    ]
    missing = [
        key
        for key in own
        if key not in weights
        and not key.endswith("num_batches_tracked")
        and (same_labels or not key.startswith("segmentation_head"))
    ]
    if wrong or missing:
        raise ModelError(
            f"model '{path}' holds another network's weights ('{(wrong or missing)[0]}' does not "
            "fit); use it with the recipe and the labels it was trained with"
        )
    with torch.no_grad():
        for key, value in weights.items():
            own[key].copy_(value)


def _read_weights(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"model '{path}' is no readable safetensors file: {error}") from error


def _of_pass(weights: Mapping[str, Tensor], *, second: bool) -> dict[str, Tensor]:
    """The weights of one of the networks of a model file, by the network's own names."""
    return {
        key.removeprefix(_SECOND): value
        for key, value in weights.items()
        if key.startswith(_SECOND) == second
    }


def file_digest(path: Path) -> str:
    """sha256 of a file's content, in hex."""
    return sha256(path.read_bytes()).hexdigest()
