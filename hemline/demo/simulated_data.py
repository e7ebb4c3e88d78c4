"""The data of a simulation: photos with true masks in the labels of the project to play."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import ClassMap, merge_classes
from hemline.datasets.classes.meanings import match_labels
from hemline.datasets.sample import Dataset
from hemline.datasets.sources import open_all
from hemline.datasets.splits import part_of_split
from hemline.errors import DatasetError
from hemline.masks.files.garment_is import GarmentIs
from hemline.prefill.label_mapping import parse_changes
from hemline.segmentation.mapped_starter import starter_recipe


@dataclass(frozen=True, slots=True)
class SimulatedData:
    """Photos with their masks, and the starter's classes of each label; None: by their names."""

    dataset: Dataset
    starter_classes: Mapping[str, Sequence[str]] | None


def open_simulated(
    data: str,
    label_map: Sequence[str] = (),
    classes: str | None = None,
    part: str = "all",
    garment_is: GarmentIs | None = None,
) -> SimulatedData:
    """The data of `KIND:PATH` with the labels that the options ask for.

    label_map: options such as "legs=trousers,skirt", as `hemline connect --map` has them: the
        project has these labels, and the data is read in the starter's classes.
    classes: a class list of the data, whose labels are the project's. Without both the labels are
        the data's own, or one.
    part: one of `splits.PARTS`, of the split of the starter's recipe.

    Raises:
        DatasetError: the data cannot be read with these labels, there is no such part, or both
            `label_map` and `classes` are given.
        LabelMappingError: an option has no label or names one twice.
        ModelError: the starter of many classes is missing or was changed.
    """
    if label_map and classes:
        raise DatasetError(
            "--map gives the labels in the starter's classes, and --classes those of the data; "
            "leave one out"
        )
    wanted = _wanted(label_map)
    dataset = open_all([data], _class_map(wanted, classes), garment_is)[0]
    if part != "all":
        split = starter_recipe().split
        shares = (split.validation, split.test)
        samples = part_of_split(dataset.samples, part, shares, seed=split.seed)
        dataset = replace(dataset, samples=tuple(samples))
    return SimulatedData(dataset, wanted or None)


def _wanted(label_map: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The starter's classes of each label; of one that goes by its name, what it means beside the
    others."""
    given = {label.strip(): names for label, names in parse_changes(label_map).items()}
    fixed = {label: names for label, names in given.items() if names is not None}
    found = match_labels(given, fixed)
    return {label: fixed[label] if label in fixed else found[label].classes for label in given}


def _class_map(wanted: Mapping[str, Sequence[str]], classes: str | None) -> ClassMap | None:
    if wanted:
        return merge_classes(class_map(starter_recipe().classes), wanted)
    return class_map(classes) if classes else None
