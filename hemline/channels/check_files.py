"""Pictures in files against a rule pack: which pass, and why the others do not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.channels.pack import Pack, passes
from hemline.channels.picture import read_picture
from hemline.channels.rule import Finding
from hemline.datasets.file_names import is_photo, stem_of, visible
from hemline.datasets.mask_file import MASK_SUFFIXES, read_garment
from hemline.errors import ChannelError, HemlineError, ImageError
from hemline.masks.files.garment_is import GarmentIs
from hemline.settings import get_settings

_CUTOUTS = "cutouts"  # where an export has its pictures


@dataclass(frozen=True, slots=True)
class Checked:
    """What a pack says of one picture; `problem` where it could not be judged."""

    name: str
    findings: tuple[Finding, ...] = ()
    problem: str | None = None

    @property
    def passes(self) -> bool:
        return self.problem is None and passes(list(self.findings))

    def as_json(self) -> dict[str, Any]:
        return {
            "picture": self.name,
            "passes": self.passes,
            "problem": self.problem,
            "findings": [finding.as_json() for finding in self.findings],
        }


def find_pictures(path: Path) -> list[Path]:
    """The pictures that a path names: itself, those of a folder, or of an export's cutouts/.

    Raises:
        ChannelError: there are none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ChannelError(f"'{path}' is neither a file, a folder nor a project's number")
    for folder in (path, path / _CUTOUTS):
        found = [file for file in visible(folder) if is_photo(file)] if folder.is_dir() else []
        if found:
            return found
    raise ChannelError(f"folder '{path}' has no pictures; give the folder that they are in")


def check_files(
    pictures: Sequence[Path],
    pack: Pack,
    today: date,
    *,
    masks: Path | None = None,
    garment_is: GarmentIs | None = None,
) -> Iterator[Checked]:
    """Each picture, in order; one that cannot be judged is named with its problem.

    Args:
        masks: folder of masks of the pictures' names. Without it a garment is where the picture's
            alpha is, or what differs from a plain ground.
        garment_is: what of the masks is garment; None finds it out.

    Raises:
        ChannelError: `masks` is not a folder.
    """
    by_stem = _by_stem(masks)
    for path in pictures:
        try:
            mask = _mask(path, by_stem, masks, garment_is)
            picture = read_picture(
                _bytes(path),
                name=path.name,
                max_pixels=get_settings().max_pixels,
                ground=pack.ground,
                mask=mask,
            )
            yield Checked(str(path), tuple(pack.judge(picture, today)))
        except HemlineError as error:
            yield Checked(str(path), problem=str(error))


def _by_stem(masks: Path | None) -> dict[str, Path]:
    if masks is None:
        return {}
    if not masks.is_dir():
        raise ChannelError(f"'{masks}' is not a folder; give the folder of the masks")
    return {stem_of(path): path for path in visible(masks) if path.suffix.lower() in MASK_SUFFIXES}


def _mask(
    path: Path, by_stem: dict[str, Path], masks: Path | None, garment_is: GarmentIs | None
) -> NDArray[np.bool_] | None:
    if masks is None:
        return None
    found = by_stem.get(stem_of(path))
    if found is None:
        raise ChannelError(f"'{path}' has no mask in '{masks}'; add '{path.stem}.png' there")
    return read_garment(found, garment_is)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"picture '{path}' cannot be read: {error.strerror}") from error
