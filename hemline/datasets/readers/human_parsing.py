"""Look Into Person and CIHP: 20 classes each of clothes and body, the body's in left and right."""

from pathlib import Path

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import ClassMap, Vocabulary
from hemline.datasets.classes.vocabularies import CIHP, LIP
from hemline.datasets.readers.label_folders import read_label_folders
from hemline.datasets.sample import Dataset

_LIP_LAYOUTS = (("train_images", "train_segmentations"), ("val_images", "val_segmentations"))
# Category_rev_ids and labels_rev hold the masks of flipped photos and are passed over: a flip in
# training swaps left and right by itself.
_CIHP_LAYOUTS = (("Images", "Category_ids"), ("images", "labels"))


def read_lip(folder: Path, classes: ClassMap | None = None) -> Dataset:
    """LIP's photos of one person each: {train,val}_images with {train,val}_segmentations.

    Raises:
        DatasetError: as `read_label_folders`.
    """
    return read_label_folders(folder, Vocabulary("lip", LIP), classes or class_map(), _LIP_LAYOUTS)


def read_cihp(folder: Path, classes: ClassMap | None = None) -> Dataset:
    """CIHP's photos of several people: {Training,Validation}/Images with Category_ids.

    Raises:
        DatasetError: as `read_label_folders`.
    """
    return read_label_folders(
        folder, Vocabulary("cihp", CIHP), classes or class_map(), _CIHP_LAYOUTS
    )
