"""The starter of many classes as a model of a project's own labels. No torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import BACKGROUND
from hemline.errors import ModelError
from hemline.segmentation.groups import Groups, plain_groups
from hemline.segmentation.model_card import CARD_KEY, ModelCard, card_text, read_card
from hemline.segmentation.recipe.recipe import Recipe
from hemline.segmentation.shipped import ShippedWeights

_STARTER = ShippedWeights("starter-15", "the starter of many classes")


def starter_classes() -> tuple[str, ...]:
    """The classes that the starter of many classes tells apart, in its order.

    Raises:
        ModelError: its file is missing or was changed.
    """
    return read_card(_STARTER.path()).labels


def starter_recipe() -> Recipe:
    """The recipe of the starter of many classes: what it was trained on, and in which split.

    Raises:
        ModelError: its file is missing or was changed.
    """
    return read_card(_STARTER.path()).recipe


def mapped_starter(classes_of: Mapping[str, Sequence[str]]) -> bytes:
    """A model file whose labels are the keys in their order, each the union of its classes.

    A label with no class is never drawn until a training has seen it. The same mapping in the same
    order gives the same bytes. The card's figures have the mapping as "classes".

    Raises:
        ModelError: there is no label, a class is unknown or given twice, or the starter's file is
            missing or was changed.
    """
    return map_classes(_STARTER.path(), classes_of)


def map_classes(path: Path, classes_of: Mapping[str, Sequence[str]]) -> bytes:
    """The same of any model file of several labels and one network.

    Raises:
        ModelError: as `mapped_starter`; or the file is broken.
    """
    card = read_card(path)
    groups = _groups(card, classes_of)
    mapped = ModelCard(
        recipe=_of_labels(card.recipe, classes_of),
        labels=tuple(classes_of),
        threshold=0.5,
        figures={"classes": {label: list(classes) for label, classes in classes_of.items()}},
        code_version=card.code_version,
        groups=groups,
    )
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"model '{path}' is not a readable safetensors file: {error}") from error
    return save(weights, metadata={CARD_KEY: card_text(mapped)})


def _groups(card: ModelCard, classes_of: Mapping[str, Sequence[str]]) -> Groups:
    """The channels of each label: those that the model has for each of its classes."""
    known, theirs = card.labels, card.groups or plain_groups(len(card.labels))
    if not classes_of:
        raise ModelError("no label is given for the starter's classes; give one or more")
    taken: dict[str, str] = {}
    for label, classes in classes_of.items():
        for name in classes:
            if name not in known:
                raise ModelError(
                    f"label '{label}' asks for the class '{name}', which the starter does not "
                    f"know; choose from {', '.join(known)}"
                )
            if name in taken:
                raise ModelError(_twice(name, taken[name], label))
            taken[name] = label
    channels = dict(zip(known, theirs.of_labels, strict=True))
    of_labels = (
        tuple(channel for name in names for channel in channels[name])
        for names in classes_of.values()
    )
    return Groups(theirs.channels, tuple(of_labels))


def _twice(name: str, label: str, other: str) -> str:
    if label == other:
        return f"label '{label}' has the class '{name}' twice; give it once"
    return f"class '{name}' is given to both '{label}' and '{other}'; give it to one"


def _of_labels(recipe: Recipe, classes_of: Mapping[str, Sequence[str]]) -> Recipe:
    """The recipe whose table of classes takes data to the labels, so that `hemline evaluate` can
    measure the file on the data that its network was trained on."""
    table = _sources(recipe.classes)
    mapped = {
        label: tuple(source for name in classes for source in table.get(name, (name,)))
        for label, classes in classes_of.items()
        if classes and label != BACKGROUND
    }
    return recipe.model_copy(update={"classes": mapped or None})


def _sources(classes: str | Mapping[str, Sequence[str]] | None) -> Mapping[str, Sequence[str]]:
    """The data's classes that become each label, by a recipe's table, or by the first of a class
    list's."""
    if not isinstance(classes, str):
        return classes or {}
    table = next(iter(class_map(classes).tables.values()), {})
    sources: dict[str, list[str]] = {}
    for source, label in table.items():
        sources.setdefault(label, []).append(source)
    return sources
