"""The cache on disk: its bound, its order, and files that others left in its folder."""

import os
from pathlib import Path

from hemline.disk_cache import DiskCache


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_what_is_kept_is_found_by_another_process_too(tmp_path: Path) -> None:
    DiskCache(tmp_path, 1000).keep("aa", b"first")
    cache = DiskCache(tmp_path, 1000)
    assert cache.find("aa") == b"first"
    assert "aa" in cache
    cache.remove("aa")
    assert cache.find("aa") is None
    assert "aa" not in cache


def test_a_key_keeps_what_it_had_first(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 1000)
    cache.keep("aa", b"first")
    cache.keep("aa", b"second")
    assert cache.find("aa") == b"first"


def test_it_says_when_others_had_to_go(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 1000)
    trimmed = [cache.keep(f"{number:02}", b"x" * 100) for number in range(12)]
    assert not any(trimmed[:9])
    assert any(trimmed[9:])
    assert len(kept(tmp_path)) == 9


def test_files_below_its_folder_count_and_the_oldest_go_first(tmp_path: Path) -> None:
    """Such as pictures that an earlier version kept in folders of their own."""
    old = tmp_path / "ab" / "cdef"
    old.parent.mkdir()
    old.write_bytes(b"x" * 900)
    os.utime(old, (1, 1))
    DiskCache(tmp_path, 1000).keep("new", b"x" * 100)
    assert kept(tmp_path) == ["new"]


def test_what_is_too_large_or_cannot_be_written_is_not_kept(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", 1000)
    assert not cache.keep("large", b"x" * 901)
    assert cache.find("large") is None
    (tmp_path / "file").write_bytes(b"")
    blocked = DiskCache(tmp_path / "file", 1000)
    assert not blocked.keep("small", b"x")
    assert blocked.find("small") is None
