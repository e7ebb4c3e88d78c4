"""Files that are whole or not there: written aside, synced, then renamed. And their folders."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from hemline.errors import DatasetError


def make_folder(folder: Path) -> None:
    """Makes a folder that a person asked for, and those above it; one that is there is fine.

    Raises:
        DatasetError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(
            f"'{folder}' cannot be written ({error.strerror}); choose another folder"
        ) from error


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
