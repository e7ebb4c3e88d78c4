"""Artifacts: whole or not there, whoever is killed, and never differs from what was stored."""

import contextlib
import os
import random
import threading
import time
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.disk_cache import DiskCache
from hemline.errors import ArtifactError
from hemline.store.database.artifacts import ArtifactStore


def _file(root: Path, digest: str) -> Path:
    return root / digest[:2] / digest[2:]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@given(data=st.binary(max_size=3000))
def test_bytes_come_back_under_their_digest(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = ArtifactStore(str(tmp_path_factory.getbasetemp() / "roundtrip"))
    digest = store.put(data, "mask")
    assert digest == sha256(data).hexdigest()
    assert store.exists(digest)
    assert store.get(digest) == data
    assert store.local_path(digest).read_bytes() == data


def test_the_file_is_two_levels_deep(artifacts: ArtifactStore, root: Path) -> None:
    digest = artifacts.put(b"mask", "mask")
    assert [path for path in root.rglob("*") if path.is_file()] == [_file(root, digest)]
    assert artifacts.local_path(digest) == _file(root, digest)


def test_the_same_bytes_are_written_once(artifacts: ArtifactStore, root: Path) -> None:
    first = artifacts.put(b"mask", "mask")
    before = _file(root, first).stat()
    assert artifacts.put(b"mask", "mask") == first
    after = _file(root, first).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_what_is_missing_is_named(artifacts: ArtifactStore) -> None:
    digest = "0" * 64
    assert not artifacts.exists(digest)
    for read in (artifacts.get, artifacts.local_path):
        with pytest.raises(ArtifactError, match=f"{digest} is missing under .*artifacts"):
            read(digest)


def test_other_content_is_noticed(artifacts: ArtifactStore, root: Path) -> None:
    digest = artifacts.put(b"weights", "weights")
    _file(root, digest).write_bytes(b"weightz")
    for read in (artifacts.get, artifacts.local_path):
        with pytest.raises(ArtifactError, match="differs from what was stored"):
            read(digest)


def test_a_truncated_file_is_written_anew(artifacts: ArtifactStore, root: Path) -> None:
    digest = artifacts.put(b"weights", "weights")
    _file(root, digest).write_bytes(b"wei")
    assert artifacts.put(b"weights", "weights") == digest
    assert artifacts.get(digest) == b"weights"


def test_what_killed_writers_left_behind_goes_once_it_is_old(
    artifacts: ArtifactStore, root: Path
) -> None:
    digest = artifacts.put(b"mask", "mask")
    kept = _file(root, digest)
    names = {
        f".{kept.name}.k3x_9abc": True,
        ".nfs000012": False,
        "notes.txt": False,
    }
    for name in names:
        (kept.parent / name).write_bytes(b"ma")
    assert artifacts.remove_leftovers(timedelta(hours=1)) == 0
    long_ago = time.time() - 7200
    for path in root.rglob("*"):
        os.utime(path, (long_ago, long_ago))
    assert artifacts.remove_leftovers(timedelta(hours=1)) == 1
    assert {path.name for path in kept.parent.iterdir()} == {
        kept.name,
        *(name for name, goes in names.items() if not goes),
    }
    assert artifacts.get(digest) == b"mask"


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65])
def test_only_digests_are_names(artifacts: ArtifactStore, digest: str) -> None:
    for act in (artifacts.get, artifacts.exists, artifacts.local_path):
        with pytest.raises(ArtifactError, match="64 hexadecimal digits"):
            act(digest)


def test_a_root_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = ArtifactStore(str(tmp_path / "file" / "artifacts"))
    with pytest.raises(ArtifactError, match=r"^weights .* set HEMLINE_ARTIFACT_URL$"):
        store.put(b"weights", "weights")


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    digest = ArtifactStore("~/artifacts").put(b"mask", "mask")
    assert _file(tmp_path / "artifacts", digest).is_file()


def test_any_url_of_fsspec_serves_files_through_copies(tmp_path: Path) -> None:
    store = ArtifactStore("memory://bucket/hemline", DiskCache(tmp_path / "copies", 10**6))
    digest = store.put(b"weights", "weights")
    assert store.get(digest) == b"weights"
    names = fsspec.filesystem("memory").find("/bucket/hemline")
    assert names == [f"/bucket/hemline/{digest[:2]}/{digest[2:]}"]
    path = store.local_path(digest)
    assert path.read_bytes() == b"weights"
    store.fetch(digest)
    fsspec.filesystem("memory").mv(names[0], "/bucket/elsewhere")
    assert store.local_path(digest) == path  # from the copies
    path.write_bytes(b"broken")
    with pytest.raises(ArtifactError, match="missing"):
        store.local_path(digest)


@pytest.mark.parametrize("action", ["hang_in_write", "hang_before_rename"])
def test_a_process_killed_while_it_writes_leaves_no_artifact(
    root: Path, contenders: Any, action: str
) -> None:
    data = b"weights" * 1000
    digest = sha256(data).hexdigest()
    contenders.kill(contenders.hang(str(root), action))
    store = ArtifactStore(str(root))
    assert not store.exists(digest)
    assert store.put(data, "weights") == digest
    assert store.get(digest) == data


def test_every_artifact_is_whole_whenever_its_writer_is_killed(root: Path, contenders: Any) -> None:
    seeded = random.Random(3)
    for _ in range(4):
        child = contenders.hang(str(root), "put_for_ever")
        time.sleep(seeded.uniform(0.02, 0.2))
        contenders.kill(child)
    stored = [path for path in root.rglob("*") if path.is_file() and path.name[0] != "."]
    assert stored
    for path in stored:
        assert sha256(path.read_bytes()).hexdigest() == path.parent.name + path.name


def test_processes_may_store_the_same_at_once(root: Path, contenders: Any) -> None:
    results = contenders.run(str(root), "put", [(200_000, 20)] * 4)
    assert len({tuple(digests) for digests in results}) == 1
    store = ArtifactStore(str(root))
    for number, digest in enumerate(results[0]):
        assert store.get(digest) == bytes([number]) * 200_000
    assert len([path for path in root.rglob("*") if path.is_file()]) == 20


def test_threads_may_store_the_same_at_once(
    artifacts: ArtifactStore, root: Path, in_threads: Any
) -> None:
    digests = in_threads(8, lambda _: artifacts.put(b"x" * 100_000, "mask"))
    assert len(set(digests)) == 1
    assert len([path for path in root.rglob("*") if path.is_file()]) == 1


_DAY = timedelta(days=1)


def _age(path: Path, days: float) -> None:
    then = time.time() - days * 24 * 3600
    os.utime(path, (then, then))


def test_what_is_stored_again_is_young_again(artifacts: ArtifactStore, root: Path) -> None:
    digest = artifacts.put(b"mask", "mask")
    assert not artifacts.is_older(digest, _DAY)
    _age(_file(root, digest), 2)
    assert artifacts.is_older(digest, _DAY)
    assert artifacts.put(b"mask", "mask") == digest
    assert not artifacts.is_older(digest, _DAY)
    assert not artifacts.remove_older(digest, _DAY)
    assert artifacts.get(digest) == b"mask"


def test_what_is_old_goes_and_leaves_nothing(artifacts: ArtifactStore, root: Path) -> None:
    digest = artifacts.put(b"mask", "mask")
    _age(_file(root, digest), 2)
    assert artifacts.size(digest) == 4
    assert artifacts.remove_older(digest, _DAY)
    assert artifacts.remove_older(digest, _DAY)
    assert not [path for path in root.rglob("*") if path.is_file()]
    assert artifacts.size(digest) is None
    assert not artifacts.is_older(digest, _DAY)


def test_what_is_stored_again_while_it_is_removed_stays(
    artifacts: ArtifactStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at its age and its removal, another writer puts it."""
    digest = artifacts.put(b"mask", "mask")
    _age(_file(root, digest), 2)
    rename = Path.rename

    def put_and_rename(path: Path, target: Path) -> Path:
        monkeypatch.undo()
        artifacts.put(b"mask", "mask")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", put_and_rename)
    assert not artifacts.remove_older(digest, _DAY)
    assert artifacts.get(digest) == b"mask"
    assert [path for path in root.rglob("*") if path.is_file()] == [_file(root, digest)]


def test_writers_and_a_remover_at_once_lose_nothing(artifacts: ArtifactStore, root: Path) -> None:
    digest = artifacts.put(b"mask", "mask")
    stop = threading.Event()

    def remove() -> None:
        while not stop.is_set():
            artifacts.remove_older(digest, _DAY)

    remover = threading.Thread(target=remove)
    remover.start()
    try:
        for _ in range(200):
            with contextlib.suppress(FileNotFoundError):
                _age(_file(root, digest), 2)
            artifacts.put(b"mask", "mask")
            # What was renewed may be aside for a moment, while it is looked at once more.
            deadline = time.monotonic() + 30
            while not artifacts.exists(digest):
                assert time.monotonic() < deadline
    finally:
        stop.set()
        remover.join()
    assert artifacts.get(digest) == b"mask"


def test_a_bucket_tells_how_old_an_object_is(tmp_path: Path) -> None:
    artifacts = ArtifactStore(f"memory://{tmp_path}", DiskCache(tmp_path / "copies", 2**20))
    digest = artifacts.put(b"mask", "mask")
    assert artifacts.size(digest) == 4
    assert not artifacts.is_older(digest, _DAY)
    assert not artifacts.remove_older(digest, _DAY)
    assert artifacts.is_older(digest, -_DAY)
    assert artifacts.remove_older(digest, -_DAY)
    assert artifacts.size(digest) is None
    assert not artifacts.exists(digest)
