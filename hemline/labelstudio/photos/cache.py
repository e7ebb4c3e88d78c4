"""Fetched photos on disk, named by content digest, and which address had which."""

import contextlib
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from hemline.disk_cache import DiskCache, settled
from hemline.files import write_atomically


@dataclass(frozen=True)
class CachedPhoto:
    """A photo as it was when last fetched. `etag` is empty if its server gave none."""

    data: bytes
    digest: str
    etag: str


class PhotoCache:
    """Safe for several threads and processes: what is read is checked by its digest.

    `max_bytes` 0 keeps nothing. Least recently used photos go first.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._photos = DiskCache(folder / "photos", max_bytes)
        self._addresses = folder / "addresses"

    def find(self, address: str) -> CachedPhoto | None:
        """What was last fetched from the address, if it is still here."""
        try:
            known = json.loads(self._entry(address).read_bytes())
            digest, etag = str(known["digest"]), str(known["etag"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        data = self._photos.find(digest)
        if data is None:
            return None
        if sha256(data).hexdigest() != digest:
            self._photos.remove(digest)
            return None
        return CachedPhoto(data, digest, etag)

    def keep(self, address: str, data: bytes, etag: str) -> str:
        """Remember what was fetched from the address; its digest."""
        digest = sha256(data).hexdigest()
        if self._photos.keep(digest, data):
            self._forget_addresses()
        if digest in self._photos:
            entry = json.dumps({"digest": digest, "etag": etag}).encode()
            with contextlib.suppress(OSError):
                write_atomically(self._entry(address), entry)
        return digest

    def _entry(self, address: str) -> Path:
        return self._addresses / sha256(address.encode()).hexdigest()

    def _forget_addresses(self) -> None:
        for entry in settled(self._addresses):
            try:
                is_known = str(json.loads(entry.read_bytes())["digest"]) in self._photos
            except (OSError, ValueError, KeyError, TypeError):
                is_known = False
            if not is_known:
                entry.unlink(missing_ok=True)
