"""Image-mask pairs and RGBA cut-outs: the two layouts a studio has lying around."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from hemline.datasets.classes.class_lists import GARMENT, class_map
from hemline.datasets.classes.classes import MAX_LABELS, ClassMap, Vocabulary, own_classes
from hemline.datasets.file_names import is_photo, no_photos, same_name, stem_of, visible
from hemline.datasets.garment_types import read_garment_types
from hemline.datasets.mask_file import MASK_SUFFIXES, read_cutout, read_garment
from hemline.datasets.photo_file import read_image
from hemline.datasets.readers.class_masks import Translation, check_same_size, read_class_mask
from hemline.datasets.sample import Dataset, Pixels, Sample, Skipped
from hemline.datasets.text_file import filled_lines
from hemline.errors import DatasetError, MaskError
from hemline.garments.naming import garment_and_view_of_file
from hemline.masks.files.garment_is import GarmentIs
from hemline.masks.files.levels import Inside


def read_pairs(
    folder: Path, classes: ClassMap | None = None, garment_is: GarmentIs | None = None
) -> Dataset:
    """Photos in images/ (or original/) with masks of the same stem in masks/ (or mask/).

    What of a mask is garment is found out, see `mask_file.read_mask`, or `garment_is` says it; of
    class ids it is every value but 0. Where the folder has a labels.txt, a mask holds class ids,
    greyscale or palette, and the file names the classes from id 1 on, one a line; without `classes`
    they are taken as they are. A types.csv (id,type) names the garments' types, here as with
    cut-outs.

    Raises:
        DatasetError: a folder is missing, no photo has a mask, or the data lacks a class that is
            asked for.
    """
    images = _first_folder(folder, ("images", "original"))
    masks = _first_folder(folder, ("masks", "mask"))
    names = folder / "labels.txt"
    if names.exists():
        vocabulary = Vocabulary("pairs", _read_labels(names))
        classes = classes or own_classes(vocabulary)
        load = partial(_load_classes, Translation.of(classes, vocabulary))
    else:
        classes = classes or class_map()
        load = partial(_load_pair, _garment_id(classes, "pairs"), garment_is)
    return _read(images, masks, "pairs", "mask", classes, load)


def read_cutouts(
    folder: Path, classes: ClassMap | None = None, garment_is: GarmentIs | None = None
) -> Dataset:
    """Photos in original/ (or images/) with RGBA cut-outs of the same stem in cutout/.

    The cut-out's alpha, halved, is the mask, unless `garment_is` says otherwise.

    Raises:
        DatasetError: a folder is missing, no photo has a cut-out, or a class is asked for that
            is not "garment".
    """
    images = _first_folder(folder, ("original", "images"))
    cutouts = _first_folder(folder, ("cutout", "cutouts"))
    classes = classes or class_map()
    load = partial(_load_cutout, _garment_id(classes, "cutouts"), garment_is)
    return _read(images, cutouts, "cutouts", "cut-out", classes, load)


def _read(
    images: Path,
    masks: Path,
    source: str,
    kind: str,
    classes: ClassMap,
    load: Callable[[Path, Path], tuple[Pixels, Pixels]],
) -> Dataset:
    by_stem, problems = _by_stem(masks, kind)
    types = read_garment_types(images.parent)
    found = visible(images)
    samples: list[Sample] = []
    skipped = [Skipped(path.name, why) for path, why in no_photos(found)]
    taken: dict[str, Path] = {}
    for photo in filter(is_photo, found):
        stem = stem_of(photo)
        if stem in problems:
            skipped.append(Skipped(stem, problems[stem]))
        elif stem not in by_stem:
            why = f"'{photo}' has no {kind} in '{masks}'; add '{stem}.png' there"
            skipped.append(Skipped(stem, why))
        elif stem in taken:
            why = f"'{photo}' and '{taken[stem]}' share one {kind}; rename or remove one"
            skipped.append(Skipped(photo.name, why))
        else:
            taken[stem] = photo
            garment, view = garment_and_view_of_file(same_name(photo.name))
            samples.append(
                Sample(
                    stem,
                    garment,
                    view,
                    source,
                    partial(load, photo, by_stem[stem]),
                    photo.read_bytes,
                    garment_type=types.get(stem) or types.get(garment, ""),
                )
            )
    if not samples:
        raise DatasetError(
            f"no photo in '{images}' has a {kind} of the same name in '{masks}', as 'ID.png' for "
            f"'ID.jpg'{'; ' + skipped[0].problem if skipped else ''}"
        )
    return Dataset(tuple(samples), classes.labels, tuple(skipped))


def _by_stem(masks: Path, kind: str) -> tuple[dict[str, Path], dict[str, str]]:
    """The masks by the name they share with a photo, and what is wrong with the others' names."""
    by_stem: dict[str, Path] = {}
    doubled: dict[str, str] = {}
    unusable: dict[str, str] = {}
    for path in visible(masks):
        stem = stem_of(path)
        if path.suffix.lower() not in MASK_SUFFIXES:
            unusable[stem] = f"the {kind} '{path}' is not in a supported format; save it as PNG"
        elif (other := by_stem.setdefault(stem, path)) != path:
            doubled[stem] = f"'{other}' and '{path}' are two {kind}s with the same name; remove one"
    return by_stem, {
        **{stem: why for stem, why in unusable.items() if stem not in by_stem},
        **doubled,
    }


def _garment_id(classes: ClassMap, source: str) -> int:
    return classes.ids(Vocabulary(source, (GARMENT,))).get(GARMENT, 0)


def _read_labels(path: Path) -> tuple[str, ...]:
    labels = filled_lines(path)
    if not labels or len(set(labels)) < len(labels):
        raise DatasetError(f"'{path}' must name each class once, one a line, from class id 1 on")
    if len(labels) > MAX_LABELS:
        raise DatasetError(
            f"'{path}' names {len(labels)} classes; an 8-bit mask holds at most {MAX_LABELS}"
        )
    return labels


def _first_folder(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).is_dir():
            return folder / name
    raise DatasetError(f"'{folder}' has no folder {' or '.join(names)}; make one of them")


def _load_pair(
    garment: int, garment_is: GarmentIs | None, photo: Path, mask: Path
) -> tuple[Pixels, Pixels]:
    inside = _named(read_garment, mask, garment_is)
    return _checked(photo, mask, inside.astype(np.uint8) * np.uint8(garment))


def _load_classes(translate: Translation, photo: Path, mask: Path) -> tuple[Pixels, Pixels]:
    return _checked(photo, mask, translate(read_class_mask(mask), str(mask)))


def _load_cutout(
    garment: int, garment_is: GarmentIs | None, photo: Path, cutout: Path
) -> tuple[Pixels, Pixels]:
    inside = _named(read_cutout, cutout, garment_is)
    return _checked(photo, cutout, inside.astype(np.uint8) * np.uint8(garment))


def _named(
    read: Callable[[Path, GarmentIs | None], Inside], path: Path, garment_is: GarmentIs | None
) -> Inside:
    try:
        return read(path, garment_is)
    except MaskError as error:
        raise DatasetError(str(error)) from error


def _checked(photo: Path, other: Path, mask: Pixels) -> tuple[Pixels, Pixels]:
    image = read_image(photo)
    check_same_size(image, mask, str(photo), str(other))
    return image, mask
