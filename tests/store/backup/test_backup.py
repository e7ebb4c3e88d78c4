"""A backup is whole or refused, has all that its rows name, and restores into either database."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from hemline.errors import BackupError
from hemline.store.backup.manifest import MANIFEST
from hemline.store.backup.place import BackupPlace
from hemline.store.backup.restore import restore_backup, verify_backup
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.columns import Base
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.reports.artifacts_in_use import artifacts_in_use
from hemline.store.tables.loop import Annotation, Job, Prediction, Project, Task
from tests.store.backup.conftest import BackUp, MakeStore, quiet
from tests.store.backup.rows import ROWS, all_rows, fill

_POSTGRES = pytest.mark.postgres
WAYS = [
    ("sqlite", "sqlite"),
    pytest.param("postgresql", "postgresql", marks=_POSTGRES),
    pytest.param("sqlite", "postgresql", marks=_POSTGRES),
    pytest.param("postgresql", "sqlite", marks=_POSTGRES),
]


@pytest.mark.parametrize(("kind", "target_kind"), WAYS)
def test_every_row_of_every_table_comes_back_in_either_database(
    kind: str,
    target_kind: str,
    make_store: MakeStore,
    artifacts: ArtifactStore,
    other_artifacts: ArtifactStore,
    place: BackupPlace,
    back_up: BackUp,
) -> None:
    store = make_store(kind)
    fill(store, artifacts)
    taken = back_up(store)
    assert set(taken.manifest.rows.values()) == {ROWS}
    target = make_store(target_kind, tables=False)
    restored = restore_backup(place, target, other_artifacts, quiet)
    assert restored.rows == taken.manifest.rows
    assert all_rows(target) == all_rows(store)
    with store.reading() as session:
        named = {use.digest for use in artifacts_in_use(session)}
    assert len(named) > ROWS
    assert named <= set(other_artifacts.digests())
    for digest in named:
        assert other_artifacts.get(digest) == artifacts.get(digest)
    with target.session() as session:  # ids go on from where they were
        session.execute(delete(Job).where(Job.id == ROWS))
        project = upsert_project(session, ls_project_id=999, title="new")
        assert project.id == ROWS + 1
        task = session.scalars(
            insert(Task).values(project_id=project.id, ls_task_id=1).returning(Task.id)
        ).one()
        assert task == ROWS + 1


def test_all_columns_that_name_artifacts_are_known() -> None:
    """Who adds one says whether it does, in `artifacts_in_use` or here."""
    others = {
        "task.image_digest",
        "prediction.image_digest",
        "prediction_signals.image_digest",
        "answered_click.pixels_digest",
        "webhook_delivery.digest",
        "review_item.content_digest",
        "review_item.settled_digest",
        "review_verdict.content_digest",
        "returned_label.content_digest",
        "shadow_label.label_digest",
        "conversion.weights_digest",
    }
    known = {
        "project.ranking_digest",
        "annotation.mask_digest",
        "annotation.covered_digest",
        "annotation.last_mask_digest",
        "annotation.held_digest",
        "prediction.mask_digest",
        "dataset_snapshot.digest",
        "model_version.weights_digest",
        "conversion.digest",
        "prediction_signals.map_digest",
        "label_signals.mask_digest",
        "checkpoint.digest",
    }
    columns = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.c
        if "digest" in column.name
    }
    assert columns == known | others


def test_masks_of_changed_and_deleted_labels_come_too(
    filled: Store, artifacts: ArtifactStore, place: BackupPlace, back_up: BackUp
) -> None:
    gone = artifacts.put(b"deleted label", "mask")
    covered = artifacts.put(b"what lay under others in it", "covered parts")
    past = artifacts.put(b"mask that a training saw", "mask")
    manifest = artifacts.put(
        json.dumps({"labels": [], "items": [{"mask_digest": past}]}).encode(), "manifest"
    )
    with filled.session() as session:
        row = session.scalars(select(Annotation).limit(1)).one()
        row.mask_digest, row.covered_digest, row.deleted_at = gone, covered, row.changed_at
        session.execute(
            update(Base.metadata.tables["dataset_snapshot"])
            .values(digest=manifest)
            .where(Base.metadata.tables["dataset_snapshot"].c.id == 1)
        )
    back_up(filled)
    assert {gone, covered, past} <= set(place.artifacts.digests())


def test_a_second_backup_copies_what_is_new_and_drops_what_is_not_needed(
    filled: Store, artifacts: ArtifactStore, place: BackupPlace, back_up: BackUp
) -> None:
    first = back_up(filled)
    assert first.copied == first.manifest.artifacts > ROWS
    assert back_up(filled).copied == 0
    new = artifacts.put(b"another mask", "mask")
    with filled.session() as session:
        row = session.get_one(Prediction, 1)
        old, row.mask_digest = row.mask_digest, new
    second = back_up(filled)
    assert second.copied == 1
    assert second.manifest.artifacts == first.manifest.artifacts
    assert new in set(place.artifacts.digests())
    assert old not in set(place.artifacts.digests())
    assert place.folder is not None
    assert [f"database/{path.name}" for path in (place.folder / "database").iterdir()] == [
        second.manifest.database
    ]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=_POSTGRES)])
def test_a_backup_is_of_one_moment_while_a_writer_writes(
    kind: str,
    make_store: MakeStore,
    artifacts: ArtifactStore,
    other_artifacts: ArtifactStore,
    place: BackupPlace,
    back_up: BackUp,
) -> None:
    """Each of its transactions names another artifact in rows of two tables, one read long before
    the other."""
    store = make_store(kind)
    fill(store, artifacts)
    stop = threading.Event()
    written: list[str] = []

    def write() -> None:
        while not stop.is_set():
            digest = artifacts.put(os.urandom(50), "mask")
            with store.session() as session:
                for row in session.scalars(select(Prediction)):
                    row.mask_digest = digest
                for project in session.scalars(select(Project)):
                    project.ranking_digest = digest
            written.append(digest)

    def wait_for_a_write() -> None:
        count = len(written)
        while len(written) == count:
            assert writer.is_alive()
            time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            wait_for_a_write()
            assert not back_up(store).problems
            wait_for_a_write()
            target = make_store("sqlite")
            assert not restore_backup(place, target, other_artifacts, quiet).problems
            with target.reading() as session:
                masks = set(session.scalars(select(Prediction.mask_digest)))
                rankings = set(session.scalars(select(Project.ranking_digest)))
            assert len(masks) == 1
            assert masks == rankings
            other_artifacts.get(masks.pop())
    finally:
        stop.set()
        writer.join()


_KILLED = """
import os, signal, sys
from hemline.store.backup.place import BackupPlace
from hemline.store.backup.restore import restore_backup
from hemline.store.backup.take import take_backup
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store

action, url, artifacts, place, when = sys.argv[1:]

def progress(what, done, total):
    if what == when:
        os.kill(os.getpid(), signal.SIGKILL)

store, artifacts, place = Store(url), ArtifactStore(artifacts), BackupPlace(place)
if action == "take":
    take_backup(store, artifacts, place, progress)
else:
    restore_backup(place, store, artifacts, progress)
"""


def kill(action: str, store: Store, artifacts: Path, place: Path, when: str) -> None:
    """The action in a process that is killed at its first step of that name."""
    assert store.file is not None
    arguments = [f"sqlite:///{store.file}", str(artifacts), str(place), when]
    process = subprocess.run([sys.executable, "-c", _KILLED, action, *arguments], check=False)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("when", ["rows", "artifacts"])
def test_a_killed_backup_is_refused_and_can_be_run_again(
    when: str, filled: Store, tmp_path: Path, place: BackupPlace, back_up: BackUp
) -> None:
    kill("take", filled, tmp_path / "artifacts", tmp_path / "backup", when)
    with pytest.raises(BackupError, match="has no whole backup"):
        verify_backup(place, quiet)
    back_up(filled)
    assert not verify_backup(place, quiet).problems
    assert place.folder is not None
    left = {path.name for path in place.folder.iterdir()}
    assert left == {MANIFEST, ".lock", "artifacts", "database"}


@pytest.mark.parametrize("when", ["rows", "artifacts"])
def test_the_backup_before_stays_whole_when_the_next_is_killed(
    when: str,
    filled: Store,
    make_store: MakeStore,
    artifacts: ArtifactStore,
    other_artifacts: ArtifactStore,
    tmp_path: Path,
    place: BackupPlace,
    back_up: BackUp,
) -> None:
    back_up(filled)
    before = all_rows(filled)
    with filled.session() as session:
        session.get_one(Prediction, 1).mask_digest = artifacts.put(b"newer", "mask")
    kill("take", filled, tmp_path / "artifacts", tmp_path / "backup", when)
    target = make_store("sqlite")
    restore_backup(place, target, other_artifacts, quiet)
    assert all_rows(target) == before


@pytest.mark.parametrize("when", ["rows", "artifacts"])
def test_a_killed_restore_can_be_run_again(
    when: str,
    filled: Store,
    make_store: MakeStore,
    other_artifacts: ArtifactStore,
    tmp_path: Path,
    place: BackupPlace,
    back_up: BackUp,
) -> None:
    back_up(filled)
    target = make_store("sqlite", tables=False)
    kill("restore", target, tmp_path / "other artifacts", tmp_path / "backup", when)
    restore_backup(place, target, other_artifacts, quiet)
    assert all_rows(target) == all_rows(filled)


def test_a_database_with_rows_is_left_alone(
    filled: Store,
    make_store: MakeStore,
    other_artifacts: ArtifactStore,
    place: BackupPlace,
    back_up: BackUp,
) -> None:
    back_up(filled)
    target = make_store("sqlite")
    with target.session() as session:
        upsert_project(session, ls_project_id=7, title="mine")
    before = all_rows(target)
    with pytest.raises(BackupError, match="table project has 1 rows; set DATABASE_URL"):
        restore_backup(place, target, other_artifacts, quiet)
    assert all_rows(target) == before
    assert not list(other_artifacts.digests())
