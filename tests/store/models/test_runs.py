"""Training runs: one at a time, one owner at a time, taken over when the owner falls silent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hemline.errors import StoreError
from hemline.store.database.columns import utcnow
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.models.models import create_version, list_versions
from hemline.store.models.runs import (
    acquire_run,
    active_run,
    fail_run,
    finish_run,
    get_run,
    heartbeat_run,
    last_run,
    list_runs,
    postpone_run,
    queue_run,
    stale_runs,
)
from hemline.store.states import RunState, RunTrigger
from hemline.store.tables.loop import DatasetSnapshot, ModelVersion, Project, TrainingRun

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def snapshot(store: Store, project: Project) -> DatasetSnapshot:
    with store.session() as session:
        snapshot = DatasetSnapshot(project_id=project.id, digest="5" * 64, labels=["Garment"])
        session.add(snapshot)
    return snapshot


@pytest.fixture
def run(store: Store, project: Project, snapshot: DatasetSnapshot) -> TrainingRun:
    with store.session() as session:
        run = queue_run(session, project.id, snapshot.id, RunTrigger.CORRECTIONS)
    assert run is not None
    return run


def _acquire(store: Store, run: TrainingRun, owner: str, seconds: float) -> bool:
    with store.session() as session:
        return acquire_run(session, run.id, owner, 30, now=at(seconds))


def _beat(store: Store, run: TrainingRun, owner: str, seconds: float, epoch: int = 1) -> bool:
    with store.session() as session:
        return heartbeat_run(session, run.id, owner, 30, epoch, 8, now=at(seconds))


def _stored(store: Store, run: TrainingRun) -> TrainingRun:
    with store.reading() as session:
        return get_run(session, run.id)


def test_a_project_has_one_run_at_a_time(
    store: Store, project: Project, snapshot: DatasetSnapshot, run: TrainingRun
) -> None:
    for _ in range(2):
        with store.session() as session:
            assert queue_run(session, project.id, snapshot.id, RunTrigger.BUTTON) is None
            found = active_run(session, project.id)
            assert found is not None
            assert found.id == run.id
        _acquire(store, run, "a", 0)
    with store.session() as session:
        fail_run(session, run.id, None, "given up")
    with store.session() as session:
        assert active_run(session, project.id) is None
        assert queue_run(session, project.id, snapshot.id, RunTrigger.BUTTON) is not None


def test_another_project_has_a_run_of_its_own(
    store: Store, snapshot: DatasetSnapshot, run: TrainingRun
) -> None:
    with store.session() as session:
        other = upsert_project(session, ls_project_id=8)
        assert queue_run(session, other.id, snapshot.id, RunTrigger.COMMAND) is not None


def test_a_lease_belongs_to_one_owner_until_it_lapses(store: Store, run: TrainingRun) -> None:
    assert _acquire(store, run, "a", 0)
    assert not _acquire(store, run, "b", 29)
    assert not _acquire(store, run, "a", 29)
    assert _acquire(store, run, "b", 31)
    stored = _stored(store, run)
    assert (stored.lease_owner, stored.attempts, stored.state) == ("b", 2, RunState.RUNNING)
    assert stored.started_at == at(0)
    assert stored.lease_until == at(61)


def test_a_heartbeat_renews_the_lease_and_tells_the_epoch(store: Store, run: TrainingRun) -> None:
    assert _acquire(store, run, "a", 0)
    assert _beat(store, run, "a", 25, epoch=3)
    assert not _acquire(store, run, "b", 40)
    stored = _stored(store, run)
    assert (stored.epoch, stored.epochs, stored.lease_until) == (3, 8, at(55))


def test_a_heartbeat_after_a_takeover_says_so(store: Store, run: TrainingRun) -> None:
    assert not _beat(store, run, "a", 0)
    assert _acquire(store, run, "a", 0)
    assert _acquire(store, run, "b", 31)
    assert not _beat(store, run, "a", 32)
    assert _beat(store, run, "b", 32)


def test_a_late_heartbeat_keeps_what_nobody_took(store: Store, run: TrainingRun) -> None:
    assert _acquire(store, run, "a", 0)
    assert _beat(store, run, "a", 100)
    assert not _acquire(store, run, "b", 120)


def test_only_the_owner_finishes(store: Store, run: TrainingRun, version: ModelVersion) -> None:
    assert _acquire(store, run, "a", 0)
    with store.session() as session:
        finish_run(session, run.id, "a", version.id, now=at(9))
    stored = _stored(store, run)
    assert (stored.state, stored.finished_at) == (RunState.SUCCEEDED, at(9))
    assert stored.model_version is not None
    assert stored.model_version.name == version.name
    assert not _acquire(store, run, "b", 1000)
    assert not _beat(store, run, "a", 10)


def test_a_lost_lease_stores_nothing_of_its_result(
    store: Store, project: Project, run: TrainingRun
) -> None:
    assert _acquire(store, run, "a", 0)
    assert _acquire(store, run, "b", 31)

    def finish() -> None:
        with store.session() as session:
            version = create_version(
                session,
                project.id,
                recipe={},
                labels=[],
                weights_digest="a" * 64,
                code_version="0",
            )
            finish_run(session, run.id, "a", version.id)

    with pytest.raises(StoreError, match="no longer owned by a"):
        finish()
    with store.reading() as session:
        assert list_versions(session, project.id) == []
    assert _stored(store, run).state is RunState.RUNNING


def test_failures_are_the_owners_or_anybodys(store: Store, run: TrainingRun) -> None:
    assert _acquire(store, run, "a", 0)
    with store.session() as session:
        assert not fail_run(session, run.id, "b", "not mine")
        assert fail_run(session, run.id, "a", "out of memory", now=at(3))
        assert not fail_run(session, run.id, None, "too late")
    stored = _stored(store, run)
    assert (stored.state, stored.problem, stored.finished_at) == (
        RunState.FAILED,
        "out of memory",
        at(3),
    )


def test_an_epoch_that_is_done_is_no_attempt_in_vain(store: Store, run: TrainingRun) -> None:
    for number, owner in enumerate("abc"):
        assert _acquire(store, run, owner, 100 * number)
    assert _beat(store, run, "c", 201, epoch=0)
    assert _stored(store, run).attempts == 3
    assert _beat(store, run, "c", 202, epoch=1)
    assert _stored(store, run).attempts == 1


def test_a_run_that_is_put_off_waits_and_costs_no_attempt(store: Store, run: TrainingRun) -> None:
    assert _acquire(store, run, "a", 0)
    with store.session() as session:
        assert not postpone_run(session, run.id, "b", "not mine", delay_s=60)
        assert postpone_run(session, run.id, "a", "Label Studio is away", delay_s=60)
        assert active_run(session, run.project_id) is not None
        assert stale_runs(session, now=utcnow() + timedelta(seconds=50)) == []
        assert stale_runs(session, now=utcnow() + timedelta(seconds=61)) == [run.id]
    stored = _stored(store, run)
    assert (stored.attempts, stored.problem) == (0, "Label Studio is away")


def test_stale_runs_are_those_nobody_works_on(
    store: Store, snapshot: DatasetSnapshot, run: TrainingRun
) -> None:
    with store.session() as session:
        other = upsert_project(session, ls_project_id=8)
        second = queue_run(session, other.id, snapshot.id, RunTrigger.COMMAND)
    assert second is not None
    assert _acquire(store, run, "a", 0)
    with store.reading() as session:
        assert stale_runs(session, now=at(29)) == [second.id]
        assert stale_runs(session, now=at(31)) == [run.id, second.id]
    with store.session() as session:
        fail_run(session, run.id, None, "given up")
        assert stale_runs(session, now=at(100)) == [second.id]


def test_runs_are_listed_newest_first(
    store: Store, project: Project, snapshot: DatasetSnapshot, run: TrainingRun
) -> None:
    with store.session() as session:
        fail_run(session, run.id, None, "given up")
        second = queue_run(session, project.id, snapshot.id, RunTrigger.SCHEDULE)
    assert second is not None
    with store.reading() as session:
        assert [each.id for each in list_runs(session, project.id)] == [second.id, run.id]
        assert [each.id for each in list_runs(session, limit=1)] == [second.id]
        assert list_runs(session, project.id + 1) == []
        last = last_run(session, project.id)
        assert last_run(session, project.id + 1) is None
    assert last is not None
    assert (last.id, last.trigger) == (second.id, RunTrigger.SCHEDULE)
    assert last.snapshot.digest == "5" * 64
    assert last.project.title == "Dresses"


def test_a_run_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match="training run 4 "), store.reading() as session:
        get_run(session, 4)


def test_one_of_many_threads_gets_the_run(store: Store, run: TrainingRun, in_threads: Any) -> None:
    assert sorted(in_threads(10, lambda n: _acquire(store, run, f"t{n}", 0))) == [False] * 9 + [
        True
    ]


def test_one_of_many_processes_gets_the_run(
    store: Store, store_url: str, run: TrainingRun, contenders: Any
) -> None:
    owners = [f"process-{number}" for number in range(5)]
    results = contenders.run(store_url, "acquire", [(run.id, owner) for owner in owners])
    assert sorted(results) == [False] * 4 + [True]
    stored = _stored(store, run)
    assert stored.lease_owner == owners[results.index(True)]
    assert stored.attempts == 1


def test_processes_that_queue_at_once_queue_one(
    store: Store, store_url: str, project: Project, snapshot: DatasetSnapshot, contenders: Any
) -> None:
    results = contenders.run(store_url, "queue_run", [(project.id, snapshot.id)] * 4)
    assert sorted(results) == [False] * 3 + [True]
    with store.reading() as session:
        assert len(list_runs(session, project.id)) == 1
