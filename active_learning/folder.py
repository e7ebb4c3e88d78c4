"""Photos and masks in two plain folders, paired by name: what `hemline rank` reads."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from active_learning.frame import check_sizes
from hemline.datasets.pairs import PHOTO_SUFFIXES, garment_and_view
from hemline.datasets.photo_file import read_image
from hemline.errors import DatasetError, HemlineError, MaskError

MASK_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".jpg", ".jpeg")
_ENDINGS = ("", "_mask", "-mask", ".mask", "_label", "_seg", "_segmentation", "_gt")
_OPAQUE = 255
_MOST_CLASSES = 64  # more grey values than that are a soft edge, not classes


@dataclass(frozen=True)
class Pair:
    """A photo and its mask on disk; one of them is None where there is none. `problem` says why
    the two cannot be judged, "" where they can."""

    id: str
    photo: Path | None
    mask: Path | None
    problem: str = ""

    @property
    def garment(self) -> str:
        """What the photo shows, by its name: the views of a garment share it."""
        return garment_and_view(self.id)[0]


@dataclass(frozen=True)
class Pixels:
    """A pair's pixels: photo (H, W, 3) uint8 RGB, mask (H, W) uint8 class ids."""

    photo: NDArray[np.uint8]
    mask: NDArray[np.uint8]


def find_pairs(images: Path, masks: Path) -> list[Pair]:
    """The photos of a folder with the masks of the same name, in order of name, and then the masks
    that have no photo.

    A mask may be called as its photo or with `_mask` and the like behind it.

    Raises:
        DatasetError: a folder is missing or has no photos, or a mask's name has two files.
    """
    for folder in (images, masks):
        if not folder.is_dir():
            raise DatasetError(f"'{folder}' is not a folder; give the one that holds the files")
    photos = [path for path in sorted(images.iterdir()) if path.suffix.lower() in PHOTO_SUFFIXES]
    if not photos:
        raise DatasetError(
            f"'{images}' has no photos; they end in {', '.join(sorted(PHOTO_SUFFIXES))}"
        )
    by_stem: dict[str, Path] = {}
    for path in sorted(masks.iterdir()):
        if path.suffix.lower() not in MASK_SUFFIXES:
            continue
        if path.stem in by_stem and images != masks:
            raise DatasetError(f"'{by_stem[path.stem]}' and '{path}' are two masks of one name")
        by_stem.setdefault(path.stem, path)
    pairs: list[Pair] = []
    first: dict[str, Path] = {}
    for photo in photos:
        if _is_mask_itself(photo, masks):
            continue
        if (other := first.setdefault(photo.stem, photo)) != photo:
            pairs.append(Pair(photo.name, photo, None, f"'{photo.name}' and '{other.name}' share "
                              "one mask; rename one, or remove it"))  # fmt: skip
            continue
        pairs.append(Pair(photo.stem, photo, _mask_of(photo, by_stem)))
    taken = {path for pair in pairs for path in (pair.photo, pair.mask)}
    return pairs + [Pair(stem, None, path) for stem, path in by_stem.items() if path not in taken]


def read_pair(pair: Pair) -> Pixels:
    """The pair's pixels.

    Raises:
        HemlineError: one of them is missing, a file cannot be read, or their sizes differ.
    """
    if pair.problem:
        raise DatasetError(pair.problem)
    if pair.photo is None:
        raise DatasetError(f"mask '{pair.id}' has no photo of its name; add it or take it out")
    if pair.mask is None:
        raise DatasetError(f"'{pair.photo.name}' has no mask of its name; draw one or leave it out")
    photo = read_image(pair.photo)
    mask = read_mask(pair.mask)
    try:
        check_sizes(photo, mask)
    except MaskError as error:
        raise DatasetError(f"'{pair.mask.name}': {error}") from error
    return Pixels(photo, mask)


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Class ids (H, W) uint8 of a mask file, 0 for background.

    Palette indices and small grey values are class ids. A mask that has 255, or many grey values,
    is black and white with soft edges: from 128 on is garment. Where a picture has transparent
    pixels its alpha is the mask, as in a cut-out.

    Raises:
        MaskError: the file cannot be read, or is a coloured picture.
    """
    try:
        with Image.open(path) as image:
            if image.mode in ("RGBA", "LA"):
                pixels = _of_alpha(np.asarray(image), path)
            elif image.mode == "RGB":
                pixels = _grey(np.asarray(image), path)
            elif image.mode in ("1", "L", "P"):
                pixels = np.asarray(image if image.mode != "1" else image.convert("L"))
            else:
                pixels = _eight_bits(np.asarray(image.convert("I")))
            palette = image.mode == "P"
    except HemlineError:
        raise
    except Exception as error:  # what a broken file raises depends on its format
        raise MaskError(f"mask '{path.name}' cannot be read ({error}); save it as PNG") from error
    values = np.flatnonzero(np.bincount(pixels.ravel(), minlength=1))
    if palette or (values.max(initial=0) < 128 and len(values) <= _MOST_CLASSES):
        return np.ascontiguousarray(pixels, dtype=np.uint8)
    return (pixels >= 128).astype(np.uint8)


def _mask_of(photo: Path, by_stem: dict[str, Path]) -> Path | None:
    for ending in _ENDINGS:
        found = by_stem.get(photo.stem + ending)
        if found is not None and found != photo:
            return found
    return None


def _is_mask_itself(photo: Path, masks: Path) -> bool:
    """In one folder for both, what is called as a mask is no photo."""
    return photo.parent == masks and any(
        photo.stem.endswith(ending) for ending in _ENDINGS if ending
    )


def _of_alpha(pixels: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    """The alpha (H, W) of a cut-out; the grey of a picture (H, W, 2 or 4) that is opaque."""
    alpha = pixels[..., -1]
    if (alpha < _OPAQUE).any():
        return alpha
    return _grey(pixels[..., :-1], path)


def _grey(pixels: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    if (np.ptp(pixels.astype(np.int16), axis=2) > 8).any():
        raise MaskError(
            f"mask '{path.name}' is a coloured picture; save it as black and white, or as class "
            "ids in a palette PNG"
        )
    return pixels[..., 0]


def _eight_bits(values: NDArray[np.int32]) -> NDArray[np.uint8]:
    """16 bits a pixel: class ids if they fit, else white scaled to 255."""
    if values.max(initial=0) > 255:
        values = values // 257
    return np.clip(values, 0, 255).astype(np.uint8)
