"""Artifacts: masks, weights, checkpoints and manifests, each named by the digest of its content."""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from hemline.disk_cache import DiskCache
from hemline.errors import ArtifactError
from hemline.settings import get_settings
from hemline.store.database.storage_url import open_root

_DIGEST_LENGTH = 64
_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}")

_RENEWED_AFTER = timedelta(hours=12)


class ArtifactStore:
    """Bytes under one root, each in a file or an object `ab/cdef...` named by its SHA-256.

    root_url: a folder or a URL such as `s3://bucket/prefix`.
    copies: where copies of what is in a bucket are kept; default cache/artifacts in HEMLINE_HOME,
        within HEMLINE_ARTIFACT_CACHE_BYTES.

    All that asks a bucket raises ArtifactsUnavailable while it does not answer, or lets nobody in.
    """

    def __init__(self, root_url: str, copies: DiskCache | None = None) -> None:
        self._root = open_root(root_url)
        self._copies = copies

    def put(self, data: bytes, kind: str) -> str:
        """Stores `data` and returns its digest. The same bytes are stored once, and again where
        what is there was damaged, or is so old that `remove_older` might take it for unwanted.

        kind: what it is, in one word, for messages: "mask", "weights", "checkpoint", "manifest".
        Readers, other writers and crashes never see a part of it. Raises ArtifactError if the
        root cannot be written.
        """
        digest = sha256(data).hexdigest()
        name = _name(digest)
        try:
            # Its age first: what is young cannot be removed before it is compared.
            if not self._is_young(name) or not self._root.holds(name, data):
                self._root.write(name, data)
        except OSError as error:
            raise ArtifactError(
                f"{kind} {digest[:12]} of {len(data)} bytes cannot be stored under {self._root} "
                f"({error}); free some space there or set HEMLINE_ARTIFACT_URL"
            ) from error
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of that digest. Raises ArtifactError if missing or not what was stored."""
        if self._is_folder(digest):
            return self.fetch(digest)
        data = self._copy(digest)
        if data is None:
            data = self.fetch(digest)
            self._copies_here().keep(digest, data)
        return data

    def fetch(self, digest: str) -> bytes:
        """As `get`, and never a copy: what is under the root now."""
        name = _name(digest)
        try:
            data = self._root.read(name)
        except FileNotFoundError as error:
            raise ArtifactError(
                f"artifact {digest} is missing under {self._root}; run `hemline verify --repair`, "
                "restore it from a backup, or set HEMLINE_ARTIFACT_URL to where it is"
            ) from error
        except OSError as error:
            raise ArtifactError(f"artifact {digest} cannot be read: {error}") from error
        if sha256(data).hexdigest() != digest:
            raise ArtifactError(
                f"artifact {digest} differs from what was stored; run `hemline verify "
                f"--repair`, or restore {self._root}/{name} from its backup"
            )
        return data

    def exists(self, digest: str) -> bool:
        return self._root.exists(_name(digest))

    def digests(self) -> Iterator[str]:
        """The digests of all artifacts that are there."""
        for number in range(256):
            for name in self._root.names(f"{number:02x}"):
                if _NAME.fullmatch(name):
                    yield name.replace("/", "")

    def check(self) -> bool:
        """Whether there is anything yet; writes nothing.

        Raises ArtifactError if the root cannot be listed, or is a folder that cannot be written.
        """
        return self._root.check()

    def try_out(self) -> None:
        """Stores a few bytes, reads them and removes them again. Raises like `put` and `get`."""
        digest = self.put(os.urandom(16), "trial")
        self.fetch(digest)
        self.remove(digest)

    def remove(self, digest: str) -> None:
        """Removes the artifact, which nothing may need any more."""
        name = _name(digest)
        with contextlib.suppress(FileNotFoundError):
            self._root.remove(name)
        if not self._is_folder(digest):
            self._copies_here().remove(digest)

    def local_path(self, digest: str) -> Path:
        """A file with that content: the artifact itself in a folder, a copy of what is in a bucket.

        The caller must not change it. Raises ArtifactError like `get`.
        """
        data = self.get(digest)
        path = self._root.file(_name(digest)) or self._copies_here().file(digest)
        if path is None:
            raise ArtifactError(
                f"there is no room for a copy of artifact {digest[:12]} of {len(data)} bytes; "
                "raise HEMLINE_ARTIFACT_CACHE_BYTES, or make room on the disk of HEMLINE_HOME"
            )
        return path

    def size(self, digest: str) -> int | None:
        """Bytes of it; None if it is missing."""
        try:
            return self._root.size(_name(digest))
        except FileNotFoundError:
            return None

    def is_older(self, digest: str, than: timedelta) -> bool:
        """Whether it was last stored longer ago; False if it is missing."""
        try:
            return self._root.stored_at(_name(digest)) < _ago(than)
        except FileNotFoundError:
            return False

    def remove_older(self, digest: str, than: timedelta) -> bool:
        """Removes what no row names, unless it was stored since: its row is about to be written.

        than: a day or more, so that `put` has renewed whatever is wanted again. In a bucket, a put
        in the moment between a look and the removal is lost; in a folder none is.
        """
        try:
            gone = self._root.remove_stored_before(_name(digest), _ago(than))
        except FileNotFoundError:
            gone = True
        if gone and not self._is_folder(digest):
            self._copies_here().remove(digest)
        return gone

    def remove_leftovers(self, older_than: timedelta) -> int:
        """Removes what writers that were killed have left behind; returns how many files.

        `older_than` must be longer than any write takes: what is younger may be one at work.
        """
        return self._root.remove_leftovers(older_than)

    def _is_young(self, name: str) -> bool:
        try:
            return self._root.stored_at(name) >= _ago(_RENEWED_AFTER)
        except FileNotFoundError:
            return False

    def _is_folder(self, digest: str) -> bool:
        return self._root.file(_name(digest)) is not None

    def _copy(self, digest: str) -> bytes | None:
        """A copy that is whole; a damaged one goes."""
        data = self._copies_here().find(digest)
        if data is None or sha256(data).hexdigest() == digest:
            return data
        self._copies_here().remove(digest)
        return None

    def _copies_here(self) -> DiskCache:
        if self._copies is None:
            settings = get_settings()
            folder = settings.home_path / "cache" / "artifacts"
            self._copies = DiskCache(folder, settings.artifact_cache_bytes)
        return self._copies


def _ago(than: timedelta) -> float:
    return time.time() - than.total_seconds()


def _name(digest: str) -> str:
    if len(digest) != _DIGEST_LENGTH or not set(digest) <= set("0123456789abcdef"):
        raise ArtifactError(f"{digest!r} is not a digest, which has 64 hexadecimal digits")
    return f"{digest[:2]}/{digest[2:]}"
