"""Leases of runs and jobs: deaths that got no further are counted, and clocks may be put back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hemline.store.clock_set_back import bring_dates_back, dates_lie_ahead
from hemline.store.database import clock
from hemline.store.database.clock import database_now
from hemline.store.database.engine import Store
from hemline.store.loop.annotations import corrections_since, record_annotation
from hemline.store.loop.deliveries import next_deliveries
from hemline.store.loop.jobs import acquire_job, get_job, progress_job, queue_job, stale_jobs
from hemline.store.loop.projects import get_project
from hemline.store.models.runs import (
    acquire_run,
    get_run,
    heartbeat_run,
    is_free,
    queue_run,
    stale_runs,
)
from hemline.store.states import JobKind, RunTrigger
from hemline.store.tables.loop import DatasetSnapshot, Job, Project, Task, TrainingRun
from tests.deliveries import record_delivery

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY_S = 24 * 3600.0


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@dataclass
class Work:
    """A run or a job, worked on alike."""

    store: Store
    row_id: int
    acquire_row: Callable[..., bool]
    renew_row: Callable[..., bool]
    stale: Callable[..., list[int]]
    get: Callable[..., TrainingRun | Job]

    def take(self, seconds: float) -> bool:
        with self.store.session() as session:
            return self.acquire_row(session, self.row_id, "owner", 30, now=at(seconds))

    def renew(self, seconds: float, progress: int) -> bool:
        with self.store.session() as session:
            return self.renew_row(session, self.row_id, "owner", 30, progress, 9, now=at(seconds))

    def is_free(self, seconds: float) -> bool:
        with self.store.reading() as session:
            return self.row_id in self.stale(session, now=at(seconds))

    @property
    def row(self) -> TrainingRun | Job:
        with self.store.reading() as session:
            return self.get(session, self.row_id)


@pytest.fixture(params=["run", "job"])
def work(request: pytest.FixtureRequest, store: Store, project: Project) -> Work:
    with store.session() as session:
        if request.param == "job":
            job = queue_job(session, project.id, JobKind.EXPORT, {})
            return Work(store, job.id, acquire_job, progress_job, stale_jobs, get_job)
        snapshot = DatasetSnapshot(project_id=project.id, digest="5" * 64, labels=["Garment"])
        session.add(snapshot)
        session.flush()
        run = queue_run(session, project.id, snapshot.id, RunTrigger.COMMAND)
        assert run is not None
    return Work(store, run.id, acquire_run, heartbeat_run, stale_runs, get_run)


def test_deaths_that_got_no_further_are_counted_and_rest_longer_each_time(work: Work) -> None:
    seconds = 0.0
    for number, rest in enumerate([0.0, 10.0, 60.0, 300.0, 900.0, 900.0], start=1):
        assert work.take(seconds)
        assert work.row.attempts == number
        lapses = seconds + 30
        assert not work.is_free(lapses + rest - 1)
        assert work.is_free(lapses + rest + 1)
        seconds = lapses + rest + 1


def test_each_death_after_progress_is_the_first(work: Work) -> None:
    for number in range(9):
        assert work.take(100.0 * number)
        assert work.renew(100.0 * number + 1, number + 1)
        assert work.row.attempts == 1


def test_an_attempt_that_begins_afresh_gets_further_once_it_passes_the_furthest(work: Work) -> None:
    assert work.take(0)
    assert work.renew(1, 5)
    assert work.take(100)
    for progress, attempts in ((1, 2), (5, 2), (6, 1)):
        assert work.renew(101, progress)
        assert work.row.attempts == attempts


def test_a_lease_taken_while_the_clock_was_a_day_ahead_has_lapsed(work: Work) -> None:
    assert work.take(DAY_S)
    assert not work.is_free(DAY_S)
    assert work.is_free(0)
    assert work.take(0)
    assert not work.is_free(29)


def test_clocks_that_differ_by_less_than_a_lease_take_nothing_over(work: Work) -> None:
    assert work.take(29)
    assert not work.is_free(0)
    assert not work.take(0)


def test_the_time_is_the_databases(
    store: Store, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PostgreSQL's is its own, whatever this machine takes it for."""
    ahead = datetime.now(UTC) + timedelta(days=1)
    monkeypatch.setattr(clock, "utcnow", lambda: ahead)
    with store.session() as session:
        now = database_now(session)
        job = queue_job(session, project.id, JobKind.EXPORT, {})
        assert acquire_job(session, job.id, "owner", 30)
    expected = ahead if store.is_file else datetime.now(UTC)
    for time in (now, job.created_at, get_lease(store, job.id) - timedelta(seconds=30)):
        assert abs(time - expected) < timedelta(minutes=5)


def get_lease(store: Store, job_id: int) -> datetime:
    with store.reading() as session:
        until = get_job(session, job_id).lease_until
    assert until is not None
    return until


def test_a_day_ahead_and_back_holds_nothing_up(
    store: Store, project: Project, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as wrong:
        ahead: Any = datetime.now(UTC) + timedelta(days=1)
        for module in ("clock_set_back", "loop.jobs", "models.runs", "loop.deliveries"):
            wrong.setattr(f"hemline.store.{module}.database_now", lambda _: ahead)
        with store.session() as session:
            snapshot = DatasetSnapshot(project_id=project.id, digest="5" * 64, labels=[])
            session.add(snapshot)
            session.flush()
            run = queue_run(session, project.id, snapshot.id, RunTrigger.COMMAND)
            assert run is not None
            job = queue_job(session, project.id, JobKind.EXPORT, {})
            assert acquire_run(session, run.id, "a", 30)
            assert acquire_job(session, job.id, "a", 30)
            record_delivery(session, digest="d" * 64, action="A", ls_project_id=7, payload={})
            assert len(next_deliveries(session, 5, 3)) == 1
            record_annotation(
                session,
                project_id=project.id,
                task_id=task.id,
                ls_annotation_id=1,
                mask_digest="a" * 64,
                now=ahead,
            )
            row = get_project(session, 7)
            assert row is not None
            row.ranked_at = ahead
            assert not dates_lie_ahead(session)
    with store.session() as session:
        assert is_free(session, run.id)
        assert stale_jobs(session) == [job.id]
        assert len(next_deliveries(session, 5, 3)) == 1
        assert dates_lie_ahead(session)
        assert bring_dates_back(session) == 4
        assert not dates_lie_ahead(session)
        now = database_now(session)
        row = get_project(session, 7)
        assert row is not None
        assert row.ranked_at is not None
        assert row.ranked_at <= now
        assert get_run(session, run.id).created_at <= now
        assert corrections_since(session, project.id, now) == 0
