"""Fashionpedia: 46 categories in COCO's layout, grouped into 12 supercategories."""

from pathlib import Path

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import ClassMap
from hemline.datasets.readers.coco import read_coco
from hemline.datasets.sample import Dataset


def read_fashionpedia(path: Path, classes: ClassMap | None = None) -> Dataset:
    """Photos with the shapes of instances_attributes_{train,val}2020.json.

    `path` holds the JSON files, or annotations/ with them, and the photos unpacked anywhere below
    (train/, test/); or it is one of the JSON files. Categories are known by name, as the ids differ
    between releases.

    Raises:
        DatasetError: as `read_coco`.
    """
    return read_coco(path, "fashionpedia", classes or class_map(), vocabulary="fashionpedia")
