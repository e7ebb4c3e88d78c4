"""Pictures on disk, named by the digest of what they were made from, within a bound on their size.

Several threads and processes may share the folder: files appear whole, and of two threads that ask
for one picture at once, one makes it.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hemline.files import write_atomically

_KEPT_SHARE = 0.9  # of the bound, after a trim
_WRITTEN_SHARE = 0.05  # of the bound, after which a process looks again
_TOUCH_S = 3600.0  # a picture's time of use is kept to the hour: not every look is a write


class PictureCache:
    """`max_bytes` 0 keeps nothing. What was not looked at for longest goes first."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}
        self._written = max_bytes  # so that the first write looks at what is there

    def find(self, key: str) -> bytes | None:
        """The picture of that key (hexadecimal), if it is here."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                data = file.read()
        except OSError:
            return None
        if abs(time.time() - status.st_mtime) > _TOUCH_S:
            with contextlib.suppress(OSError):
                os.utime(path)
        return data

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """The picture of that key, made if it is not here. What `make` raises passes through."""
        found = self.find(key)
        if found is not None:
            return found
        with self._turn(key):
            found = self.find(key)
            if found is not None:
                return found
            made = make()
            self._keep(key, made)
            return made

    @contextlib.contextmanager
    def _turn(self, key: str) -> Iterator[None]:
        with self._lock:
            lock = self._making.setdefault(key, threading.Lock())
        try:
            with lock:
                yield
        finally:
            with self._lock:
                self._making.pop(key, None)

    def _keep(self, key: str, data: bytes) -> None:
        if len(data) > self._max_bytes * _KEPT_SHARE:
            return
        try:
            write_atomically(self._path(key), data)
        except OSError:
            return  # a full disk must not keep a picture from being seen
        with self._lock:
            self._written += len(data)
            if self._written < self._max_bytes * _WRITTEN_SHARE:
                return
            self._written = 0
        self._trim()

    def _trim(self) -> None:
        found: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(OSError):  # another process trims too
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._max_bytes * _KEPT_SHARE:
                return
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key[2:]
