"""What is running in a project now, and what in it waits for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from hemline.store.database.clock import database_now
from hemline.store.loop.tasks import count_marked_tasks, list_task_problems
from hemline.store.states import DeliveryState, JobState, RunState
from hemline.store.tables.loop import Job, Task, TrainingRun, WebhookDelivery

_FRESH = timedelta(days=7)  # how long a failure is told


@dataclass(frozen=True, slots=True)
class Running:
    """Trainings and jobs that are queued or running, oldest first."""

    runs: Sequence[TrainingRun]
    jobs: Sequence[Job]


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Tasks of a project, 0 and more."""

    total: int
    labelled: int
    problems: int  # tasks that carry a mark, or have an annotation that does
    problem: str | None  # one of the marks


@dataclass(frozen=True, slots=True)
class Failures:
    """What failed within a week and was not done by a later try."""

    run: TrainingRun | None  # the last training, if it failed
    jobs: Sequence[Job]
    deliveries: int  # webhooks that were given up


def running(session: Session, project_id: int) -> Running:
    runs = session.scalars(
        select(TrainingRun)
        .where(
            TrainingRun.project_id == project_id,
            TrainingRun.state.in_([RunState.QUEUED, RunState.RUNNING]),
        )
        .order_by(TrainingRun.id)
    ).all()
    jobs = session.scalars(
        select(Job)
        .where(Job.project_id == project_id, Job.state.in_([JobState.QUEUED, JobState.RUNNING]))
        .order_by(Job.id)
    ).all()
    return Running(runs, jobs)


def count_tasks(session: Session, project_id: int) -> TaskCounts:
    counts = {
        bool(is_labeled): number
        for is_labeled, number in session.execute(
            select(Task.is_labeled, func.count())
            .where(Task.project_id == project_id)
            .group_by(Task.is_labeled)
        )
    }
    problems = count_marked_tasks(session, project_id)
    problem = list_task_problems(session, project_id, limit=1)[0].problem if problems else None
    return TaskCounts(sum(counts.values()), counts.get(True, 0), problems, problem)


def failures(session: Session, project_id: int, ls_project_id: int) -> Failures:
    since = database_now(session) - _FRESH
    last = session.scalar(
        select(TrainingRun)
        .where(TrainingRun.project_id == project_id)
        .order_by(TrainingRun.id.desc())
        .limit(1)
        .options(joinedload(TrainingRun.snapshot))
    )
    jobs = session.scalars(
        select(Job)
        .where(Job.project_id == project_id, Job.state == JobState.FAILED, Job.finished_at >= since)
        .order_by(Job.id.desc())
        .limit(3)
    ).all()
    deliveries = session.scalar(
        select(func.count())
        .select_from(WebhookDelivery)
        .where(
            WebhookDelivery.ls_project_id == ls_project_id,
            WebhookDelivery.state == DeliveryState.FAILED,
            WebhookDelivery.received_at >= since,
        )
    )
    failed = last if last is not None and last.state == RunState.FAILED else None
    return Failures(failed, jobs, deliveries or 0)
