"""Data to evaluate a model on, in the model's own class ids."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from hemline.datasets.classes.class_lists import GARMENT, class_map
from hemline.datasets.sample import Dataset, Pixels, Sample
from hemline.datasets.sources import join, open_all
from hemline.errors import DatasetError
from hemline.masks.figures.overlap import IGNORE
from hemline.masks.files.garment_is import GarmentIs
from hemline.segmentation.model_card import ModelCard


def evaluation_data(
    sources: Sequence[str], card: ModelCard, garment_is: GarmentIs | None = None
) -> Dataset:
    """The samples that `KIND:PATH` name, with the classes of the model's recipe and its ids.

    A model of one label "garment" takes every label of the data for it, and two lists of one label
    are the same thing by two names.

    Raises:
        DatasetError: a source cannot be opened, or has a label that the model does not know.
    """
    classes = None if card.recipe.classes is None else class_map(card.recipe.classes)
    dataset = join(open_all(sources, classes, garment_is))
    if dataset.labels == card.labels:
        return dataset
    table = _id_table(dataset.labels, card.labels)
    samples = tuple(
        replace(sample, load=partial(_load, sample, table)) for sample in dataset.samples
    )
    return Dataset(samples, card.labels, dataset.skipped)


def _id_table(given: Sequence[str], wanted: Sequence[str]) -> Pixels:
    """(256,): the model's class id of each of the data's."""
    table = np.zeros(256, dtype=np.uint8)
    table[IGNORE] = IGNORE
    if tuple(wanted) == (GARMENT,) or len(given) == len(wanted) == 1:
        table[1:IGNORE] = 1
        return table
    for class_id, label in enumerate(given, start=1):
        if label not in wanted:
            raise DatasetError(
                f"the data has the label '{label}', which the model does not know; it knows "
                f"{', '.join(wanted)}; give data with these labels, or another model"
            )
        table[class_id] = wanted.index(label) + 1
    return table


def _load(sample: Sample, table: Pixels) -> tuple[Pixels, Pixels]:
    image, mask = sample.load()
    return image, table[mask]
