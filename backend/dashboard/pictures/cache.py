"""Pictures on disk, named by the digest of what they were made from, each made once.

A file begins with the digest of the picture in it: one that the disk has damaged is made again.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from hemline.disk_cache import DiskCache

_DIGEST_BYTES = sha256().digest_size


class PictureCache:
    """Of several threads that ask for one picture, one makes it. `max_bytes` 0 keeps nothing."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._pictures = DiskCache(folder, max_bytes)
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}

    def find(self, key: str) -> bytes | None:
        """The picture of that key (hexadecimal), if it is here, and whole."""
        kept = self._pictures.find(key)
        if kept is None:
            return None
        digest, picture = kept[:_DIGEST_BYTES], kept[_DIGEST_BYTES:]
        if sha256(picture).digest() != digest:
            self._pictures.remove(key)
            return None
        return picture

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
            self._pictures.keep(key, sha256(made).digest() + made)
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
