"""An export where every host can reach it: its files beside the artifacts, in folders of its own.

Only where artifacts are not in HEMLINE_HOME; there the folder that the worker wrote is at hand.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TypeVar

from hemline.errors import ExportError
from hemline.files import visible_files
from hemline.settings import Settings
from hemline.store.database.storage_url import open_root

Item = TypeVar("Item")

_LISTING = "files.json"  # which files are there; a listing of the bucket may be behind
_SENDING = "sending"  # is there while files are sent, and after a sending that was stopped
_THREADS = 8  # each file is a request, and waits for its answer


class SharedExport:
    """The files of the export `name`. What asks a bucket raises ArtifactsUnavailable when it does
    not answer."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._root = open_root(f"{settings.artifacts.rstrip('/')}/exports/{name}")

    def __str__(self) -> str:
        """Where it is, for people."""
        return str(self._root)

    def send(self, folder: Path, on_file: Callable[[], None]) -> None:
        """Puts the folder's files there and removes those that it has no more. A file that is there
        as it is, by an earlier listing, is not sent again, unless a sending was stopped since.

        on_file: called after each file; what it raises ends the sending.

        Raises ExportError if the place cannot be written.
        """
        listed = self.files() or {}

        def put(path: Path) -> tuple[str, str]:
            name, data = path.relative_to(folder).as_posix(), path.read_bytes()
            digest = sha256(data).hexdigest()
            if there.get(name) != digest:
                self._root.write(name, data)
            return name, digest

        now = {}
        try:
            there = {} if self._root.exists(_SENDING) else listed
            self._root.write(_SENDING, b"files are being sent, or that was stopped\n")
            with ThreadPoolExecutor(_THREADS) as pool:
                for paths in _batches(visible_files(folder)):
                    for name, digest in pool.map(put, paths):
                        now[name] = digest
                        on_file()
            self._root.write(_LISTING, json.dumps(now).encode())
            for name in (listed.keys() - now.keys()) | {_SENDING}:
                with suppress(FileNotFoundError):
                    self._root.remove(name)
        except OSError as error:
            raise ExportError(f"the export cannot be put under {self} ({error})") from error

    def files(self) -> dict[str, str] | None:
        """SHA-256 by path of all that is there; None if no export has ended here."""
        try:
            listed = json.loads(self._root.read(_LISTING))
        except (FileNotFoundError, ValueError):
            return None
        return listed if isinstance(listed, dict) else None

    def read(self, path: str) -> bytes:
        """A file's content. Raises FileNotFoundError if it is not there."""
        return self._root.read(path)

    def read_all(self) -> Iterator[tuple[str, bytes]]:
        """Every file by its path; one that was removed meanwhile is left out."""
        with ThreadPoolExecutor(_THREADS) as pool:
            for names in _batches(iter(sorted(self.files() or {}))):
                for name, data in zip(names, pool.map(self._found, names), strict=True):
                    if data is not None:
                        yield name, data

    def _found(self, path: str) -> bytes | None:
        try:
            return self.read(path)
        except FileNotFoundError:
            return None


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    """A few at a time: no more than these are in memory."""
    while batch := list(islice(items, _THREADS)):
        yield batch
