"""Where a backup lies: a folder of this machine, or any place that fsspec has an address for."""

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from hemline.errors import BackupError
from hemline.files import make_private_folder, write_atomically
from hemline.store.backup.sqlite_file import scratch_folder
from hemline.store.database.artifacts import ArtifactStore

DATABASES = "database"
UNFINISHED = "unfinished"  # is there while a backup is written, and after one that was stopped
_ARTIFACTS = "artifacts"
_LOCK = ".lock"
_OWN = frozenset({"manifest.json", UNFINISHED, DATABASES, _ARTIFACTS, _LOCK})
_SCRATCH = ".taking-"


class BackupPlace:
    """Files by name under one root, and the artifacts beside them.

    target: a folder, or an fsspec URL such as `s3://bucket/prefix`.
    """

    def __init__(self, target: str) -> None:
        target = target.removeprefix("file://")  # a folder is locked, and closed to others
        self._is_folder = "://" not in target
        if self._is_folder:
            target = str(Path(target).expanduser().absolute())
        self._name = target.rstrip("/")
        self._filesystem, self._root = _opened(target, is_folder=self._is_folder)
        self.artifacts = ArtifactStore(f"{self._name}/{_ARTIFACTS}")

    def __str__(self) -> str:
        return f"'{self._name}'"

    @property
    def folder(self) -> Path | None:
        """The folder, where it is one."""
        return Path(self._root) if self._is_folder else None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds a folder, made if it is missing, for one backup at a time.

        Raises BackupError if another backup is at work, or the place has files of others.
        """
        folder = self.folder
        if folder is not None:
            make_private_folder(folder)
        self._refuse_others()
        if folder is None:
            yield
            return
        with (folder / _LOCK).open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise BackupError(
                    f"another backup writes into {self} right now; wait for it, or choose "
                    "another folder"
                ) from error
            yield

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder to make a file in that `send` takes; those of killed backups are removed.

        Only within `held`.
        """
        if self.folder is None:
            with scratch_folder() as folder:
                yield folder
            return
        for left in self.folder.glob(f"{_SCRATCH}*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=self.folder) as name:
            yield Path(name)

    def read(self, name: str) -> bytes | None:
        """The file's content, or None if there is no such file."""
        with self._in_words(), contextlib.suppress(FileNotFoundError):
            data: bytes = self._filesystem.cat_file(self._path(name))
            return data
        return None

    def write(self, name: str, data: bytes) -> None:
        """Writes a file that no reader ever sees a part of."""
        with self._in_words():
            if self._is_folder:
                write_atomically(Path(self._path(name)), data)
            else:
                self._filesystem.pipe_file(self._path(name), data)

    def send(self, path: Path, name: str) -> None:
        """Stores a file of this machine under that name."""
        with self._in_words():
            self._filesystem.makedirs(self._filesystem._parent(self._path(name)), exist_ok=True)
            if self._is_folder:
                path.replace(self._path(name))
            else:
                self._filesystem.put_file(str(path), self._path(name))

    def fetch(self, name: str, path: Path) -> None:
        """Copies the file to `path`. Raises BackupError if it is not there."""
        with self._in_words():
            if not self._filesystem.exists(self._path(name)):
                raise BackupError(f"{name} is missing in {self}; restore another backup")
            self._filesystem.get_file(self._path(name), str(path))

    def databases(self) -> list[str]:
        """Names of the database files that are there, also of backups before."""
        self._filesystem.invalidate_cache()
        with self._in_words(), contextlib.suppress(FileNotFoundError):
            paths = self._filesystem.ls(self._path(DATABASES), detail=False)
            return [f"{DATABASES}/{path.rpartition('/')[2]}" for path in paths]
        return []

    def remove(self, name: str) -> None:
        with self._in_words(), contextlib.suppress(FileNotFoundError):
            self._filesystem.rm_file(self._path(name))

    def _refuse_others(self) -> None:
        self._filesystem.invalidate_cache()
        with self._in_words(), contextlib.suppress(FileNotFoundError):
            paths = self._filesystem.ls(self._root, detail=False)
            names = {path.rstrip("/").rpartition("/")[2] for path in paths}
            others = {name for name in names - _OWN if not name.startswith(_SCRATCH)}
            if others:
                raise BackupError(
                    f"{self} has other files in it, such as '{min(others)}'; choose an empty "
                    "folder, or one with a backup"
                )

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except BackupError:
            raise
        except Exception as error:  # each kind of storage has its own
            raise BackupError(
                f"{self} cannot be used ({error}); check its name and its permissions, and that "
                "there is room"
            ) from error


def _opened(target: str, *, is_folder: bool) -> tuple[Any, str]:
    if is_folder:
        return LocalFileSystem(), target
    try:
        filesystem, root = fsspec.core.url_to_fs(target)
    except (ImportError, ValueError) as error:
        raise BackupError(
            f"'{target}' cannot be used ({error}); name a folder, or install what that kind of "
            "address needs"
        ) from error
    return filesystem, str(root)
