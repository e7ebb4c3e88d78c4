"""What a model file says of itself, read without its weights and without torch."""

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from hemline import __version__
from hemline.errors import ModelError, RecipeError
from hemline.segmentation.groups import Groups, read_groups
from hemline.segmentation.recipe.recipe import Recipe, parse_recipe

CARD_KEY = "hemline"
CARD_FORMAT = 1
SECOND_PASS = "second_pass."
CHOOSER = "type_chooser."
_MOST_LABELS = 1000


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
    groups: Groups | None = None  # of channels, for the labels; None: a channel for each


def read_card(path: Path) -> ModelCard:
    """The card of a model file, without its weights.

    Raises:
        ModelError: the file is missing, not safetensors, or has no card of ours.
    """
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"model '{path}' is not a readable safetensors file ({error}); give a file that "
            "`hemline train` wrote"
        ) from error
    if CARD_KEY not in metadata:
        raise ModelError(
            f"model '{path}' has no Hemline card; give a file that `hemline train` wrote"
        )
    try:
        return _card(json.loads(metadata[CARD_KEY]), path)
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
    if card.get("format") != CARD_FORMAT:
        raise ModelError(
            f"model '{path}' has card format {card.get('format')}, this Hemline reads "
            f"{CARD_FORMAT}; train it again"
        )
    labels = _words(card["labels"])
    return ModelCard(
        recipe=parse_recipe(card["recipe"], source=str(path)),
        labels=labels,
        threshold=float(card["threshold"]),
        figures=card["figures"],
        code_version=card["code_version"],
        second_threshold=card.get("second_threshold"),
        types=_words(card.get("types", [])),
        specialists=card.get("specialists", {}),
        groups=read_groups(card.get("groups"), len(labels)),
    )


def card_text(card: ModelCard) -> str:
    """What a model file's metadata have of its card, under `CARD_KEY`."""
    values = {**asdict(card), "recipe": card.recipe.model_dump(mode="json"), "format": CARD_FORMAT}
    if card.groups is None:
        del values["groups"]
    return json.dumps(values)


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


def all_network_names(card: ModelCard) -> list[str]:
    """The names of all networks in a model file: of every pass, then of the specialists."""
    of_passes = [name for names in network_names(card.recipe) for name in names]
    return of_passes + [specialist_name(card, garment_type) for garment_type in card.specialists]


def specialist_name(card: ModelCard, garment_type: str) -> str:
    """The name of the network of one type of garment in a model file."""
    return f"type_{card.types.index(garment_type)}."


def file_digest(path: Path) -> str:
    """sha256 of a file's content, in hex."""
    return sha256(path.read_bytes()).hexdigest()
