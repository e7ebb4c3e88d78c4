"""Image-mask pairs and RGBA cut-outs: the two layouts a studio has lying around."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.datasets.class_lists import GARMENT, class_map
from hemline.datasets.class_masks import Translation, check_same_size, read_class_mask
from hemline.datasets.classes import MAX_LABELS, ClassMap, Vocabulary, own_classes
from hemline.datasets.garment_types import read_garment_types
from hemline.datasets.photo_file import read_image
from hemline.datasets.sample import Dataset, Pixels, Sample, Skipped
from hemline.errors import DatasetError, MaskError
from hemline.garments.naming import garment_and_view_of_file
from hemline.masks.png import load_png, open_png

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"})
_OPAQUE = 255


def read_pairs(folder: Path, classes: ClassMap | None = None) -> Dataset:
    """Photos in images/ (or original/) with masks of the same stem in masks/ (or mask/).

    A mask is a PNG: 0 is background, any other value garment, of grey as of a palette's indices;
    where it has transparent pixels, alpha is the mask as in a cut-out. Where the folder has a
    labels.txt, a mask holds class ids, greyscale or palette, and the file names the classes from
    id 1 on, one a line; without `classes` they are taken as they are. A types.csv (id,type) names
    the garments' types, here as with cut-outs.

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
        load = partial(_load_pair, _garment_id(classes, "pairs"))
    return _read(images, masks, "pairs", "mask", classes, load)


def read_cutouts(folder: Path, classes: ClassMap | None = None) -> Dataset:
    """Photos in original/ (or images/) with RGBA cut-outs of the same stem in cutout/.

    The cut-out's alpha, halved, is the mask.

    Raises:
        DatasetError: a folder is missing, no photo has a cut-out, or a class is asked for that
            is not "garment".
    """
    images = _first_folder(folder, ("original", "images"))
    cutouts = _first_folder(folder, ("cutout", "cutouts"))
    classes = classes or class_map()
    load = partial(_load_cutout, _garment_id(classes, "cutouts"))
    return _read(images, cutouts, "cutouts", "cut-out", classes, load)


def _read(
    images: Path,
    masks: Path,
    source: str,
    kind: str,
    classes: ClassMap,
    load: Callable[[Path, Path], tuple[Pixels, Pixels]],
) -> Dataset:
    by_stem: dict[str, Path] = {}
    unusable: dict[str, Path] = {}  # of another format
    for path in masks.iterdir():
        suffix = path.suffix.lower()
        if suffix == ".png":
            by_stem[path.stem] = path
        elif suffix in PHOTO_SUFFIXES:
            unusable[path.stem] = path
    types = read_garment_types(images.parent)
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    taken: dict[str, Path] = {}
    for photo in sorted(images.iterdir()):
        if photo.suffix.lower() not in PHOTO_SUFFIXES:
            continue
        if photo.stem not in by_stem:
            why = f"'{photo}' has no {kind} in '{masks}'; add '{photo.stem}.png' there"
            if photo.stem in unusable:
                why = f"the {kind} '{unusable[photo.stem]}' is no PNG; save it as one"
            skipped.append(Skipped(photo.stem, why))
            continue
        if photo.stem in taken:
            why = f"'{photo}' and '{taken[photo.stem]}' share one {kind}; rename one, or remove it"
            skipped.append(Skipped(photo.name, why))
            continue
        taken[photo.stem] = photo
        garment, view = garment_and_view_of_file(photo.name)
        load_both = partial(load, photo, by_stem[photo.stem])
        samples.append(
            Sample(
                photo.stem, garment, view, source, load_both, photo.read_bytes,
                garment_type=types.get(photo.stem) or types.get(garment, ""),
            )
        )  # fmt: skip
    if not samples:
        raise DatasetError(
            f"no photo in '{images}' has a {kind} of the same name in '{masks}'; each must be a "
            "PNG, as 'ID.png' for 'ID.jpg'"
        )
    return Dataset(tuple(samples), classes.labels, tuple(skipped))


def _garment_id(classes: ClassMap, source: str) -> int:
    return classes.ids(Vocabulary(source, (GARMENT,))).get(GARMENT, 0)


def _read_labels(path: Path) -> tuple[str, ...]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"'{path}' cannot be read ({error}); save it as UTF-8 text") from error
    labels = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not labels or len(set(labels)) < len(labels):
        raise DatasetError(f"'{path}' must name each class once, one a line, from class id 1 on")
    if len(labels) > MAX_LABELS:
        raise DatasetError(
            f"'{path}' names {len(labels)} classes; in an 8-bit mask {MAX_LABELS} are possible"
        )
    return labels


def _first_folder(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).is_dir():
            return folder / name
    raise DatasetError(f"'{folder}' has no folder {' or '.join(names)}; make one of them")


def _load_pair(garment: int, photo: Path, mask: Path) -> tuple[Pixels, Pixels]:
    return _checked(photo, mask, _read_binary(mask).astype(np.uint8) * np.uint8(garment))


def _read_binary(path: Path) -> NDArray[np.bool_]:
    """Where a mask (H, W) has garment, whatever kind of PNG it is."""
    try:
        image = load_png(open_png(path.read_bytes()))
    except OSError as error:
        raise DatasetError(f"mask '{path}' cannot be read: {error.strerror}") from error
    except MaskError as error:
        raise DatasetError(f"'{path}': {error}") from error
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        return pixels > 0
    if image.mode in ("RGBA", "LA") and (pixels[..., -1] < _OPAQUE).any():
        return np.asarray(pixels[..., -1] > _OPAQUE // 2)
    colours = pixels[..., :-1] if image.mode in ("RGBA", "LA") else pixels
    return np.asarray((colours > 0).any(axis=2))


def _load_classes(translate: Translation, photo: Path, mask: Path) -> tuple[Pixels, Pixels]:
    return _checked(photo, mask, translate(read_class_mask(mask), str(mask)))


def _load_cutout(garment: int, photo: Path, cutout: Path) -> tuple[Pixels, Pixels]:
    try:
        pixels = cv2.imread(str(cutout), cv2.IMREAD_UNCHANGED)
    except cv2.error:  # more pixels than OpenCV decodes
        pixels = None
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 4:
        raise DatasetError(f"cut-out '{cutout}' has no alpha channel; save it as RGBA PNG")
    half = (255 if pixels.dtype == np.uint8 else 65535) // 2
    return _checked(photo, cutout, (pixels[..., 3] > half).astype(np.uint8) * np.uint8(garment))


def _checked(photo: Path, other: Path, mask: Pixels) -> tuple[Pixels, Pixels]:
    image = read_image(photo)
    check_same_size(image, mask, str(photo), str(other))
    return image, mask
