"""Folders of photos beside folders of class-id PNGs: the layout of the human parsing data sets."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hemline.datasets.classes.classes import ClassMap, Vocabulary
from hemline.datasets.file_names import photos_by_stem, same_name, stem_of, visible
from hemline.datasets.photo_file import read_image
from hemline.datasets.photo_folder import walk
from hemline.datasets.readers.class_masks import Translation, check_same_size, read_class_mask
from hemline.datasets.sample import Dataset, Pixels, Sample, Skipped
from hemline.errors import DatasetError
from hemline.garments.naming import garment_and_view_of_file

_DEEP = 4  # folders below the data set's own that are looked into


def read_label_folders(
    folder: Path,
    vocabulary: Vocabulary,
    classes: ClassMap,
    layouts: Sequence[tuple[str, str]],
) -> Dataset:
    """Photos with masks (greyscale or palette PNG) of the same stem.

    Args:
        folder: holds the photos' and the masks' folders, or folders that do.
        vocabulary: the masks' classes, id k being the k-th; its name is the samples' source.
        layouts: names of a folder of photos and of its masks: siblings, or the only ones of their
            names. All that are there are read, training and validation photos alike.

    Raises:
        DatasetError: there is no such pair of folders, no photo has a mask, or the data lacks a
            class that is asked for.
    """
    translate = Translation.of(classes, vocabulary)
    pairs = _find(folder, layouts)
    if not pairs:
        names = " or ".join(f"{photos}/ with {masks}/" for photos, masks in layouts)
        raise DatasetError(f"'{folder}' has no {names}; give the folder that holds them")
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    for photos, masks in pairs:
        by_stem = {stem_of(path): path for path in visible(masks) if path.suffix.lower() == ".png"}
        found, unread = photos_by_stem(photos)
        skipped += unread
        for stem, photo in found.items():
            if mask := by_stem.get(stem):
                load = partial(_load, photo, mask, translate)
                named = (stem, *garment_and_view_of_file(same_name(photo.name)))
                samples.append(Sample(*named, vocabulary.name, load, photo.read_bytes))
            else:
                why = f"'{photo}' has no mask '{masks / f'{stem}.png'}'; add it"
                skipped.append(Skipped(stem, why))
    if not samples:
        raise DatasetError(f"no photo NAME.jpg in '{pairs[0][0]}' has a NAME.png in '{masks}'")
    return Dataset(tuple(samples), classes.labels, tuple(skipped))


def _find(folder: Path, layouts: Sequence[tuple[str, str]]) -> list[tuple[Path, Path]]:
    by_name: dict[str, list[Path]] = {}
    for root, names, _ in walk(folder):
        if len(root.relative_to(folder).parts) >= _DEEP:
            names.clear()
        for name in names:
            by_name.setdefault(name, []).append(root / name)
    pairs = []
    for photos_name, masks_name in layouts:
        masks = by_name.get(masks_name, [])
        for photos in sorted(by_name.get(photos_name, [])):
            siblings = [path for path in masks if path.parent == photos.parent]
            if chosen := siblings or (masks if len(masks) == 1 else []):
                pairs.append((photos, chosen[0]))
    return pairs


def _load(photo: Path, mask: Path, translate: Translation) -> tuple[Pixels, Pixels]:
    image, ids = read_image(photo), read_class_mask(mask)
    check_same_size(image, ids, str(photo), str(mask))
    return image, translate(ids, str(mask))
