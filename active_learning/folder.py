"""Photos and masks in two plain folders, paired by name: what `hemline rank` reads."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from active_learning.frame import check_sizes
from hemline.datasets.pairs import PHOTO_SUFFIXES
from hemline.datasets.photo_file import read_image
from hemline.errors import DatasetError, HemlineError, MaskError
from hemline.garments.naming import garment_and_view_of_file
from hemline.masks.overlap import IGNORE

MASK_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".jpg", ".jpeg")
_ENDINGS = ("", "_mask", "-mask", ".mask", "_label", "_seg", "_segmentation", "_gt")
_OPAQUE = 255
_MOST_CLASSES = 64  # more grey values than that are a soft edge, not classes
_HIGHEST_BESIDE_VOID = 63  # class id in grey; a value between it and 255 is a soft edge


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
        return garment_and_view_of_file(self.id)[0]


@dataclass(frozen=True)
class Pixels:
    """A pair's pixels: photo (H, W, 3) uint8 RGB, mask (H, W) uint8 class ids, 255 being what
    nobody labelled."""

    photo: NDArray[np.uint8]
    mask: NDArray[np.uint8]


def find_pairs(images: Path, masks: Path) -> list[Pair]:
    """The photos of a folder with the masks of the same name, in order of name, and then the masks
    that have no photo.

    A mask may be called as its photo or with `_mask` and the like behind it. Where its name has two
    files, or two photos have its name, a pair's `problem` says so.

    Raises:
        DatasetError: a folder is missing or has no photos.
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
    doubled: dict[str, str] = {}
    for path in sorted(masks.iterdir()):
        if path.suffix.lower() not in MASK_SUFFIXES:
            continue
        if path.stem in by_stem and images != masks:
            doubled[path.stem] = (
                f"'{by_stem[path.stem].name}' and '{path.name}' are two masks of one name; remove "
                "one"
            )
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
        mask = _mask_of(photo, by_stem)
        pairs.append(Pair(photo.stem, photo, mask, doubled.get(mask.stem, "") if mask else ""))
    taken = {path for pair in pairs for path in (pair.photo, pair.mask)}
    return pairs + [
        Pair(stem, None, path, doubled.get(stem, ""))
        for stem, path in by_stem.items()
        if path not in taken
    ]


def passed_over(images: Path, masks: Path) -> list[Path]:
    """What `find_pairs` does not look at in a folder of photos, in order of name: sub-folders and
    files of other kinds, but for hidden ones and the masks."""
    kinds = PHOTO_SUFFIXES.union(MASK_SUFFIXES) if images == masks else PHOTO_SUFFIXES
    return [
        path
        for path in sorted(images.iterdir())
        if not path.name.startswith(".")
        and (path.is_dir() or path.suffix.lower() not in kinds)
        and path.resolve() != masks.resolve()
    ]


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
    """Class ids (H, W) uint8 of a mask file: 0 is background, `IGNORE` what nobody labelled.

    Palette indices and small grey values are class ids, and 255 beside them is void. A mask of 0
    and 255, or of many grey values, is black and white with soft edges: from 128 on is garment.
    Where a picture has transparent pixels its alpha is the mask, as in a cut-out.

    Raises:
        MaskError: the file cannot be read, or is a coloured picture.
    """
    try:
        with Image.open(path) as image:
            if image.mode in ("RGBA", "LA"):
                pixels = np.asarray(image)
                if (pixels[..., -1] < _OPAQUE).any():
                    return _black_and_white(pixels[..., -1])
                pixels = _grey(pixels[..., :-1], path)
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
    ids = values[(values > 0) & (values < IGNORE)]
    if values.max(initial=0) < IGNORE:
        classes = palette or (ids.max(initial=0) < 128 and len(values) <= _MOST_CLASSES)
    else:
        classes = len(ids) > 0 and (palette or int(ids.max()) <= _HIGHEST_BESIDE_VOID)
    return np.ascontiguousarray(pixels, dtype=np.uint8) if classes else _black_and_white(pixels)


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


def _black_and_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (pixels >= 128).astype(np.uint8)


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
