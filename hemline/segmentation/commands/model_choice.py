"""Which model a person means: a file, the starter, or a version's name."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from hemline.errors import ModelError, StoreError
from hemline.segmentation.starter import starter_path

STARTER = "starter"


class Versions(Protocol):
    """The model versions of a store, which this package does not know of."""

    def names(self) -> list[str]:
        """The names of all versions."""
        ...

    def path_of(self, name: str) -> Path | None:
        """The version's model file; None if there is none of that name."""
        ...


_open_versions: Callable[[], Versions] | None = None


def know_versions(open_versions: Callable[[], Versions]) -> None:
    """Has `find_model` look for names among these versions; they are opened when asked for."""
    global _open_versions
    _open_versions = open_versions


def find_model(name: Path | str | None) -> Path:
    """The model file that a person means by a path, `starter` or a name such as `hemline-1-v2`.

    None is the starter. A file comes before a name.

    Raises:
        ModelError: nothing has that name; the sentence lists what there is.
        HemlineError: the version's file is lost.
    """
    if name is None:
        return starter_path()
    path = Path(name)
    if path.exists():
        return path
    if str(name) == STARTER:
        return starter_path()
    known, unread = [STARTER], ""
    try:
        versions = _open_versions() if _open_versions else None
    except StoreError as error:
        versions, unread = None, f" (the projects' versions cannot be looked up: {error})"
    if versions is not None:
        found = versions.path_of(str(name))
        if found is not None:
            return found
        known += versions.names()
    choice = known[0] if len(known) == 1 else f"one of {', '.join(known)}"
    raise ModelError(
        f"unknown model '{name}': there is no such file or name; give a file, or {choice}{unread}"
    )
