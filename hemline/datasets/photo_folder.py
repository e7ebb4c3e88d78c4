"""The photos below a folder by name: annotation files name photos, not where they were unpacked."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from hemline.datasets.file_names import PHOTO_SUFFIXES, same_name


class PhotoFolder:
    """Every photo below a folder, found by its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths: dict[str, list[str]] = defaultdict(list)
        for root, _, names in walk(folder):
            for name in names:
                if PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES:
                    self._paths[same_name(name).casefold()].append(str(root / name))

    def find(self, name: str) -> Path | None:
        """The photo of that name; of several, the one whose folders the name has too, if any.

        Backslashes part folders too, accents may be written in either way, and upper and lower case
        are the same where no other photo is meant.

        >>> PhotoFolder(Path("no-such-folder")).find("train/1.jpg") is None
        True
        """
        found = self._candidates(name)
        return found[0] if len(found) == 1 else None

    def find_any_ending(self, stem: str) -> Path | None:
        """The photo of a name that may lack its ending, .jpg before others."""
        endings = ("", ".jpg", *sorted(PHOTO_SUFFIXES - {".jpg"}))
        return next((found for end in endings if (found := self.find(f"{stem}{end}"))), None)

    def why_not(self, name: str) -> str:
        """Why `find` has no photo of a name, and what to do."""
        found = self._candidates(name)
        if len(found) > 1:
            places = " and ".join(f"'{path.relative_to(self.folder)}'" for path in found[:3])
            return (
                f"'{self.folder}' has {len(found)} photos '{name}', as {places}; give each its "
                "own name, or put its folder into the name"
            )
        return f"'{self.folder}' has no photo '{name}'; add it, or correct its name"

    def _candidates(self, name: str) -> list[Path]:
        wanted = PurePosixPath(same_name(name.replace("\\", "/")))
        paths = [Path(path) for path in self._paths.get(wanted.name.casefold(), ())]
        exact = [path for path in paths if same_name(path.name) == wanted.name]
        paths = exact or paths
        if len(paths) > 1:
            parts = tuple(part for part in wanted.parts if part not in ("/", "."))
            at_end = [
                path
                for path in paths
                if len(parts) > 1 and tuple(map(same_name, path.parts[-len(parts) :])) == parts
            ]
            paths = at_end or [path for path in paths if path.parent == self.folder] or paths
        return paths


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
