"""ModaNet: 13 categories as polygons in COCO's layout, over photos of the Paper Doll set."""

from pathlib import Path

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import ClassMap
from hemline.datasets.readers.coco import read_coco
from hemline.datasets.sample import Dataset

_OTHER_NAMES = {"scarf/tie": "scarf & tie"}  # the file's name; the data set's page has the other


def read_modanet(path: Path, classes: ClassMap | None = None) -> Dataset:
    """Photos with the shapes of modanet2018_instances_train.json.

    `path` holds the JSON, or annotations/ with it, and the photos anywhere below; or it is the JSON
    file. The published file for validation has no annotations and is passed over, so split this
    one.

    Raises:
        DatasetError: as `read_coco`.
    """
    return read_coco(
        path,
        "modanet",
        classes or class_map(),
        vocabulary="modanet",
        other_names=_OTHER_NAMES,
    )
