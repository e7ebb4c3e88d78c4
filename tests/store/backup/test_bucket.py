"""A backup from a bucket and into one, on a real S3 server with its faults."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from hemline.disk_cache import DiskCache
from hemline.errors import ArtifactsUnavailable
from hemline.store.backup.place import BackupPlace
from hemline.store.backup.restore import restore_backup, verify_backup
from hemline.store.backup.take import take_backup
from hemline.store.database import storage_url
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.predictions import get_prediction
from tests.plugins.s3 import Fault, S3Storage, answers, dies_in_writes, lists_nothing
from tests.store.backup.conftest import MakeStore, quiet
from tests.store.backup.rows import all_rows, fill


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_url, "_SILENCE_S", 2)
    monkeypatch.setattr(storage_url, "_TRIES", 1)


@pytest.fixture
def bucket(s3: S3Storage) -> BackupPlace:
    return BackupPlace(f"s3://{s3.bucket}/backup")


def test_a_bucket_takes_a_backup_and_gives_it_back(
    filled: Store,
    make_store: MakeStore,
    artifacts: ArtifactStore,
    other_artifacts: ArtifactStore,
    bucket: BackupPlace,
    s3: S3Storage,
) -> None:
    first = take_backup(filled, artifacts, bucket, quiet)
    assert take_backup(filled, artifacts, bucket, quiet).copied == 0
    assert len([name for name in s3.names() if "/backup/database/" in name]) == 1
    s3.fault = lists_nothing  # restoring needs no listing
    target = make_store("sqlite")
    restored = restore_backup(bucket, target, other_artifacts, quiet)
    assert all_rows(target) == all_rows(filled)
    assert restored.artifacts == first.manifest.artifacts
    assert len(set(other_artifacts.digests())) == first.manifest.artifacts


def test_artifacts_of_a_bucket_are_read_there_and_not_from_copies(
    make_store: MakeStore, s3: S3Storage, place: BackupPlace, tmp_path: Path
) -> None:
    store = make_store("sqlite")
    artifacts = ArtifactStore(s3.url, DiskCache(tmp_path / "copies", 10**7))
    fill(store, artifacts)
    with store.reading() as session:
        prediction = get_prediction(session, 1)
    assert prediction is not None
    digest = prediction.mask_digest
    data = artifacts.get(digest)  # there is a copy from now on
    artifacts.remove(digest)
    (tmp_path / "copies" / digest).write_bytes(data)
    assert set(take_backup(store, artifacts, place, quiet).problems) == {digest}


def of_artifacts(fault: Fault) -> Fault:
    """The fault where artifacts are asked for alone."""

    def some(app: Any, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        is_artifact = "/backup/artifacts/" in environ["PATH_INFO"]
        return (fault if is_artifact else _healthy)(app, environ, start_response)

    return some


def _healthy(app: Any, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    answer: Iterable[bytes] = app(environ, start_response)
    return answer


@pytest.mark.parametrize(
    "fault", [answers("503 Slow Down", "SlowDown"), dies_in_writes], ids=["503", "dies in writes"]
)
def test_the_backup_before_stays_whole_when_a_bucket_fails(
    fault: Fault,
    filled: Store,
    artifacts: ArtifactStore,
    bucket: BackupPlace,
    s3: S3Storage,
) -> None:
    before = take_backup(filled, artifacts, bucket, quiet).manifest
    new = artifacts.put(b"a new mask", "mask")
    with filled.session() as session:
        prediction = get_prediction(session, 1)
        assert prediction is not None
        session.merge(prediction).mask_digest = new

    def fail_now(what: str, done: int, total: int) -> None:
        s3.fault = of_artifacts(fault)

    with pytest.raises(ArtifactsUnavailable):
        take_backup(filled, artifacts, bucket, fail_now)
    s3.fault = None
    checked = verify_backup(bucket, quiet)
    assert checked.manifest == before
    assert not checked.problems
    assert take_backup(filled, artifacts, bucket, quiet).manifest.artifacts == before.artifacts
    assert not verify_backup(bucket, quiet).problems
