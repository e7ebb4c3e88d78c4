"""Masks of a source's class ids on disk, brought to the labels of a training."""

from dataclasses import dataclass
from pathlib import Path

from hemline.datasets.classes.classes import ClassMap, Vocabulary, id_table
from hemline.datasets.mask_file import read_class_ids
from hemline.datasets.sample import Pixels
from hemline.errors import DatasetError, MaskError
from hemline.masks.figures.overlap import IGNORE


@dataclass(frozen=True, slots=True)
class Translation:
    """From a source's class ids (0 background, k its k-th label) to a training's.

    255 is void in masks of several classes, as in Pascal VOC's: nobody labelled those pixels, and
    they stay IGNORE. Where there is but one class, 255 may as well be that class, and is refused.
    """

    table: Pixels
    highest: int

    @classmethod
    def of(cls, classes: ClassMap, vocabulary: Vocabulary) -> "Translation":
        """Raises DatasetError where the data lacks a class that `classes` ask for."""
        table = id_table(classes, vocabulary)
        table[IGNORE] = IGNORE
        return cls(table, len(vocabulary.labels))

    def __call__(self, mask: Pixels, name: str) -> Pixels:
        """The mask `(H, W)` in the training's ids.

        Raises:
            DatasetError: it has an id that the source does not know: such a pixel is no background,
                and no other class either.
        """
        highest = int(mask.max(initial=0))
        if highest == IGNORE and self.highest > 1:
            highest = int(mask.max(initial=0, where=mask != IGNORE))
        if highest > self.highest:
            raise DatasetError(
                f"'{name}' has the class id {highest}, but the data's classes end at "
                f"{self.highest}; repair the mask"
            )
        return self.table[mask]


def read_class_mask(path: Path) -> Pixels:
    """The class ids `(H, W)` uint8 of a greyscale or palette picture, upright.

    Raises:
        DatasetError: the file cannot be read or is no such picture.
    """
    try:
        return read_class_ids(path.read_bytes())
    except OSError as error:
        raise DatasetError(f"mask '{path}' cannot be read: {error.strerror}") from error
    except MaskError as error:
        raise DatasetError(f"'{path}': {error}") from error


def check_same_size(image: Pixels, mask: Pixels, photo: str, other: str) -> None:
    """Raises DatasetError where a mask does not have its photo's size."""
    if image.shape[:2] != mask.shape:
        raise DatasetError(
            f"'{other}' is {mask.shape[1]} x {mask.shape[0]} px but '{photo}' is {image.shape[1]} "
            f"x {image.shape[0]} px; make the two the same size"
        )
