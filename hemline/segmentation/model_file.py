"""A model file: half-precision safetensors that carry their own card."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from hemline import __version__
from hemline.errors import ModelError, RecipeError
from hemline.files import write_atomically
from hemline.segmentation.networks.build import build_network
from hemline.segmentation.networks.type_chooser import TypeChooser
from hemline.segmentation.recipe.recipe import Recipe, parse_recipe

_KEY = "hemline"
_FORMAT = 1
_MOST_LABELS = 1000
SECOND_PASS = "second_pass."
_CHOOSER = "type_chooser."
# What the names of a network's weights begin with: nothing for the first of a file.
_NETWORK = re.compile(r"type_chooser\.|(?:second_pass\.)?(?:fold_\d+\.|type_\d+\.)?")


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model file says of itself: enough to build the network and to use it."""

    recipe: Recipe
    labels: tuple[str, ...]  # class id k is labels[k - 1]
    threshold: float  # of the garment's probability; one label only
    figures: dict[str, Any] = field(default_factory=dict)
    code_version: str = __version__
    second_threshold: float | None = None  # of the second pass, where there is one
    types: tuple[str, ...] = ()  # of garments, that the chooser tells apart
    specialists: dict[str, float] = field(default_factory=dict)  # by type: a threshold


def save_model(path: Path, state: Mapping[str, Tensor], card: ModelCard) -> None:
    """Writes a network's state as float16, with its card, atomically. A chooser stays float32."""
    weights = {
        key: value.half() if value.is_floating_point() and not key.startswith(_CHOOSER) else value
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
        raise ModelError(
            f"model '{path}' is no readable safetensors file ({error}); give a file that "
            "`hemline train` wrote"
        ) from error
    if _KEY not in metadata:
        raise ModelError(
            f"model '{path}' has no Hemline card; give a file that `hemline train` wrote"
        )
    try:
        return _card(json.loads(metadata[_KEY]), path)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
        RecipeError,
    ) as error:
        raise ModelError(
            f"model '{path}' has a Hemline card that cannot be read ({error!r}); give a whole file "
            "that `hemline train` wrote"
        ) from error


def _card(card: dict[str, Any], path: Path) -> ModelCard:
    if card.get("format") != _FORMAT:
        raise ModelError(
            f"model '{path}' has card format {card.get('format')}, this Hemline reads {_FORMAT}; "
            "train it again"
        )
    return ModelCard(
        recipe=parse_recipe(card["recipe"], source=str(path)),
        labels=_words(card["labels"]),
        threshold=float(card["threshold"]),
        figures=card["figures"],
        code_version=card["code_version"],
        second_threshold=card.get("second_threshold"),
        types=_words(card.get("types", [])),
        specialists=card.get("specialists", {}),
    )


def _words(values: Any) -> tuple[str, ...]:
    """Labels or types. A network has an output for each: a made-up number would take all memory."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("labels and types are lists of words")
    if len(values) > _MOST_LABELS:
        raise ValueError(f"{len(values)} labels or types, over the limit of {_MOST_LABELS}")
    return tuple(values)


def fold_name(fold: int) -> str:
    """The name of a bag's network in a model file; the first, fold 0, has none.

    >>> [fold_name(0), fold_name(1)]
    ['', 'fold_1.']
    """
    return f"fold_{fold}." if fold else ""


def network_names(recipe: Recipe) -> tuple[tuple[str, ...], ...]:
    """For each pass of a recipe, the names that its networks have in a model file.

    A bag has one a fold; their probabilities are averaged.
    """
    folds = recipe.bagging.folds if recipe.bagging else 1
    passes = ("", SECOND_PASS) if recipe.second_pass else ("",)
    return tuple(tuple(name + fold_name(fold) for fold in range(folds)) for name in passes)


def specialist_name(card: ModelCard, garment_type: str) -> str:
    """The name of the network of one type of garment in a model file."""
    return f"type_{card.types.index(garment_type)}."


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
        weights |= {_CHOOSER + key: value for key, value in chooser.state().items()}
    save_model(path, weights, card)


def load_chooser(path: Path) -> TypeChooser | None:
    """The chooser of a model file; None if it has no specialists.

    Raises:
        ModelError: the file is broken.
    """
    types = read_card(path).types
    state = _read_network(path, _CHOOSER)
    if not types:
        return None
    if not state:
        raise ModelError(f"model '{path}' lacks its chooser of types; train it again")
    return TypeChooser.from_state(types, state)


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
    save_model(out, weights, ModelCard(alone, card.labels, card.second_threshold, card.figures))
    return out


def load_model(path: Path, *, name: str = "") -> tuple[nn.Module, ModelCard]:
    """A network of a model file in float32, in evaluation mode, with the file's card.

    `name` is one of `network_names`; the first network has none.

    Raises:
        ModelError: the file is broken or its weights do not fit the network its card names.
    """
    card = read_card(path)
    model = build_network(card.recipe.network, len(card.labels))
    load_weights(model, path, name=name)
    return model.eval(), card


def load_weights(model: nn.Module, path: Path, *, same_labels: bool = True, name: str = "") -> None:
    """Puts the weights of a model file's network of that name into one of the same recipe.

    With `same_labels` False the segmentation head stays as it is, so that a network with another
    class list can begin from its parent's encoder and decoder.

    Raises:
        ModelError: the weights belong to another network.
    """
    weights = _read_network(path, name)
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


def _read_network(path: Path, name: str) -> dict[str, Tensor]:
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
        raise ModelError(f"model '{path}' is no readable safetensors file: {error}") from error


def file_digest(path: Path) -> str:
    """sha256 of a file's content, in hex."""
    return sha256(path.read_bytes()).hexdigest()
