"""Photos and masks in two plain folders, paired by name: what `hemline rank` reads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from active_learning.signals.frame import check_sizes
from hemline.datasets.file_names import PHOTO_SUFFIXES, stem_of, visible
from hemline.datasets.mask_file import MASK_SUFFIXES, read_mask
from hemline.datasets.photo_file import read_image
from hemline.errors import DatasetError, MaskError
from hemline.garments.naming import garment_and_view_of_file
from hemline.masks.files.garment_is import GarmentIs
from hemline.masks.files.levels import InvertedMaskError

_LOOKED_AT = 20  # masks that say how those of a folder are meant
_ENDINGS = ("", "_mask", "-mask", ".mask", "_label", "_seg", "_segmentation", "_gt")


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
    photos = [path for path in visible(images) if _ends(path, PHOTO_SUFFIXES)]
    if not photos:
        raise DatasetError(
            f"'{images}' has no photos; they end in {', '.join(sorted(PHOTO_SUFFIXES))}"
        )
    by_stem: dict[str, Path] = {}
    doubled: dict[str, str] = {}
    for path in visible(masks):
        if not _ends(path, MASK_SUFFIXES):
            continue
        stem = stem_of(path)
        if stem in by_stem and images != masks:
            doubled[stem] = (
                f"'{by_stem[stem].name}' and '{path.name}' are two masks with the same name; "
                "remove one"
            )
        by_stem.setdefault(stem, path)
    pairs: list[Pair] = []
    first: dict[str, Path] = {}
    for photo in photos:
        if _is_mask_itself(photo, masks):
            continue
        if (other := first.setdefault(stem_of(photo), photo)) != photo:
            pairs.append(
                Pair(
                    photo.name,
                    photo,
                    None,
                    f"'{photo.name}' and '{other.name}' share one mask; rename or remove one",
                )
            )
            continue
        mask = _mask_of(photo, by_stem)
        problem = doubled.get(stem_of(mask), "") if mask else ""
        pairs.append(Pair(stem_of(photo), photo, mask, problem))
    taken = {path for pair in pairs for path in (pair.photo, pair.mask)}
    return pairs + [
        Pair(stem, None, path, doubled.get(stem, ""))
        for stem, path in by_stem.items()
        if path not in taken
    ]


def passed_over(images: Path, masks: Path) -> list[Path]:
    """What `find_pairs` does not look at in the two folders, in order of name: sub-folders and
    files of other kinds, but for hidden ones and the masks' own folder."""
    kinds = PHOTO_SUFFIXES.union(MASK_SUFFIXES) if images == masks else PHOTO_SUFFIXES
    others = [path for path in visible(images) if path.is_dir() or not _ends(path, kinds)]
    if images != masks:
        others += [
            path for path in visible(masks) if path.is_dir() or not _ends(path, MASK_SUFFIXES)
        ]
    return [path for path in others if path.resolve() not in (masks.resolve(), images.resolve())]


def look_inverted(pairs: Sequence[Pair]) -> bool:
    """Whether half of the masks or more have their garment all around: the folder's masks are then
    dark where the garment is, or show close-ups. One such mask among others is a wrong label."""
    masks = [pair.mask for pair in pairs if pair.mask and not pair.problem]
    some = masks[:: max(1, len(masks) // _LOOKED_AT)]
    inverted = readable = 0
    for mask in some:
        try:
            read_mask(mask)
        except InvertedMaskError:
            inverted += 1
        except MaskError:
            continue
        readable += 1
    return readable > 0 and 2 * inverted >= readable


def read_pair(
    pair: Pair, garment_is: GarmentIs | None = None, *, light_is_garment: bool = False
) -> Pixels:
    """The pair's pixels.

    Args:
        garment_is: what of a mask is garment; None finds it out.
        light_is_garment: whether a mask that looks inverted is a wrong label, and no question.

    Raises:
        HemlineError: one of them is missing, a file cannot be read, or their sizes differ.
    """
    if pair.problem:
        raise DatasetError(pair.problem)
    if pair.photo is None:
        raise DatasetError(
            f"mask '{pair.id}' has no photo with its name; add the photo or remove the mask"
        )
    if pair.mask is None:
        raise DatasetError(
            f"'{pair.photo.name}' has no mask with its name; draw one or remove the photo"
        )
    photo = read_image(pair.photo)
    try:
        mask = read_mask(pair.mask, garment_is)
    except InvertedMaskError as error:
        if not light_is_garment:
            raise
        mask = error.inside.astype(np.uint8)
    try:
        check_sizes(photo, mask)
    except MaskError as error:
        raise DatasetError(f"'{pair.mask.name}': {error}") from error
    return Pixels(photo, mask)


def _ends(path: Path, suffixes: Collection[str]) -> bool:
    return path.suffix.lower() in suffixes


def _mask_of(photo: Path, by_stem: dict[str, Path]) -> Path | None:
    for ending in _ENDINGS:
        found = by_stem.get(stem_of(photo) + ending)
        if found is not None and found != photo:
            return found
    return None


def _is_mask_itself(photo: Path, masks: Path) -> bool:
    """In one folder for both, what is called as a mask is no photo."""
    return photo.parent == masks and any(
        photo.stem.endswith(ending) for ending in _ENDINGS if ending
    )
