"""Files that are whole or not there: written aside, synced, then renamed. And their folders."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from hemline.errors import DatasetError

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
PRIVATE_UMASK = 0o077


def make_folder(folder: Path) -> None:
    """Makes a folder that a person asked for, and those above it; one that is there is fine.

    Raises:
        DatasetError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(
            f"cannot write to '{folder}' ({error.strerror}); choose another folder"
        ) from error


def make_private_folder(folder: Path) -> None:
    """Makes a folder, and those above it, that only its owner may look into.

    One that is there and belongs to this user is closed to others. Raises OSError.
    """
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    make_private(folder, PRIVATE_FOLDER)


def make_private(path: Path, mode: int) -> None:
    """Takes from a file or folder of this user what `mode` does not allow; others' stay."""
    with contextlib.suppress(FileNotFoundError, PermissionError):
        is_mode = stat.S_IMODE(path.stat().st_mode)
        if is_mode & ~mode:
            path.chmod(is_mode & mode)


def visible_files(folder: Path) -> Iterator[Path]:
    """The files below a folder, in order, without those under a name that begins with a dot."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if not any(part.startswith(".") for part in inside.parts) and path.is_file():
            yield path


def write_atomically(path: Path, data: bytes) -> None:
    """Writes `data` to `path` so that no reader, and no crash, ever sees a part of it."""
    with open_atomically(path) as file:
        file.write(data)


@contextmanager
def open_atomically(path: Path) -> Iterator[BinaryIO]:
    """The same for what is written piece by piece: it stands at `path` when the block ends.

    Where the block raises, `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
