"""Where artifacts are: files under a folder, or objects in a bucket."""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from fsspec import AbstractFileSystem
from fsspec.asyn import AsyncFileSystem

from hemline.errors import ArtifactError, ArtifactsUnavailable
from hemline.files import write_atomically

Result = TypeVar("Result")

_LEFTOVER = re.compile(r"\.[0-9a-f]{62}\.\w+")  # what `write_atomically` writes aside
_RETRY_S = 30.0
_PATIENCE_S = 60.0  # with a write, and as long again as its bytes take at the slowest
_SLOWEST = 2**18  # bytes a second


class ArtifactRoot(Protocol):
    """Bytes by name. A name is `ab/cdef...`; `FileNotFoundError` says that there is none of it.

    A bucket that does not answer, or lets nobody in, raises ArtifactsUnavailable; a folder raises
    OSError.
    """

    def read(self, name: str) -> bytes: ...

    def holds(self, name: str, data: bytes) -> bool:
        """Whether these very bytes are there under the name."""
        ...

    def write(self, name: str, data: bytes) -> None: ...

    def exists(self, name: str) -> bool: ...

    def remove(self, name: str) -> None: ...

    def names(self, prefix: str) -> Iterator[str]:
        """The names that begin with `prefix` and a slash, in no order."""
        ...

    def check(self) -> bool:
        """Whether there is anything yet. Raises ArtifactError or ArtifactsUnavailable if it cannot
        be used."""
        ...

    def file(self, name: str) -> Path | None:
        """The file itself; None where there are only copies."""
        ...

    def size(self, name: str) -> int:
        """Bytes of it."""
        ...

    def stored_at(self, name: str) -> float:
        """When it was last written, in seconds since 1970."""
        ...

    def remove_stored_before(self, name: str, moment: float) -> bool:
        """Removes it unless it was written again since; whether it is gone."""
        ...

    def remove_leftovers(self, older_than: timedelta) -> int:
        """Removes what killed writers left behind; returns how many files."""
        ...


class FolderRoot:
    """Files, each written aside and renamed, so that none is ever half there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder)

    def read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def holds(self, name: str, data: bytes) -> bool:
        try:
            return self.read(name) == data
        except FileNotFoundError:
            return False

    def write(self, name: str, data: bytes) -> None:
        write_atomically(self._folder / name, data)

    def exists(self, name: str) -> bool:
        return (self._folder / name).exists()

    def remove(self, name: str) -> None:
        (self._folder / name).unlink()

    def names(self, prefix: str) -> Iterator[str]:
        with contextlib.suppress(FileNotFoundError):
            for path in (self._folder / prefix).iterdir():
                yield f"{prefix}/{path.name}"

    def check(self) -> bool:
        try:
            next(self._folder.iterdir(), None)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise ArtifactError(
                f"artifacts under {self} cannot be listed ({error}); check HEMLINE_ARTIFACT_URL "
                "and the permissions there"
            ) from error
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise ArtifactError(
                f"artifacts cannot be written to {self}; change its permissions, or set "
                "HEMLINE_ARTIFACT_URL to another place"
            )
        return True

    def file(self, name: str) -> Path | None:
        return self._folder / name

    def size(self, name: str) -> int:
        return (self._folder / name).stat().st_size

    def stored_at(self, name: str) -> float:
        return (self._folder / name).stat().st_mtime

    def remove_stored_before(self, name: str, moment: float) -> bool:
        path = self._folder / name
        if path.stat().st_mtime >= moment:
            return False
        # A writer may write it again right now: what was moved aside is looked at once more.
        aside = path.with_name(f".{path.name}.pruned")
        path.rename(aside)
        if aside.stat().st_mtime >= moment:
            aside.rename(path)
            return False
        aside.unlink()
        return True

    def remove_leftovers(self, older_than: timedelta) -> int:
        before = time.time() - older_than.total_seconds()
        removed = 0
        for path in self._folder.glob("[0-9a-f][0-9a-f]/.*"):
            with contextlib.suppress(OSError):  # its writer has ended, or another process tidies
                if _LEFTOVER.fullmatch(path.name) and path.stat().st_mtime < before:
                    path.unlink()
                    removed += 1
        return removed


class BucketRoot:
    """Objects of an object store, each put in one request, or in parts that it joins at the end.

    A store shows an object only once it is whole; readers check the digest all the same.
    """

    def __init__(self, filesystem: AbstractFileSystem, protocol: str, root: str) -> None:
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self._shown = f"{protocol}://{self._root.lstrip('/')}"

    def __str__(self) -> str:
        return self._shown

    def read(self, name: str) -> bytes:
        try:
            return self._content(name)
        except FileNotFoundError:
            self._check_bucket()  # else all that was ever stored would be taken for lost
            raise

    def holds(self, name: str, data: bytes) -> bool:
        try:
            return self._content(name) == data
        except FileNotFoundError:
            return False

    def write(self, name: str, data: bytes) -> None:
        # S3's waits for leave to send ("100 Continue") for as long as it takes.
        within = _PATIENCE_S + len(data) / _SLOWEST
        limit = {"timeout": within} if isinstance(self._filesystem, AsyncFileSystem) else {}
        try:
            self._asked(
                "written", lambda: self._filesystem.pipe_file(self._path(name), data, **limit)
            )
        except FileNotFoundError as error:
            raise self._unavailable("written", error) from error

    def exists(self, name: str) -> bool:
        try:
            self._asked("read", lambda: self._filesystem.info(self._path(name)))
        except FileNotFoundError:
            return False
        return True

    def remove(self, name: str) -> None:
        self._asked("removed", lambda: self._filesystem.rm_file(self._path(name)))

    def names(self, prefix: str) -> Iterator[str]:
        with contextlib.suppress(FileNotFoundError):
            for path in self._listed(self._path(prefix)):
                yield f"{prefix}/{path.rpartition('/')[2]}"

    def check(self) -> bool:
        self._check_bucket()
        try:
            return bool(self._listed(self._root))
        except FileNotFoundError:
            return False

    def file(self, name: str) -> Path | None:
        return None

    def size(self, name: str) -> int:
        found = self._asked("read", lambda: self._filesystem.info(self._path(name)))
        return int(found["size"])

    def stored_at(self, name: str) -> float:
        return float(
            self._asked("read", lambda: self._filesystem.modified(self._path(name))).timestamp()
        )

    def remove_stored_before(self, name: str, moment: float) -> bool:
        if self.stored_at(name) >= moment:
            return False
        self.remove(name)
        return True

    def remove_leftovers(self, older_than: timedelta) -> int:
        """Nothing: a write that died has left no object."""
        return 0

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _content(self, name: str) -> bytes:
        return bytes(self._asked("read", lambda: self._filesystem.cat_file(self._path(name))))

    def _listed(self, path: str) -> list[str]:
        return list(self._asked("listed", lambda: self._filesystem.ls(path, detail=False)))

    def _check_bucket(self) -> None:
        bucket = self._root.lstrip("/").partition("/")[0]
        try:
            self._asked("read", lambda: self._filesystem.info(bucket))
        except FileNotFoundError as error:
            raise self._unavailable("read", f"there is no bucket '{bucket}'") from error

    def _asked(self, done: str, call: Callable[[], Result]) -> Result:
        """The answer of the storage; each kind has its own errors for not giving one."""
        try:
            return call()
        except FileNotFoundError:
            raise
        except Exception as error:
            raise self._unavailable(done, error) from error

    def _unavailable(self, done: str, why: object) -> ArtifactsUnavailable:
        said = "no answer in time" if isinstance(why, TimeoutError) else str(why).strip()
        return ArtifactsUnavailable(
            f"artifacts under {self} cannot be {done} now ({said or type(why).__name__}); check "
            "HEMLINE_ARTIFACT_URL, the credentials for it and that the storage is up",
            retry_after_s=_RETRY_S,
        )
