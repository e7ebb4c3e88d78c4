"""The cache of fetched photos: what it finds, what it drops, and with several processes at once."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from hemline.labelstudio.photos.cache import PhotoCache


def photo(number: int, size: int = 1000) -> bytes:
    return number.to_bytes(4, "big") * (size // 4)


def stored_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "photos").iterdir())


def test_finds_what_it_kept(tmp_path: Path) -> None:
    digest = PhotoCache(tmp_path, 10_000).keep("/data/upload/a.jpg", photo(1), 'W/"1"')

    found = PhotoCache(tmp_path, 10_000).find("/data/upload/a.jpg")

    assert found is not None
    assert (found.data, found.digest, found.etag) == (photo(1), digest, 'W/"1"')
    assert digest == sha256(photo(1)).hexdigest()


def test_one_photo_at_two_addresses_is_kept_once(tmp_path: Path) -> None:
    cache = PhotoCache(tmp_path, 10_000)
    cache.keep("a", photo(1), "")
    cache.keep("b", photo(1), "")
    assert stored_bytes(tmp_path) == 1000


def test_an_address_whose_photo_changed(tmp_path: Path) -> None:
    cache = PhotoCache(tmp_path, 10_000)
    cache.keep("a", photo(1), "1")
    cache.keep("a", photo(2), "2")
    found = cache.find("a")
    assert found is not None
    assert found.data == photo(2)


def test_a_damaged_photo_is_not_found(tmp_path: Path) -> None:
    cache = PhotoCache(tmp_path, 10_000)
    digest = cache.keep("a", photo(1), "")
    (tmp_path / "photos" / digest).write_bytes(photo(1)[:-1])
    assert cache.find("a") is None
    assert cache.keep("a", photo(1), "") == digest
    assert cache.find("a") is not None


def test_a_damaged_entry_is_not_found(tmp_path: Path) -> None:
    cache = PhotoCache(tmp_path, 10_000)
    cache.keep("a", photo(1), "")
    for entry in (tmp_path / "addresses").iterdir():
        entry.write_bytes(b'["no", "digest"]')
    assert cache.find("a") is None


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = PhotoCache(tmp_path, 10_000)
    for number in range(9):
        digest = cache.keep(str(number), photo(number), "")
        os.utime(tmp_path / "photos" / digest, (number, number))
    assert cache.find("0") is not None  # used just now

    cache.keep("9", photo(9), "")

    assert stored_bytes(tmp_path) <= 9_000
    assert cache.find("0") is not None
    assert cache.find("1") is None
    assert cache.find("9") is not None


def test_entries_of_dropped_photos_go_too(tmp_path: Path) -> None:
    cache = PhotoCache(tmp_path, 10_000)
    for number in range(100):
        cache.keep(str(number), photo(number), "")
    assert len(list((tmp_path / "addresses").iterdir())) <= 10


def test_nothing_is_kept_within_no_bytes(tmp_path: Path) -> None:
    cache = PhotoCache(tmp_path, 0)
    assert cache.keep("a", photo(1), "") == sha256(photo(1)).hexdigest()
    assert cache.find("a") is None


def test_a_photo_larger_than_the_cache_is_not_kept(tmp_path: Path) -> None:
    cache = PhotoCache(tmp_path, 10_000)
    cache.keep("small", photo(1), "")
    cache.keep("large", photo(2, 20_000), "")
    assert cache.find("small") is not None
    assert cache.find("large") is None


def test_a_trim_leaves_what_another_process_is_writing_and_takes_what_a_dead_one_left(
    tmp_path: Path,
) -> None:
    cache = PhotoCache(tmp_path, 10_000)
    cache.keep("first", photo(0), "")
    files = [
        tmp_path / folder / name for folder in ("photos", "addresses") for name in (".a", ".b")
    ]
    for path in files:
        path.touch()
        if path.name == ".b":
            os.utime(path, (0, 0))
    for number in range(1, 40):
        cache.keep(str(number), photo(number), "")
    assert [path.exists() for path in files] == [True, False, True, False]


def test_a_disk_that_cannot_be_written_keeps_no_photo_from_being_used(tmp_path: Path) -> None:
    (tmp_path / "photos").write_bytes(b"")
    cache = PhotoCache(tmp_path, 10_000)
    assert cache.keep("a", photo(1), "") == sha256(photo(1)).hexdigest()
    assert cache.find("a") is None


_WRITER = """
import sys
from pathlib import Path
from hemline.labelstudio.photos.cache import PhotoCache

cache = PhotoCache(Path(sys.argv[1]), 20_000)
for number in range(200):
    data = (number % 40).to_bytes(4, "big") * 250
    cache.keep(str(number % 40), data, "")
    found = cache.find(str(number * 7 % 40))
    assert found is None or found.data == (number * 7 % 40).to_bytes(4, "big") * 250
"""


def test_two_processes_at_once_stay_within_the_bound(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)]) for _ in range(2)]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    assert stored_bytes(tmp_path) <= 20_000
