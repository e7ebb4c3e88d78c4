"""Caches: fetched photos, drawn pictures, and copies of what is in a bucket."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from hemline.disk_cache import settled
from hemline.settings import Settings
from worker.pruning.pile import Pile, PruneLimits


def prunable_caches(settings: Settings, limits: PruneLimits) -> Iterator[Pile]:
    """A pile for each cache; those who need a file of it again fetch or make it again."""
    home = settings.home_path
    for kind, folder, why in (
        ("photos", home / "photos", "fetched again from Label Studio when they are needed"),
        ("pictures", home / "pictures", "drawn again when somebody looks"),
        ("copies of artifacts", home / "cache" / "artifacts", "fetched again from the bucket"),
    ):
        yield _pile(kind, why, _unused(folder, limits))


def _unused(folder: Path, limits: PruneLimits) -> list[tuple[Path, int]]:
    """Files, with their sizes, that were not used for so long or do not fit any more, the ones not
    used for longest first."""
    found: list[tuple[float, int, Path]] = []
    for path in settled(folder):
        with contextlib.suppress(OSError):  # its process trims too
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
    before = time.time() - limits.older_than.total_seconds()
    left = sum(size for _, size, _ in found)
    unused = []
    for used, size, path in sorted(found):
        if used >= before and (limits.cache_bytes is None or left <= limits.cache_bytes):
            break
        unused.append((path, size))
        left -= size
    return unused


def _pile(kind: str, why: str, files: Sequence[tuple[Path, int]]) -> Pile:
    def remove() -> int:
        gone = 0
        for path, _ in files:
            with contextlib.suppress(OSError):
                path.unlink()
                gone += 1
        return gone

    return Pile(kind, why, len(files), sum(size for _, size in files), remove)
