"""Fetched photos on disk, named by content digest, within a bound on their size."""

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from hemline.files import write_atomically

# After a trim the cache is this full, and each process trims anew after writing this much: with
# two processes, a backend and a worker, the bound holds.
_KEPT_SHARE = 0.9
_WRITTEN_SHARE = 0.05
_LEFT_BEHIND = 3600.0  # seconds after which a file that is not whole has no writer any more


@dataclass(frozen=True)
class CachedPhoto:
    """A photo as it was when last fetched. `etag` is empty if its server gave none."""

    data: bytes
    digest: str
    etag: str


class PhotoCache:
    """Safe for several threads and processes: files appear whole, and what is read is checked.

    `max_bytes` 0 keeps nothing. Least recently used photos go first, by modification time.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._photos = folder / "photos"
        self._addresses = folder / "addresses"
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._written = max_bytes  # so that the first write looks at what is there

    def find(self, address: str) -> CachedPhoto | None:
        """What was last fetched from the address, if it is still here."""
        entry = self._entry(address)
        try:
            known = json.loads(entry.read_bytes())
            digest, etag = str(known["digest"]), str(known["etag"])
            photo = self._photos / digest
            data = photo.read_bytes()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if sha256(data).hexdigest() != digest:
            _remove(photo)
            return None
        with contextlib.suppress(OSError):
            os.utime(photo)
        return CachedPhoto(data, digest, etag)

    def keep(self, address: str, data: bytes, etag: str) -> str:
        """Remember what was fetched from the address; its digest."""
        digest = sha256(data).hexdigest()
        if len(data) > self._max_bytes * _KEPT_SHARE:
            return digest
        photo = self._photos / digest
        if not photo.exists():
            write_atomically(photo, data)
            self._note_written(len(data))
        entry = json.dumps({"digest": digest, "etag": etag}).encode()
        write_atomically(self._entry(address), entry)
        return digest

    def _entry(self, address: str) -> Path:
        return self._addresses / sha256(address.encode()).hexdigest()

    def _note_written(self, size: int) -> None:
        with self._lock:
            self._written += size
            if self._written < self._max_bytes * _WRITTEN_SHARE:
                return
            self._written = 0
            self._trim()

    def _trim(self) -> None:
        found: list[tuple[float, int, Path]] = []
        for path in _settled(self._photos):
            with contextlib.suppress(FileNotFoundError):  # another process trims too
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in found)
        removed: set[str] = set()
        for _, size, path in sorted(found):
            if total <= self._max_bytes * _KEPT_SHARE:
                break
            _remove(path)
            removed.add(path.name)
            total -= size
        if removed:
            self._forget_addresses()

    def _forget_addresses(self) -> None:
        for entry in _settled(self._addresses):
            try:
                digest = json.loads(entry.read_bytes())["digest"]
            except (OSError, ValueError, KeyError):
                digest = ""
            if not digest or not (self._photos / digest).exists():
                _remove(entry)


def _settled(folder: Path) -> Iterator[Path]:
    """The files of a folder, but for those that another process may be writing at this moment."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            is_whole = not path.name.startswith(".")
            if is_whole or path.stat().st_mtime < time.time() - _LEFT_BEHIND:
                yield path


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
