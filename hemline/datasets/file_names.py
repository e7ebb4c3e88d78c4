"""Names of files in a folder of photos: which are photos, and which names are the same."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from hemline.datasets.sample import Skipped

PHOTO_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif"),
        *(".avif", ".heic", ".heif"),
    }
)
_SYSTEM = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def same_name(name: str) -> str:
    """A name as it is compared: macOS writes an é as two characters, other systems as one.

    >>> same_name("e\\u0301") == same_name("\\u00e9")
    True
    """
    return unicodedata.normalize("NFC", name)


def stem_of(path: Path) -> str:
    """A file's name without its ending, as it is compared."""
    return same_name(path.stem)


def is_photo(path: Path) -> bool:
    """Whether a file's ending is a photo's."""
    return path.suffix.lower() in PHOTO_SUFFIXES


def visible(folder: Path) -> list[Path]:
    """What a person put into a folder, in order of name: no hidden files, nor a system's own."""
    return [path for path in sorted(folder.iterdir()) if not _is_hidden(path)]


def no_photos(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    """Those of the paths that are not read as photos, and why."""
    for path in paths:
        if path.is_dir():
            yield path, f"'{path}' is a folder; subfolders are not searched for photos"
        elif not is_photo(path):
            ending = f"ends in '{path.suffix}'" if path.suffix else "has no ending"
            yield (
                path,
                f"'{path}' {ending}; photos must end in {', '.join(sorted(PHOTO_SUFFIXES))}",
            )


def photos_by_stem(folder: Path) -> tuple[dict[str, Path], list[Skipped]]:
    """The photos of a folder by stem, in order of name, and its other files with why not.

    Of two photos of one stem the later is skipped: they would share one annotation.
    """
    found = visible(folder)
    skipped = [Skipped(path.name, why) for path, why in no_photos(found)]
    photos: dict[str, Path] = {}
    for photo in filter(is_photo, found):
        if (other := photos.setdefault(stem_of(photo), photo)) != photo:
            why = f"'{photo}' and '{other}' have the same name; rename or remove one"
            skipped.append(Skipped(photo.name, why))
    return photos, skipped


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in _SYSTEM
