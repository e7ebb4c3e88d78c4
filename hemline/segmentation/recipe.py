"""Recipes: one readable file each that says how a network is built, trained and used."""

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemline.errors import RecipeError

LossName = Literal["dice", "cross_entropy", "focal", "lovasz"]
Range = tuple[float, float]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Network(_Part):
    """The network, in the terms of segmentation-models-pytorch."""

    architecture: str = "unet"
    encoder: str = "mobilenet_v2"
    options: dict[str, Any] = Field(default_factory=dict)  # e.g. decoder_attention_type = "scse"


class Input(_Part):
    """What the network sees. A photo keeps its shape and is scaled to about `pixels` pixels."""

    pixels: int = Field(default=256 * 384, ge=32 * 32)


class Loss(_Part):
    """One term of the loss and its weight. "cross_entropy" is binary for one label."""

    name: LossName
    weight: float = Field(default=1.0, gt=0)


class Augment(_Part):
    """Random changes of a training photo; ranges are uniform."""

    flip: float = Field(default=0.5, ge=0, le=1)  # probability
    scale: Range = (0.8, 1.25)  # factor
    rotate: float = Field(default=10.0, ge=0, le=180)  # degrees, either way
    shift: float = Field(default=0.08, ge=0, le=0.5)  # share of the side, either way
    brightness: float = Field(default=0.25, ge=0)
    contrast: float = Field(default=0.25, ge=0)
    saturation: float = Field(default=0.25, ge=0)
    hue: float = Field(default=0.03, ge=0, le=0.5)


class Optimiser(_Part):
    """AdamW under a one-cycle rate: a warm-up to `rate`, then a cosine to nearly nothing."""

    rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    warm_up: float = Field(default=0.15, gt=0, lt=1)  # share of the steps


class Schedule(_Part):
    """How long a training takes. The epoch with the best validation Dice is kept."""

    epochs: int = Field(default=12, ge=1)
    batch: int = Field(default=8, ge=1)
    patience: int = Field(default=6, ge=1)  # epochs without a better one before it stops
    least_steps: int = Field(default=0, ge=0)  # small sets are repeated up to this many an epoch


class Prediction(_Part):
    """How a trained network is used."""

    flip: bool = True  # average with the mirrored photo: twice the time, steadier masks
    tune_threshold: bool = True  # on validation, for one label; else 0.5


class Recipe(_Part):
    """Everything a training is made of but its data. Kept whole beside the weights."""

    name: str
    description: str = ""
    network: Network = Network()
    input: Input = Input()
    loss: tuple[Loss, ...] = (Loss(name="dice", weight=0.5), Loss(name="cross_entropy", weight=0.5))
    augment: Augment = Augment()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    fine_tune: Schedule = Schedule()  # instead of `schedule` where a parent's weights are at hand
    fine_tune_rate: float = Field(default=3e-4, gt=0)
    prediction: Prediction = Prediction()
    seed: int = 0


def load_recipe(name: str | Path) -> Recipe:
    """The recipe of a name under recipes/, or of a path that ends in .toml.

    Raises:
        RecipeError: there is none of that name, or it has an unknown key or a bad value.
    """
    path = Path(name) if str(name).endswith(".toml") else recipes_folder() / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in recipes_folder().glob("*.toml")))
        raise RecipeError(f"there is no recipe '{name}'; take one of {known}, or a path to a .toml")
    try:
        with path.open("rb") as file:
            return parse_recipe(tomllib.load(file), source=str(path))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"recipe '{path}' is not valid TOML: {error}") from error


def parse_recipe(values: dict[str, Any], *, source: str) -> Recipe:
    """A recipe from its plain values; `source` names it in an error.

    Raises:
        RecipeError: an unknown key or a bad value.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise RecipeError(f"recipe '{source}', key '{key}': {first['msg']}") from error


def with_epochs(recipe: Recipe, epochs: int) -> Recipe:
    """The recipe with another number of epochs, from scratch and from a parent alike."""
    schedules = {
        name: getattr(recipe, name).model_copy(update={"epochs": epochs})
        for name in ("schedule", "fine_tune")
    }
    return recipe.model_copy(update=schedules)


def recipes_folder() -> Path:
    """The folder of the recipes: beside the package in a checkout, inside it when installed."""
    inside = Path(__file__).parent.parent / "recipes"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "recipes"
