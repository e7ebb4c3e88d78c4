"""Artifacts in a bucket of a real S3 server: whole or not there, and away is not lost."""

import socket
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from fsspec.registry import _registry, get_filesystem_class

from hemline.disk_cache import DiskCache
from hemline.errors import ArtifactError, ArtifactsUnavailable, SettingsError
from hemline.store.database import artifact_root, storage_url
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.storage_url import check_url, open_root
from hemline.system.ports import pick_free_port
from tests.plugins.s3 import (
    Fault,
    S3Storage,
    answers,
    dies_in_writes,
    is_slow,
    lists_nothing,
)

_AWAY: dict[str, Fault] = {
    "503 slow down": answers("503 Slow Down", "SlowDown"),
    "503": answers("503 Service Unavailable", "ServiceUnavailable"),
    "500": answers("500 Internal Server Error", "InternalError"),
    "expired credentials": answers("403 Forbidden", "ExpiredToken"),
    "no permission": answers("403 Forbidden", "AccessDenied"),
    "silent": is_slow(4),
}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_url, "_SILENCE_S", 2)
    monkeypatch.setattr(storage_url, "_TRIES", 1)


@pytest.fixture
def copies(tmp_path: Path) -> DiskCache:
    return DiskCache(tmp_path / "copies", 10**6)


@pytest.fixture
def bucket(s3: S3Storage, copies: DiskCache) -> ArtifactStore:
    return ArtifactStore(s3.url, copies)


def test_bytes_come_back_under_their_digest(bucket: ArtifactStore, s3: S3Storage) -> None:
    assert not bucket.check()
    digest = bucket.put(b"weights", "weights")
    assert digest == sha256(b"weights").hexdigest()
    assert bucket.check()
    assert bucket.exists(digest)
    assert list(bucket.digests()) == [digest]
    assert bucket.get(digest) == bucket.fetch(digest) == b"weights"
    assert bucket.local_path(digest).read_bytes() == b"weights"
    assert s3.content(digest) == b"weights"


def test_an_object_is_written_once_and_straight_to_its_place(
    bucket: ArtifactStore, s3: S3Storage
) -> None:
    digest = bucket.put(b"mask", "mask")
    assert bucket.put(b"mask", "mask") == digest
    name = f"/{s3.bucket}/hemline/{digest[:2]}/{digest[2:]}"
    assert [each for each in s3.requests if each.startswith("PUT")] == [f"PUT {name}"]


def test_large_objects_go_in_parts(bucket: ArtifactStore, s3: S3Storage) -> None:
    data = bytes(101 * 2**20)
    digest = bucket.put(data, "weights")
    assert any(each.startswith("POST") for each in s3.requests)
    assert bucket.fetch(digest) == data


def test_what_is_missing_is_an_error_and_not_away(bucket: ArtifactStore) -> None:
    digest = "0" * 64
    assert not bucket.exists(digest)
    for read in (bucket.get, bucket.fetch, bucket.local_path):
        with pytest.raises(ArtifactError, match=rf"{digest} is missing under s3://"):
            read(digest)


def test_a_bucket_that_is_not_there_is_away_and_loses_nothing(s3: S3Storage) -> None:
    store = ArtifactStore("s3://no-such-bucket/hemline")
    for act in (
        lambda: store.fetch("0" * 64),
        lambda: store.put(b"mask", "mask"),
        store.check,
    ):
        with pytest.raises(ArtifactsUnavailable, match="s3://no-such-bucket/hemline"):
            act()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", _AWAY)
def test_storage_that_is_away_is_later(bucket: ArtifactStore, s3: S3Storage, name: str) -> None:
    digest = bucket.put(b"mask", "mask")
    s3.fault = _AWAY[name]
    for act in (lambda: bucket.get(digest), lambda: bucket.put(b"other", "mask")):
        with pytest.raises(ArtifactsUnavailable, match=r"now \(.+\); check HEMLINE_ARTIFACT_URL"):
            act()
    s3.fault = None
    assert bucket.get(digest) == b"mask"
    assert bucket.get(bucket.put(b"other", "mask")) == b"other"


@pytest.mark.usefixtures("impatient")
def test_whatever_is_asked_of_storage_that_is_away_is_later(
    bucket: ArtifactStore, s3: S3Storage
) -> None:
    digest = bucket.put(b"mask", "mask")
    s3.fault = _AWAY["503"]
    for act in (
        lambda: bucket.get(digest),
        lambda: bucket.put(b"other", "mask"),
        lambda: bucket.local_path(digest),
        lambda: bucket.exists(digest),
        lambda: bucket.remove(sha256(b"unused").hexdigest()),
        lambda: list(bucket.digests()),
        bucket.check,
    ):
        with pytest.raises(ArtifactsUnavailable, match=r"now \(.+\); check HEMLINE_ARTIFACT_URL"):
            act()
    s3.fault = None
    assert bucket.get(digest) == b"mask"


def test_a_server_that_is_gone_is_later(s3: S3Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    get_filesystem_class("s3").clear_instance_cache()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{pick_free_port()}")
    store = ArtifactStore(s3.url)
    with pytest.raises(ArtifactsUnavailable, match="Could not connect"):
        store.put(b"mask", "mask")


def test_a_write_ends_where_the_server_never_asks_for_it(
    s3: S3Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_filesystem_class("s3").clear_instance_cache()
    monkeypatch.setattr(artifact_root, "_PATIENCE_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ArtifactsUnavailable, match=r"written now \(no answer in time\)"):
            open_root(s3.url).write("ab/cd", b"mask")


def test_a_half_written_object_never_counts(bucket: ArtifactStore, s3: S3Storage) -> None:
    data = bytes(range(256)) * 40
    digest = sha256(data).hexdigest()
    s3.fault = dies_in_writes
    with pytest.raises(ArtifactsUnavailable):
        bucket.put(data, "mask")
    s3.fault = None
    assert 0 < len(s3.content(digest)) < len(data)
    with pytest.raises(ArtifactError, match="differs from what was stored"):
        bucket.get(digest)
    assert bucket.put(data, "mask") == digest
    assert bucket.get(digest) == data


def test_nothing_rests_on_a_listing(bucket: ArtifactStore, s3: S3Storage) -> None:
    s3.fault = lists_nothing
    digest = bucket.put(b"mask", "mask")
    assert bucket.exists(digest)
    assert bucket.get(digest) == b"mask"
    assert bucket.local_path(digest).read_bytes() == b"mask"
    bucket.remove(digest)
    assert not bucket.exists(digest)


def test_another_host_sees_what_was_stored_and_removed(s3: S3Storage, tmp_path: Path) -> None:
    one, other = (ArtifactStore(s3.url, DiskCache(tmp_path / name, 10**6)) for name in "ab")
    digest = sha256(b"mask").hexdigest()
    assert not one.exists(digest)
    other.put(b"mask", "mask")
    assert one.exists(digest)
    assert one.get(digest) == b"mask"
    other.remove(digest)
    assert not one.exists(digest)
    with pytest.raises(ArtifactError, match="missing"):
        one.fetch(digest)


def test_what_was_read_is_read_again_without_the_bucket(
    bucket: ArtifactStore, s3: S3Storage
) -> None:
    digest = bucket.put(b"weights", "weights")
    assert bucket.get(digest) == b"weights"
    s3.fault = _AWAY["503"]
    assert bucket.get(digest) == b"weights"
    assert bucket.local_path(digest).read_bytes() == b"weights"


def test_a_damaged_copy_is_fetched_again(bucket: ArtifactStore, tmp_path: Path) -> None:
    digest = bucket.put(b"weights", "weights")
    copy = bucket.local_path(digest)
    assert copy.is_relative_to(tmp_path)
    copy.write_bytes(b"weightz")
    assert bucket.get(digest) == b"weights"
    assert bucket.local_path(digest).read_bytes() == b"weights"


def test_copies_stay_within_their_bound(s3: S3Storage, tmp_path: Path) -> None:
    store = ArtifactStore(s3.url, DiskCache(tmp_path / "copies", 50_000))
    digests = [store.put(bytes([number]) * 10_000, "mask") for number in range(12)]
    for digest in digests:
        assert len(store.get(digest)) == 10_000
        kept = sum(path.stat().st_size for path in (tmp_path / "copies").iterdir())
        assert kept <= 50_000
    assert store.local_path(digests[-1]).exists()


def test_a_copy_without_room_is_one_sentence(s3: S3Storage, tmp_path: Path) -> None:
    store = ArtifactStore(s3.url, DiskCache(tmp_path / "copies", 100))
    digest = store.put(b"w" * 200, "weights")
    assert store.get(digest) == b"w" * 200
    with pytest.raises(ArtifactError, match=r"of 200 bytes; raise HEMLINE_ARTIFACT_CACHE_BYTES"):
        store.local_path(digest)


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [
        ("s3://bucket/hemline", "s3fs", "s3"),
        ("gs://bucket/hemline", "gcsfs", "gcs"),
        ("az://container/hemline", "adlfs", "azure"),
    ],
)
def test_a_missing_package_is_named_by_its_extra(
    url: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for protocol in ("s3", "gs", "az"):
        monkeypatch.delitem(_registry, protocol, raising=False)
    for refuse in (ArtifactStore, check_url):
        with pytest.raises(SettingsError, match=rf"run `pip install 'hemline\[{extra}\]'`$"):
            refuse(url)


def test_an_unknown_protocol_is_refused() -> None:
    for refuse in (ArtifactStore, check_url):
        with pytest.raises(SettingsError, match=r"begins with s4://.*use a folder, s3://"):
            refuse("s4://bucket/hemline")
