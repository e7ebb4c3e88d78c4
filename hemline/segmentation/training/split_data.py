"""Data to train a recipe on: its garments split, and extra masks kept out of what judges."""

from collections.abc import Sequence
from dataclasses import dataclass

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.near_duplicates import group_near_duplicates
from hemline.datasets.sample import Sample, Skipped
from hemline.datasets.sources import join, open_all
from hemline.datasets.splits import split_by_garment, without_garments_of
from hemline.errors import DatasetError
from hemline.masks.files.garment_is import GarmentIs
from hemline.segmentation.recipe.recipe import Recipe


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What `hemline train` gives to a training.

    `extra` samples are for training alone; `kept_apart` is how many more of them there were, each
    of a garment that is held back, or a near-duplicate of one. `skipped` could not be used.
    """

    labels: tuple[str, ...]
    train: list[Sample]
    validation: list[Sample]
    extra: list[Sample]
    kept_apart: int
    skipped: tuple[Skipped, ...]


def training_data(
    recipe: Recipe,
    data: Sequence[str],
    extra: Sequence[str] = (),
    garment_is: GarmentIs | None = None,
) -> TrainingData:
    """The samples that `KIND:PATH` name, split as the recipe says.

    The split is that of `data` alone, whatever is extra: it is the one that `hemline evaluate`
    makes. A bag has no validation part of its own, so only the test part keeps extra samples out
    here; the folds do so in the training.

    Raises:
        DatasetError: there is no data, a source cannot be opened, or their labels differ.
    """
    sources = data or recipe.data
    if not sources:
        raise DatasetError(
            f"recipe '{recipe.name}' names no data; give --data KIND:PATH, such as pairs:my-photos"
        )
    classes = None if recipe.classes is None else class_map(recipe.classes)
    dataset = join(open_all(sources, classes, garment_is))
    split = recipe.split
    held, test, rest = split_by_garment(
        dataset.samples,
        (split.validation, split.test, 1 - split.validation - split.test),
        seed=split.seed,
    )
    if not extra:
        return TrainingData(dataset.labels, rest, held, [], 0, dataset.skipped)
    more = open_all(extra, classes, garment_is)
    for source, other in zip(extra, more, strict=True):
        if other.labels != dataset.labels:
            raise DatasetError(
                f"extra data '{source}' has the labels {', '.join(other.labels)}, but the other "
                f"data has {', '.join(dataset.labels)}; give data with the same labels"
            )
    added = [sample for other in more for sample in other.samples]
    train, validation, tested, grouped = _group([rest, held, test, added])
    judges = tested if recipe.bagging else [*tested, *validation]
    kept = without_garments_of(grouped, judges)
    skipped = (*dataset.skipped, *(item for other in more for item in other.skipped))
    apart = len(grouped) - len(kept)
    return TrainingData(dataset.labels, train, validation, kept, apart, skipped)


def _group(parts: Sequence[Sequence[Sample]]) -> list[list[Sample]]:
    """The parts, with near-duplicates of all of them under one garment's name."""
    grouped = iter(group_near_duplicates([sample for part in parts for sample in part]))
    return [[next(grouped) for _ in part] for part in parts]
