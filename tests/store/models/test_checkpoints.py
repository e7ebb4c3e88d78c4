"""Checkpoints that are kept: the owner's alone, one a run, and none of what is over."""

import pytest

from hemline.store.database.engine import Store
from hemline.store.models.checkpoints import (
    KeptCheckpoint,
    forget_checkpoint,
    keep_checkpoint,
    kept_checkpoint,
    runs_with_needless_checkpoints,
)
from hemline.store.models.runs import acquire_run, fail_run, queue_run
from hemline.store.states import RunTrigger
from hemline.store.tables.loop import DatasetSnapshot, Project

FIRST = KeptCheckpoint(3, {"fold_1/checkpoint.pt": "a" * 64, "fold_2/checkpoint.pt": "b" * 64})
SECOND = KeptCheckpoint(4, {"fold_1/checkpoint.pt": "a" * 64})


@pytest.fixture
def run_id(store: Store, project: Project) -> int:
    with store.session() as session:
        snapshot = DatasetSnapshot(project_id=project.id, digest="5" * 64, labels=["Garment"])
        session.add(snapshot)
        session.flush()
        run = queue_run(session, project.id, snapshot.id, RunTrigger.CORRECTIONS)
        assert run is not None
        assert acquire_run(session, run.id, "one", 30)
        return run.id


def kept(store: Store, run_id: int) -> KeptCheckpoint | None:
    with store.reading() as session:
        return kept_checkpoint(session, run_id)


def test_the_next_takes_the_place_of_the_last(store: Store, run_id: int) -> None:
    assert kept(store, run_id) is None
    for each in (FIRST, SECOND):
        with store.session() as session:
            assert keep_checkpoint(session, run_id, "one", each)
        assert kept(store, run_id) == each
    with store.session() as session:
        forget_checkpoint(session, run_id)
    assert kept(store, run_id) is None


def test_nobody_else_keeps_one(store: Store, run_id: int) -> None:
    with store.session() as session:
        assert keep_checkpoint(session, run_id, "one", FIRST)
        assert not keep_checkpoint(session, run_id, "other", SECOND)
    assert kept(store, run_id) == FIRST


def test_those_of_runs_that_are_over_are_found(store: Store, run_id: int) -> None:
    with store.session() as session:
        keep_checkpoint(session, run_id, "one", FIRST)
        assert runs_with_needless_checkpoints(session) == []
        fail_run(session, run_id, "one", "no photos")
        assert not keep_checkpoint(session, run_id, "one", SECOND)
        assert runs_with_needless_checkpoints(session) == [run_id]
