"""Jobs: long work with progress that people can watch, owned through a lease."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from hemline.errors import StoreError
from hemline.store.database.clock import database_now
from hemline.store.database.columns import Json
from hemline.store.loop import leases
from hemline.store.loop.projects import lock_project
from hemline.store.states import JobKind, JobState
from hemline.store.tables.loop import Job


def queue_job(session: Session, project_id: int, kind: JobKind, arguments: Json) -> Job:
    """A queued job; the one that is queued already if it is to do the same."""
    lock_project(session, project_id)
    queued = session.scalars(
        select(Job)
        .where(Job.project_id == project_id, Job.kind == kind, Job.state == JobState.QUEUED)
        .order_by(Job.id)
    )
    for job in queued:
        if job.arguments == arguments:
            return job
    job = Job(
        project_id=project_id,
        kind=kind,
        arguments=arguments,
        state=JobState.QUEUED,
        created_at=database_now(session),
    )
    session.add(job)
    session.flush()
    return job


def active_job(session: Session, project_id: int, kind: JobKind) -> Job | None:
    """The project's oldest job of the kind that is queued or running."""
    return session.scalar(
        select(Job)
        .where(
            Job.project_id == project_id,
            Job.kind == kind,
            Job.state.in_([JobState.QUEUED, JobState.RUNNING]),
        )
        .order_by(Job.id)
        .limit(1)
    )


def any_active(session: Session, kind: JobKind) -> bool:
    """Whether any project has a job of the kind that is queued or running."""
    active = select(Job.id).where(
        Job.kind == kind, Job.state.in_([JobState.QUEUED, JobState.RUNNING])
    )
    return session.scalar(active.limit(1)) is not None


def has_failed_within(session: Session, project_id: int, kind: JobKind, within: timedelta) -> bool:
    """Whether a job of the kind ended as failed not longer ago than that."""
    now = database_now(session)
    failed = select(Job.id).where(
        Job.project_id == project_id,
        Job.kind == kind,
        Job.state == JobState.FAILED,
        Job.finished_at.between(now - within, now + within),
    )
    return session.scalar(failed.limit(1)) is not None


def acquire_job(
    session: Session, job_id: int, owner: str, lease_s: float, *, now: datetime | None = None
) -> bool:
    """Takes the job for `lease_s` seconds if it is queued or its owner fell silent.

    True for exactly one of those who try at once. Each take counts as an attempt.
    """
    now = now or database_now(session)
    return leases.acquire(session, Job, job_id, owner=owner, lease_s=lease_s, now=now)


def progress_job(
    session: Session,
    job_id: int,
    owner: str,
    lease_s: float,
    done: int,
    total: int,
    *,
    now: datetime | None = None,
) -> bool:
    """Renews the lease and tells how far the job is; False if somebody else has it now.

    An attempt that gets further than any before was not in vain: attempts are counted again from
    it.
    """
    return leases.renew(
        session,
        Job,
        job_id,
        owner=owner,
        lease_s=lease_s,
        now=now or database_now(session),
        progress=done,
        done=done,
        total=total,
    )


def finish_job(session: Session, job_id: int, owner: str, *, now: datetime | None = None) -> None:
    """Marks the job as done. Raises StoreError if the lease was lost."""
    finished = leases.change_owned(
        session,
        Job,
        job_id,
        owner=owner,
        state=JobState.DONE,
        problem=None,
        finished_at=now or database_now(session),
        lease_until=None,
    )
    if not finished:
        raise StoreError(
            f"job {job_id} is no longer owned by {owner}; it is left to the worker that took it "
            "over"
        )


def fail_job(
    session: Session, job_id: int, owner: str | None, problem: str, *, now: datetime | None = None
) -> bool:
    """Marks the job as failed with one sentence; False if it is not `owner`'s or is finished.

    owner: None gives up a job whoever has it.
    """
    values = {
        "state": JobState.FAILED,
        "problem": problem,
        "finished_at": now or database_now(session),
        "lease_until": None,
    }
    if owner is None:
        return leases.change_unfinished(session, Job, job_id, **values)
    return leases.change_owned(session, Job, job_id, owner=owner, **values)


def postpone_job(
    session: Session,
    job_id: int,
    owner: str,
    problem: str | None,
    *,
    delay_s: float,
    now: datetime | None = None,
) -> bool:
    """Puts the job off because something it needs is away; not counted as an attempt.

    False if it is not `owner`'s any more. Nobody takes it for `delay_s` seconds.
    """
    now = now or database_now(session)
    return leases.postpone(
        session, Job, job_id, owner=owner, delay_s=delay_s, now=now, problem=problem
    )


def stale_jobs(session: Session, *, now: datetime | None = None) -> list[int]:
    """Ids of jobs that nobody works on: queued, or their owner fell silent; oldest first."""
    return leases.free_ids(session, Job, now or database_now(session))


def get_job(session: Session, job_id: int) -> Job:
    """The job with its project. Raises StoreError if there is none."""
    job = session.scalar(select(Job).where(Job.id == job_id).options(joinedload(Job.project)))
    if job is None:
        raise StoreError(f"job {job_id} is not in the store")
    return job


def list_jobs(
    session: Session,
    project_id: int | None = None,
    *,
    kind: JobKind | None = None,
    limit: int = 100,
) -> Sequence[Job]:
    """The newest jobs of one project or of all, of one kind or of all, newest first, with their
    projects."""
    statement = select(Job).order_by(Job.id.desc()).limit(limit)
    if kind is not None:
        statement = statement.where(Job.kind == kind)
    if project_id is not None:
        statement = statement.where(Job.project_id == project_id)
    return session.scalars(statement.options(joinedload(Job.project))).all()
