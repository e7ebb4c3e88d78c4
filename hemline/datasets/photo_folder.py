"""The photos below a folder by name: annotation files name photos, not where they were unpacked."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from hemline.datasets.file_names import PHOTO_SUFFIXES


class PhotoFolder:
    """Every photo below a folder, found by its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths: dict[str, list[str]] = defaultdict(list)
        for root, _, names in walk(folder):
            for name in names:
                if PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES:
                    self._paths[name].append(str(root))

    def find(self, name: str) -> Path | None:
        """The photo of that name; of several, the one whose folders the name has too, if any.

        >>> PhotoFolder(Path("no-such-folder")).find("train/1.jpg") is None
        True
        """
        wanted = PurePosixPath(name)
        paths = [Path(root) / wanted.name for root in self._paths.get(wanted.name, ())]
        if len(paths) > 1:
            paths = [path for path in paths if path.parts[-len(wanted.parts) :] == wanted.parts]
        return paths[0] if len(paths) == 1 else None


def walk(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """`os.walk` that follows links to folders, each once: data often lies on another disk."""
    seen: set[str] = set()
    for root, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        yield Path(root), folders, files
