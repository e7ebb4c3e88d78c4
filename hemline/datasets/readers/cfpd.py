"""Colorful-Fashion Parsing: 2,682 photos, superpixels and the class of each, in one HDF5 file."""

from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import ClassMap, Vocabulary
from hemline.datasets.photo_file import read_image
from hemline.datasets.photo_folder import PhotoFolder
from hemline.datasets.readers.class_masks import Translation, check_same_size
from hemline.datasets.sample import Dataset, Pixels, Sample, Skipped
from hemline.errors import DatasetError

_DATA = "fashion_dataset"
_CLASSES = "all_category_name"


def read_cfpd(folder: Path, classes: ClassMap | None = None) -> Dataset:
    """Photos with CFPD's classes as `classes` ask for.

    `folder` holds fashon_parsing_data.mat (MATLAB 7.3, which is HDF5; any name ending in .mat is
    taken) and the photos anywhere below. The file keeps each array transposed, superpixels from 0
    on, and classes from 1 on, the first of them the background.

    Raises:
        DatasetError: there is no such file or none of its photos, or the data lacks a class that
            is asked for.
    """
    paths = sorted(folder.glob("*.mat"))
    if not paths:
        raise DatasetError(f"'{folder}' has no .mat file; give the folder of CFPD's")
    path = paths[0]
    try:
        with h5py.File(path) as file:
            labels = [_text(file[name]) for name in np.ravel(file[_CLASSES])]
            names = [_text(file[item]["img_name"]) for item in np.ravel(file[_DATA])]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"'{path}' is not CFPD's HDF5 file with {_DATA} and {_CLASSES} ({error})"
        ) from error
    classes = classes or class_map()
    translate = Translation.of(classes, Vocabulary("cfpd", tuple(labels[1:])))
    photos = PhotoFolder(folder)
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    for index, name in enumerate(names):
        stem = Path(name).stem
        photo = photos.find(name)
        if photo is None:
            skipped.append(Skipped(stem, photos.why_not(name)))
            continue
        load = partial(_load, photo, path, index, translate)
        samples.append(Sample(stem, stem, "", "cfpd", load, photo.read_bytes))
    if not samples:
        raise DatasetError(f"'{folder}' has no photo of '{path.name}'; unpack them there")
    return Dataset(tuple(samples), classes.labels, tuple(skipped))


def _load(photo: Path, path: Path, index: int, translate: Translation) -> tuple[Pixels, Pixels]:
    try:
        with h5py.File(path) as file:
            record = file[np.ravel(file[_DATA])[index]]
            superpixels = np.asarray(record["segmentation"], dtype=np.float64).T
            class_numbers = np.ravel(record["category_label"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"'{path}' cannot be read at '{photo.name}' ({error})") from error
    mask = _classes(superpixels, class_numbers, f"{path.name}, {photo.name}")
    image = read_image(photo)
    check_same_size(image, mask, str(photo), str(path))
    return image, translate(mask, str(path))


def _classes(superpixels: NDArray[np.float64], numbers: NDArray[np.float64], name: str) -> Pixels:
    """The class ids `(H, W)`: a class number is its superpixel's, and one more than the id."""
    known = (superpixels >= 0) & (superpixels < len(numbers)) & (superpixels % 1 == 0)
    if superpixels.ndim != 2 or not known.all():
        raise DatasetError(f"'{name}' has a superpixel without a class; repair the file")
    if not ((numbers >= 1) & (numbers <= 255) & (numbers % 1 == 0)).all():
        raise DatasetError(f"'{name}' has a class number that is not an integer; repair the file")
    return (numbers.astype(np.uint8) - 1)[superpixels.astype(np.int64)]


def _text(characters: Any) -> str:
    """MATLAB's text: a column of character codes."""
    return "".join(chr(code) for code in np.ravel(characters))
