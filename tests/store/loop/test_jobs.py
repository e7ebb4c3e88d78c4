"""Jobs: equal ones are queued once, and one owner at a time works on each."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hemline.errors import StoreError
from hemline.store.database.columns import utcnow
from hemline.store.database.engine import Store
from hemline.store.loop.jobs import (
    acquire_job,
    active_job,
    fail_job,
    finish_job,
    get_job,
    list_jobs,
    postpone_job,
    progress_job,
    queue_job,
    stale_jobs,
)
from hemline.store.states import JobKind, JobState
from hemline.store.tables.loop import Job, Project

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def _queue(store: Store, project: Project, **arguments: Any) -> Job:
    with store.session() as session:
        return queue_job(session, project.id, JobKind.PREDICT_POOL, arguments)


@pytest.fixture
def job(store: Store, project: Project) -> Job:
    return _queue(store, project, version=1, tasks=[1, 2])


def test_an_equal_queued_job_is_the_same_job(store: Store, project: Project, job: Job) -> None:
    assert _queue(store, project, tasks=[1, 2], version=1).id == job.id
    assert _queue(store, project, version=2).id != job.id


def test_a_running_job_does_not_stand_for_a_new_one(
    store: Store, project: Project, job: Job
) -> None:
    with store.session() as session:
        assert acquire_job(session, job.id, "a", 30)
    assert _queue(store, project, version=1, tasks=[1, 2]).id != job.id


def test_a_job_goes_from_owner_to_owner(store: Store, job: Job) -> None:
    with store.session() as session:
        assert acquire_job(session, job.id, "a", 30, now=at(0))
        assert not acquire_job(session, job.id, "b", 30, now=at(1))
        assert progress_job(session, job.id, "a", 30, 5, 20, now=at(20))
        assert not acquire_job(session, job.id, "b", 30, now=at(49))
        assert acquire_job(session, job.id, "b", 30, now=at(51))
        assert not progress_job(session, job.id, "a", 30, 6, 20, now=at(52))
    with store.reading() as session:
        stored = get_job(session, job.id)
    assert (stored.done, stored.total, stored.attempts, stored.lease_owner) == (5, 20, 2, "b")
    assert stored.project.title == "Dresses"


def test_only_the_owner_finishes(store: Store, job: Job) -> None:
    with store.session() as session:
        assert acquire_job(session, job.id, "a", 30)
    with pytest.raises(StoreError, match="no longer owned by b"), store.session() as session:
        finish_job(session, job.id, "b")
    with store.session() as session:
        finish_job(session, job.id, "a", now=at(3))
    with store.reading() as session:
        stored = get_job(session, job.id)
        assert stale_jobs(session, now=at(10_000)) == []
    assert (stored.state, stored.finished_at) == (JobState.DONE, at(3))


def test_failures_are_the_owners_or_anybodys(store: Store, job: Job) -> None:
    with store.session() as session:
        assert not fail_job(session, job.id, "a", "not mine")
        assert fail_job(session, job.id, None, "Label Studio is away")
        assert not fail_job(session, job.id, None, "again")
    with store.reading() as session:
        assert get_job(session, job.id).problem == "Label Studio is away"


def test_stale_jobs_are_those_nobody_works_on(store: Store, project: Project, job: Job) -> None:
    second = _queue(store, project, version=2)
    with store.session() as session:
        assert acquire_job(session, job.id, "a", 30, now=at(0))
    with store.reading() as session:
        assert stale_jobs(session, now=at(29)) == [second.id]
        assert stale_jobs(session, now=at(31)) == [job.id, second.id]


def test_a_job_that_is_put_off_waits_and_costs_no_attempt(store: Store, job: Job) -> None:
    with store.session() as session:
        assert acquire_job(session, job.id, "a", 30)
        assert not postpone_job(session, job.id, "b", "not mine", delay_s=60)
        assert postpone_job(session, job.id, "a", "Label Studio is away", delay_s=60)
        assert stale_jobs(session, now=utcnow() + timedelta(seconds=50)) == []
        assert stale_jobs(session, now=utcnow() + timedelta(seconds=61)) == [job.id]
    with store.reading() as session:
        stored = get_job(session, job.id)
    assert (stored.attempts, stored.problem) == (0, "Label Studio is away")


def test_a_job_is_active_until_it_is_finished(store: Store, project: Project, job: Job) -> None:
    def active() -> int | None:
        with store.reading() as session:
            found = active_job(session, project.id, JobKind.PREDICT_POOL)
        return found.id if found else None

    assert active() == job.id
    with store.session() as session:
        acquire_job(session, job.id, "a", 30)
    assert active() == job.id
    with store.session() as session:
        finish_job(session, job.id, "a")
    assert active() is None


def test_jobs_are_listed_newest_first(store: Store, project: Project, job: Job) -> None:
    second = _queue(store, project, version=2)
    with store.reading() as session:
        assert [each.id for each in list_jobs(session)] == [second.id, job.id]
        assert [each.id for each in list_jobs(session, project.id, limit=1)] == [second.id]
        assert list_jobs(session, project.id + 1) == []
        with pytest.raises(StoreError, match="job 99 is not in the store"):
            get_job(session, 99)


def test_one_of_many_processes_gets_the_job(store_url: str, job: Job, contenders: Any) -> None:
    results = contenders.run(store_url, "acquire_job", [(job.id, f"p{n}") for n in range(4)])
    assert sorted(results) == [False] * 3 + [True]


def test_processes_that_queue_the_same_at_once_queue_one(
    store_url: str, project: Project, contenders: Any
) -> None:
    assert len(set(contenders.run(store_url, "queue_job", [(project.id,)] * 4))) == 1
