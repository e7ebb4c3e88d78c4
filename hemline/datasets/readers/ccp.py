"""Clothing Co-Parsing: photos/NNNN.jpg with annotations/pixel-level/NNNN.mat, 59 tags."""

from functools import partial
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import ClassMap, Vocabulary
from hemline.datasets.file_names import photos_by_stem, stem_of
from hemline.datasets.photo_file import read_image
from hemline.datasets.readers.class_masks import Translation, check_same_size
from hemline.datasets.sample import Dataset, Pixels, Sample, Skipped
from hemline.errors import DatasetError


def read_ccp(folder: Path, classes: ClassMap | None = None) -> Dataset:
    """Photos with their tags as `classes` ask for; without any, 45 tags are garment.

    Raises:
        DatasetError: the folder is not CCP's layout, or lacks a class that is asked for.
    """
    classes = classes or class_map()
    translate = Translation.of(classes, Vocabulary("ccp", tuple(read_tags(folder)[1:])))
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    photos: dict[str, Path] = {}
    if (folder / "photos").is_dir():
        photos, skipped = photos_by_stem(folder / "photos")
    for path in sorted((folder / "annotations" / "pixel-level").glob("*.mat")):
        photo = photos.get(stem_of(path))
        if photo is None:
            missing = folder / "photos" / f"{path.stem}.jpg"
            skipped.append(Skipped(path.stem, f"'{path}' has no photo '{missing}'; add it"))
            continue
        load = partial(_load, photo, path, translate)
        samples.append(Sample(path.stem, path.stem, "", "ccp", load, photo.read_bytes))
    if not samples:
        raise DatasetError(
            f"'{folder}' has no photos/NNNN.jpg with annotations/pixel-level/NNNN.mat; "
            "give the folder that holds photos/ and annotations/"
        )
    return Dataset(tuple(samples), classes.labels, tuple(skipped))


def read_tags(folder: Path) -> list[str]:
    """The 59 tag names, index = id in the masks; the first is null, the background.

    Raises:
        DatasetError: label_list.mat is missing or broken.
    """
    path = folder / "label_list.mat"
    if not path.exists():
        raise DatasetError(f"'{path}' is missing; give the root folder of Clothing Co-Parsing")
    try:
        return [str(cell[0]) for cell in loadmat(str(path))["label_list"][0]]
    except Exception as error:  # scipy raises nearly anything on a broken .mat file
        raise DatasetError(
            f"'{path}' has no readable 'label_list' ({error}); download it again"
        ) from error


def _load(photo: Path, annotation: Path, translate: Translation) -> tuple[Pixels, Pixels]:
    try:
        tags = np.asarray(loadmat(str(annotation))["groundtruth"], dtype=np.uint8)
    except Exception as error:  # scipy raises nearly anything on a broken .mat file
        raise DatasetError(
            f"'{annotation}' has no readable 'groundtruth' ({error}); download it again"
        ) from error
    image = read_image(photo)
    check_same_size(image, tags, str(photo), str(annotation))
    return image, translate(tags, str(annotation))
