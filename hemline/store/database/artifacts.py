"""Artifacts: masks, weights, checkpoints and manifests, each named by the digest of its content."""

import contextlib
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from hemline.errors import ArtifactError
from hemline.files import write_atomically
from hemline.settings import get_settings

_DIGEST_LENGTH = 64
_REST_OF_DIGEST = re.compile(r"[0-9a-f]{62}")
_LEFTOVER = re.compile(r"\.?[0-9a-f]{62}\.\w+")  # what `_write` writes aside


class ArtifactStore:
    """Bytes under one root, each in a file `ab/cdef...` named by its SHA-256.

    root_url: a folder or any fsspec URL such as `s3://bucket/prefix`.
    cache: where `local_path` keeps copies of a remote root; default cache/artifacts in
        HEMLINE_HOME.
    """

    def __init__(self, root_url: str, cache: Path | None = None) -> None:
        self._filesystem, self._root = _opened(root_url)
        self._is_local = isinstance(self._filesystem, LocalFileSystem)
        self._cache = cache

    def put(self, data: bytes, kind: str) -> str:
        """Stores `data` and returns its digest. The same bytes are stored once, and again where
        what is there was damaged.

        kind: what it is, in one word, for messages: "mask", "weights", "checkpoint", "manifest".
        Readers, other writers and crashes never see a part of it. Raises ArtifactError if the
        root cannot be written.
        """
        digest = sha256(data).hexdigest()
        try:
            if not self._holds(digest, data):
                self._write(digest, data)
        except OSError as error:
            raise ArtifactError(
                f"{kind} {digest[:12]} of {len(data)} bytes cannot be stored under {self._root} "
                f"({error}); free some space there or set HEMLINE_ARTIFACT_URL"
            ) from error
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of that digest. Raises ArtifactError if missing or not what was stored."""
        path = self._path(digest)
        try:
            data: bytes = self._filesystem.cat_file(path)
        except FileNotFoundError as error:
            raise ArtifactError(
                f"artifact {digest} is missing under {self._root}; run `hemline verify --repair`, "
                "restore that folder from its backup, or set HEMLINE_ARTIFACT_URL to where it is"
            ) from error
        except OSError as error:
            raise ArtifactError(f"artifact {digest} cannot be read: {error}") from error
        if sha256(data).hexdigest() != digest:
            raise ArtifactError(
                f"artifact {digest} differs from what was stored; run `hemline verify "
                f"--repair`, or restore {path} from its backup"
            )
        return data

    def exists(self, digest: str) -> bool:
        return bool(self._filesystem.exists(self._path(digest)))

    def digests(self) -> Iterator[str]:
        """The digests of all files that are there."""
        self._filesystem.invalidate_cache()
        root = self._root.rstrip("/")
        for number in range(256):
            with contextlib.suppress(FileNotFoundError):
                for path in self._filesystem.ls(f"{root}/{number:02x}", detail=False):
                    name = path.rpartition("/")[2]
                    if _REST_OF_DIGEST.fullmatch(name):
                        yield f"{number:02x}{name}"

    def check(self) -> bool:
        """Whether there is a root; reads its listing and writes nothing.

        Raises ArtifactError if it cannot be listed, or is a folder that cannot be written.
        """
        self._filesystem.invalidate_cache()
        try:
            self._filesystem.ls(self._root, detail=False)
        except FileNotFoundError:
            return False
        except Exception as error:  # each kind of storage has its own
            raise ArtifactError(
                f"artifacts under {self._root} cannot be listed ({error}); check "
                "HEMLINE_ARTIFACT_URL and the permissions there"
            ) from error
        if self._is_local and not os.access(self._root, os.W_OK | os.X_OK):
            raise ArtifactError(
                f"artifacts cannot be written to {self._root}; change its permissions, or set "
                "HEMLINE_ARTIFACT_URL to another place"
            )
        return True

    def remove(self, digest: str) -> None:
        """Removes the artifact, which nothing may need any more."""
        with contextlib.suppress(FileNotFoundError):
            self._filesystem.rm_file(self._path(digest))

    def local_path(self, digest: str) -> Path:
        """A file with that content: the artifact itself in a folder, a cached copy of a remote one.

        The caller must not change it. Raises ArtifactError like `get`.
        """
        if self._is_local:
            self.get(digest)
            return Path(self._path(digest))
        cache = self._cache or get_settings().home_path / "cache" / "artifacts"
        path = cache / _relative(digest)
        if not (path.is_file() and sha256(path.read_bytes()).hexdigest() == digest):
            write_atomically(path, self.get(digest))
        return path

    def remove_leftovers(self, older_than: timedelta) -> int:
        """Removes what writers that were killed have left behind; returns how many files.

        `older_than` must be longer than any write takes: what is younger may be one at work.
        """
        self._filesystem.invalidate_cache()
        before = datetime.now(UTC) - older_than
        removed = 0
        for path in self._leftovers():
            with contextlib.suppress(OSError):  # its writer has ended, or another process tidies
                if self._filesystem.modified(path) < before:
                    self._filesystem.rm_file(path)
                    removed += 1
        return removed

    def _leftovers(self) -> Iterator[str]:
        root = self._root.rstrip("/")
        for number in range(256):
            with contextlib.suppress(FileNotFoundError):
                for path in self._filesystem.ls(f"{root}/{number:02x}", detail=False):
                    if _LEFTOVER.fullmatch(path.rpartition("/")[2]):
                        yield path

    def _path(self, digest: str) -> str:
        if len(digest) != _DIGEST_LENGTH or not set(digest) <= set("0123456789abcdef"):
            raise ArtifactError(f"{digest!r} is not a digest, which has 64 hexadecimal digits")
        return f"{self._root.rstrip('/')}/{_relative(digest)}"

    def _holds(self, digest: str, data: bytes) -> bool:
        path = self._path(digest)
        if not self.exists(digest) or self._filesystem.size(path) != len(data):
            return False
        return bool(self._filesystem.cat_file(path) == data)

    def _write(self, digest: str, data: bytes) -> None:
        path = self._path(digest)
        if self._is_local:
            write_atomically(Path(path), data)
            return
        aside = f"{path}.{uuid4().hex}"
        self._filesystem.makedirs(self._filesystem._parent(path), exist_ok=True)
        self._filesystem.pipe_file(aside, data)
        self._filesystem.mv(aside, path)


def _opened(root_url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """The file system and the root in it. A folder's name may hold fsspec's own signs ("::")."""
    if "://" not in root_url:
        return LocalFileSystem(), str(Path(root_url).expanduser().absolute())
    filesystem, root = fsspec.core.url_to_fs(root_url)
    return filesystem, str(root)


def _relative(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:]}"
