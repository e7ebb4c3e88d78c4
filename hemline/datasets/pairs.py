"""Image-mask pairs and RGBA cut-outs: the two layouts a studio has lying around."""

import re
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from hemline.datasets.photo_file import read_image
from hemline.datasets.sample import Dataset, Pixels, Sample
from hemline.errors import DatasetError

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"})
VIEWS = (
    "FrontRight",
    "FrontLeft",
    "Front",
    "BackRight",
    "BackLeft",
    "Back",
    "Left",
    "Right",
    "Side",
    "Detail",
)
_VIEW = re.compile(rf"^(?P<garment>.+)_(?P<view>{'|'.join(VIEWS)})$", re.IGNORECASE)


def read_pairs(folder: Path) -> Dataset:
    """Photos in images/ (or original/) with masks of the same stem in masks/ (or mask/).

    A mask is a single-channel PNG: 0 is background, any other value garment.

    Raises:
        DatasetError: a folder is missing or no photo has a mask.
    """
    images = _first_folder(folder, ("images", "original"))
    masks = _first_folder(folder, ("masks", "mask"))
    by_stem = {path.stem: path for path in sorted(masks.iterdir()) if path.suffix == ".png"}
    samples = tuple(
        _sample(photo, "pairs", partial(_load_pair, photo, by_stem[photo.stem]))
        for photo in sorted(images.iterdir())
        if photo.suffix.lower() in PHOTO_SUFFIXES and photo.stem in by_stem
    )
    if not samples:
        raise DatasetError(f"no photo in '{images}' has a mask of the same name in '{masks}'")
    return Dataset(samples, ("garment",))


def read_cutouts(folder: Path) -> Dataset:
    """Photos in original/ (or images/) with RGBA cut-outs of the same stem in cutout/.

    The cut-out's alpha, halved, is the mask.

    Raises:
        DatasetError: a folder is missing or no photo has a cut-out.
    """
    images = _first_folder(folder, ("original", "images"))
    cutouts = _first_folder(folder, ("cutout", "cutouts"))
    by_stem = {path.stem: path for path in sorted(cutouts.iterdir()) if path.suffix == ".png"}
    samples = tuple(
        _sample(photo, "cutouts", partial(_load_cutout, photo, by_stem[photo.stem]))
        for photo in sorted(images.iterdir())
        if photo.suffix.lower() in PHOTO_SUFFIXES and photo.stem in by_stem
    )
    if not samples:
        raise DatasetError(f"no photo in '{images}' has a cut-out of the same name in '{cutouts}'")
    return Dataset(samples, ("garment",))


def garment_and_view(stem: str) -> tuple[str, str]:
    """Garment and view named by a file's stem.

    >>> garment_and_view("coat12_FrontRight")
    ('coat12', 'FrontRight')
    >>> garment_and_view("0042")
    ('0042', '')
    """
    match = _VIEW.match(stem)
    return (match["garment"], match["view"]) if match else (stem, "")


def _sample(photo: Path, source: str, load: partial[tuple[Pixels, Pixels]]) -> Sample:
    garment, view = garment_and_view(photo.stem)
    return Sample(id=photo.stem, garment=garment, view=view, source=source, load=load)


def _first_folder(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).is_dir():
            return folder / name
    raise DatasetError(f"'{folder}' has no folder {' or '.join(names)}; make one of them")


def _load_pair(photo: Path, mask: Path) -> tuple[Pixels, Pixels]:
    pixels = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
    if pixels is None:
        raise DatasetError(f"mask '{mask}' cannot be read; save it again as PNG")
    return _same_size(read_image(photo), (pixels > 0).astype(np.uint8), photo, mask)


def _load_cutout(photo: Path, cutout: Path) -> tuple[Pixels, Pixels]:
    pixels = cv2.imread(str(cutout), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 4:
        raise DatasetError(f"cut-out '{cutout}' has no alpha channel; save it as RGBA PNG")
    half = (255 if pixels.dtype == np.uint8 else 65535) // 2
    return _same_size(read_image(photo), (pixels[..., 3] > half).astype(np.uint8), photo, cutout)


def _same_size(image: Pixels, mask: Pixels, photo: Path, other: Path) -> tuple[Pixels, Pixels]:
    if image.shape[:2] != mask.shape:
        raise DatasetError(
            f"'{other}' is {mask.shape[1]} x {mask.shape[0]} px but '{photo}' "
            f"{image.shape[1]} x {image.shape[0]} px; make the two the same size"
        )
    return image, mask
