"""The cache of pictures: made once, within its bound, and never in the way."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from backend.dashboard.pictures.cache import PictureCache
from hemline.errors import MaskError


def key(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()


def test_a_picture_is_made_once(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, 10_000)
    made: list[int] = []
    gate = threading.Event()

    def make() -> bytes:
        made.append(1)
        gate.wait(1)
        return b"picture"

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(cache.get, key(1), make) for _ in range(4)]
        gate.set()
        assert {each.result() for each in waiting} == {b"picture"}
    assert len(made) == 1
    assert PictureCache(tmp_path, 10_000).find(key(1)) == b"picture"


def test_the_folder_keeps_to_its_bound_and_drops_what_was_not_seen_for_longest(
    tmp_path: Path,
) -> None:
    cache = PictureCache(tmp_path, 1000)
    for number in range(30):
        cache.get(key(number), lambda: b"x" * 100)
        path = tmp_path / key(number)
        if path.exists():
            os.utime(path, (number, number))
        if number == 20:
            assert cache.find(key(15)) is not None  # seen: its time is now
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert 5 <= len(kept) <= 10
    assert cache.find(key(29)) is not None
    assert cache.find(key(15)) is not None
    assert cache.find(key(0)) is None


def test_a_damaged_picture_is_not_shown_but_made_again(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, 1000)
    cache.get(key(1), lambda: b"picture")
    for place in (0, -1):  # of its digest, and of itself
        data = bytearray((tmp_path / key(1)).read_bytes())
        data[place] ^= 1
        (tmp_path / key(1)).write_bytes(data)
        assert cache.find(key(1)) is None
        assert cache.get(key(1), lambda: b"picture") == b"picture"
        assert PictureCache(tmp_path, 1000).find(key(1)) == b"picture"
    (tmp_path / key(1)).write_bytes(b"cut")
    assert cache.get(key(1), lambda: b"picture") == b"picture"
    (tmp_path / key(2)).write_bytes(b"<svg/> as an earlier Hemline kept it, without a digest")
    assert cache.find(key(2)) is None


def test_what_fails_is_not_kept_and_is_tried_again(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, 1000)

    def fail() -> bytes:
        raise MaskError("broken")

    with pytest.raises(MaskError):
        cache.get(key(1), fail)
    assert cache.get(key(1), lambda: b"now") == b"now"


def test_nothing_is_kept_within_a_bound_of_nothing(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, 0)
    assert cache.get(key(1), lambda: b"picture") == b"picture"
    assert cache.find(key(1)) is None


def test_a_disk_that_cannot_be_written_keeps_nobody_from_seeing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = PictureCache(tmp_path / "file", 1000)
    assert cache.get(key(1), lambda: b"picture") == b"picture"
