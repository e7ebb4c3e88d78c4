"""Recipes: one readable file each that says how a network is built, trained and used."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

import hemline
from hemline.datasets.classes.class_lists import class_map
from hemline.errors import DatasetError, RecipeError
from hemline.key_faults import key_fault
from hemline.segmentation.recipe.parts import (
    Augment,
    Bagging,
    Input,
    Loss,
    NetworkPart,
    Optimiser,
    PredictionPart,
    RecipePart,
    Schedule,
    SecondPass,
    Specialists,
    SplitPart,
)

_EXTENDS = "extends"
_NAME = r"^[^/\\\x00-\x1f.][^/\\\x00-\x1f]*$"  # of a file, and of none elsewhere
_LARGEST = 2**20  # bytes; ours have under 2,000
_DEEPEST = 8  # recipes that extend one another


class Recipe(RecipePart):
    """Everything a training is made of. Kept whole beside the weights.

    `data` are the sources of `hemline train` where none is given, as KIND:PATH. `classes` is the
    name of a class list or a table of label = [classes of the data]; without it there is one
    label, or the data's own. A training on corrections has its data and labels from Label Studio.
    """

    name: str = Field(pattern=_NAME, max_length=100)
    description: str = ""
    data: tuple[str, ...] = ()
    classes: str | dict[str, tuple[str, ...]] | None = None
    split: SplitPart = SplitPart()
    network: NetworkPart = NetworkPart()
    input: Input = Input()
    loss: tuple[Loss, ...] = Field(
        default=(Loss(name="dice", weight=0.5), Loss(name="cross_entropy", weight=0.5)),
        min_length=1,
    )
    augment: Augment = Augment()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    fine_tune: Schedule = Schedule()  # instead of `schedule` where a parent's weights are at hand
    fine_tune_rate: float = Field(default=3e-4, gt=0)
    prediction: PredictionPart = PredictionPart()
    second_pass: SecondPass | None = None
    bagging: Bagging | None = None
    specialists: Specialists | None = None
    seed: int = Field(default=0, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _specialists_are_copies_of_one_network(self) -> Self:
        if self.specialists and (self.bagging or self.second_pass):
            raise ValueError(
                "specialists are copies of one network; leave bagging and second_pass out"
            )
        return self


def load_recipe(name: str | Path) -> Recipe:
    """The recipe of a name under recipes/, or of a path that ends in .toml.

    A file may extend another by name: `extends = "mannequin"` takes over all it does not say
    itself.

    Raises:
        RecipeError: there is none of that name, or it has an unknown key or a bad value.
    """
    return parse_recipe(_read(name, 0), source=str(_path(name)))


def parse_recipe(values: Mapping[str, Any], *, source: str) -> Recipe:
    """A recipe from its plain values; `source` names it in an error.

    Raises:
        RecipeError: an unknown key or a bad value.
    """
    try:
        recipe = Recipe.model_validate(values)
        class_map(recipe.classes)
    except ValidationError as error:
        raise RecipeError(key_fault(error, Recipe, f"recipe '{source}'")) from error
    except DatasetError as error:
        raise RecipeError(f"recipe '{source}', key 'classes': {error}") from error
    return recipe


def with_epochs(recipe: Recipe, epochs: int) -> Recipe:
    """The recipe with another number of epochs, from scratch and from a parent alike."""
    schedules = {
        name: getattr(recipe, name).model_copy(update={"epochs": epochs})
        for name in ("schedule", "fine_tune")
    }
    return recipe.model_copy(update=schedules)


def with_values(recipe: Recipe, changes: Sequence[str]) -> Recipe:
    """The recipe with some keys changed, each as on the command line: `network.encoder=resnet34`.

    A value is read as TOML; what is none ("resnet34") is text.

    Raises:
        RecipeError: a change is not KEY=VALUE, or the recipe has no such key.
    """
    values = recipe.model_dump(mode="json")
    for change in changes:
        key, equals, text = change.partition("=")
        if not (equals and key):
            raise RecipeError(f"'{change}' is not KEY=VALUE, such as schedule.epochs=5")
        part: Any = values
        *path, last = key.split(".")
        for name in path:
            if isinstance(part, dict) and part.get(name) is None:
                part[name] = {}  # a part that is off, as second_pass, until a key of it is set
            part = part[name] if isinstance(part, dict) else None
        if not isinstance(part, dict):
            raise RecipeError(f"unknown recipe key '{key}'; lists cannot be changed in part")
        part[last] = _toml_value(text)
    return parse_recipe(values, source=recipe.name)


def toml_text(recipe: Recipe) -> str:
    """The recipe as a file that `load_recipe` reads."""
    values = recipe.model_dump(mode="json", exclude_none=True)
    return "".join(f"{key} = {_inline(value)}\n" for key, value in values.items())


def recipes_folder() -> Path:
    """The folder of the recipes: beside the package in a checkout, inside it when installed."""
    package = Path(hemline.__file__).resolve().parent
    inside = package / "recipes"
    return inside if inside.is_dir() else package.parent / "recipes"


def _inline(value: Any) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_inline(k)} = {_inline(v)}' for k, v in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return json.dumps(
        value, ensure_ascii=False
    )  # of texts, numbers and truth values, TOML writes the same


def _path(name: str | Path) -> Path:
    return Path(name) if str(name).endswith(".toml") else recipes_folder() / f"{name}.toml"


def _read(name: str | Path, depth: int) -> dict[str, Any]:
    path = _path(name)
    is_name = path == Path(name) or re.search(_NAME, str(name))
    if not is_name or not path.is_file():
        known = ", ".join(sorted(file.stem for file in recipes_folder().glob("*.toml")))
        raise RecipeError(
            f"unknown recipe '{name}'; choose from {known}, or give the path of a .toml file"
        )
    if depth > _DEEPEST:
        raise RecipeError(f"recipe '{path}' extends itself; remove the key extends from one")
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise RecipeError(
                f"recipe '{path}' is larger than {_LARGEST // 2**20} MiB; is it a recipe?"
            )
        values = tomllib.loads(text.decode("utf-8"))
    except RecursionError:
        raise RecipeError(f"recipe '{path}' is nested too deeply to be read") from None
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise RecipeError(f"recipe '{path}' is not valid TOML: {error}") from error
    if _EXTENDS not in values:
        return values
    parent = str(values.pop(_EXTENDS))
    if not re.search(_NAME, parent):
        raise RecipeError(f"recipe '{path}' extends '{parent[:100]}', which is not a recipe's name")
    beside = path.parent / f"{parent}.toml"
    return _merge(_read(beside if beside.is_file() else parent, depth + 1), values)


def _merge(parent: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    """The child's values over the parent's, table by table. Another network is taken whole: one
    architecture's options mean nothing to another."""
    merged = dict(parent)
    for key, value in child.items():
        whole = key in ("network", "classes")
        both = isinstance(value, dict) and isinstance(parent.get(key), dict)
        merged[key] = _merge(parent[key], value) if both and not whole else value
    return merged


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return text
