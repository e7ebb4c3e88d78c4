"""A folder of photos as tasks: served by Label Studio from where it lies, nothing is copied."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hemline.datasets.file_names import PHOTO_SUFFIXES, is_photo
from hemline.errors import HemlineError
from hemline.garments.naming import garment_and_view_of_file

# Photos that Hemline reads and no browser shows, so that Label Studio would open an empty page.
_NOT_SHOWN = frozenset({".tif", ".tiff", ".heic", ".heif"})
_NAMED = 5  # photos named in a sentence
_SHOWN = tuple(sorted(PHOTO_SUFFIXES - _NOT_SHOWN))


@dataclass(frozen=True)
class DemoPhotoFolder:
    """`served` is the folder as Label Studio reaches it, below `files_root`."""

    folder: Path
    files_root: Path
    served: Path
    photos: tuple[Path, ...]  # relative to the folder, sorted
    passed_over: tuple[Path, ...] = ()  # photos that no browser shows, likewise

    @property
    def digest(self) -> str:
        """Changes when a photo is added, removed or renamed."""
        return sha256("\0".join(map(str, self.photos)).encode(errors="surrogateescape")).hexdigest()

    @property
    def warning(self) -> str:
        """What a person should know of photos that become no tasks; empty if there are none."""
        if not self.passed_over:
            return ""
        return (
            f"{len(self.passed_over)} photos are left out because browsers cannot show their "
            f"format: {_named(self.passed_over)}. Convert them to JPEG or PNG to include them."
        )

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


def open_photo_folder(folder: Path, files_root: Path) -> DemoPhotoFolder:
    """The photos in a folder and its subfolders, made reachable below Label Studio's files root.

    Raises HemlineError if there is no such folder or no photo in it.
    """
    folder = folder.expanduser().absolute()
    if not folder.is_dir():
        raise HemlineError(f"there is no folder {folder}; name a folder of photos")
    try:
        found = sorted(_photos(folder))
    except OSError as error:
        raise HemlineError(f"{error.filename} cannot be read: {error.strerror}") from error
    photos = tuple(path for path in found if path.suffix.lower() in _SHOWN)
    passed_over = tuple(path for path in found if path.suffix.lower() in _NOT_SHOWN)
    if not photos:
        convert = f" ({_named(passed_over)}: convert to JPEG)" if passed_over else ""
        raise HemlineError(
            f"there are no photos in {folder} that browsers can show{convert}; the demo takes "
            f"{', '.join(_SHOWN)}"
        )
    return DemoPhotoFolder(folder, files_root, _serve(folder, files_root), photos, passed_over)


def _named(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(map(str, paths[:_NAMED])) + more


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
            if is_photo(Path(name)) and not name.startswith("."):
                yield Path(here, name).relative_to(folder)
