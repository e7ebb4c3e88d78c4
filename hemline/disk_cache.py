"""Files on disk by a key, within a bound on their size: photos, pictures, copies of artifacts.

Several threads and processes may share a folder: files appear whole, and what one removes is, for
the others, not there.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from hemline.files import write_atomically

# After a trim the cache is this full, and each process trims again after writing this much: with
# two processes, a backend and a worker, the bound holds.
_KEPT_SHARE = 0.9
_WRITTEN_SHARE = 0.05
_TOUCH_S = 3600.0  # a file's time of use is kept to the hour: not every look is a write
_LEFT_BEHIND_S = 3600.0  # after which a file that is not whole has no writer any more


class DiskCache:
    """Bytes by a key (hexadecimal). What has not been used for longest goes first.

    `max_bytes` bounds the folder's files together; 0 keeps nothing. No disk error gets out: what
    cannot be kept is not kept, and what cannot be read is not found.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._written = max_bytes  # so that the first write looks at what is there

    def __contains__(self, key: str) -> bool:
        return self._path(key).exists()

    def find(self, key: str) -> bytes | None:
        """What is kept under the key; that it was used counts."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                data = file.read()
        except (OSError, ValueError):
            return None
        if abs(time.time() - status.st_mtime) > _TOUCH_S:
            with contextlib.suppress(OSError):
                os.utime(path)
        return data

    def keep(self, key: str, data: bytes) -> bool:
        """Keeps `data`, unless the key has something or it is too large. Whether others had to
        go for it."""
        if len(data) > self._max_bytes * _KEPT_SHARE or key in self:
            return False
        try:
            write_atomically(self._path(key), data)
        except OSError:
            return False
        with self._lock:
            self._written += len(data)
            if self._written < self._max_bytes * _WRITTEN_SHARE:
                return False
            self._written = 0
        return self._trim()

    def file(self, key: str) -> Path | None:
        """The file of what is kept under the key, for readers that need one; the last to be
        trimmed."""
        path = self._path(key)
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def remove(self, key: str) -> None:
        _remove(self._path(key))

    def _trim(self) -> bool:
        found: list[tuple[float, int, Path]] = []
        for path in settled(self._folder):
            with contextlib.suppress(OSError):  # another process trims too
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in found)
        trimmed = False
        for _, size, path in sorted(found):
            if total <= self._max_bytes * _KEPT_SHARE:
                break
            _remove(path)
            total -= size
            trimmed = True
        return trimmed

    def _path(self, key: str) -> Path:
        return self._folder / key


def settled(folder: Path) -> Iterator[Path]:
    """The files below a folder, but for those that another process may be writing right now."""
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            status = path.stat()
            is_whole = not path.name.startswith(".")
            if path.is_file() and (is_whole or status.st_mtime < time.time() - _LEFT_BEHIND_S):
                yield path


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
