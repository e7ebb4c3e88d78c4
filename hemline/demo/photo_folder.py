"""A folder of photos as tasks: served by Label Studio from where it lies, nothing is copied."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hemline.errors import HemlineError
from hemline.garments.naming import garment_and_view_of_file

# What a browser shows and Hemline decodes.
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


@dataclass(frozen=True)
class PhotoFolder:
    """`served` is the folder as Label Studio reaches it, below `files_root`."""

    folder: Path
    files_root: Path
    served: Path
    photos: tuple[Path, ...]  # relative to the folder, sorted

    @property
    def digest(self) -> str:
        """Changes when a photo is added, removed or renamed."""
        return sha256("\0".join(map(str, self.photos)).encode(errors="surrogateescape")).hexdigest()

    def tasks(self) -> list[dict[str, Any]]:
        """One task a photo, with the garment and view that its name says."""
        return [self._task(photo) for photo in self.photos]

    def _task(self, photo: Path) -> dict[str, Any]:
        garment, view = garment_and_view_of_file(photo)
        address = quote((self.served.relative_to(self.files_root) / photo).as_posix())
        return {
            "data": {
                "image": f"/data/local-files/?d={address}",
                "garment": garment,
                "view": view,
            }
        }


def open_photo_folder(folder: Path, files_root: Path) -> PhotoFolder:
    """The photos in a folder and its subfolders, made reachable below Label Studio's files root.

    Raises HemlineError if there is no such folder or no photo in it.
    """
    folder = folder.expanduser().absolute()
    if not folder.is_dir():
        raise HemlineError(f"there is no folder {folder}; name a folder of photos")
    try:
        photos = tuple(sorted(_photos(folder)))
    except OSError as error:
        raise HemlineError(f"{error.filename} cannot be read: {error.strerror}") from error
    if not photos:
        raise HemlineError(
            f"there are no photos in {folder}; the demo takes {', '.join(_SUFFIXES)}"
        )
    return PhotoFolder(folder, files_root, _serve(folder, files_root), photos)


def _serve(folder: Path, files_root: Path) -> Path:
    """A link to the folder: the files root stays the same whatever folders come and go."""
    if folder.is_relative_to(files_root):
        return folder
    link = files_root / f"{folder.name or 'root'}-{sha256(os.fsencode(folder)).hexdigest()[:8]}"
    files_root.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(folder, target_is_directory=True)
    return link


def _photos(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise error

    for here, subfolders, names in os.walk(folder, onerror=refuse):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in names:
            if name.lower().endswith(_SUFFIXES) and not name.startswith("."):
                yield Path(here, name).relative_to(folder)
