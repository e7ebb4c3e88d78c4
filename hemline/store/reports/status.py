"""What is running in a project now, and what in it waits for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from hemline.store.database.clock import database_now
from hemline.store.loop.tasks import count_marked_tasks, list_task_problems
from hemline.store.states import DeliveryState, JobKind, JobState, RunState
from hemline.store.tables.loop import Job, Prediction, Task, TrainingRun, WebhookDelivery

_FRESH = timedelta(days=7)  # how long a failure is told
_LAST = 120  # predictions that say how fast a pool goes, if they are not older than this
_AGO = timedelta(minutes=2)
_HOURS_FROM = 120  # minutes


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a pool is predicted: photos a second in the last minutes, and seconds that are left
    at that."""

    per_second: float
    left_s: float

    @property
    def in_words(self) -> str:
        """As in "4.1 photos a second, 12 min left".

        >>> Pace(4.12, 730.0).in_words
        '4.1 photos a second, 12 min left'
        >>> Pace(0.5, 20.0).in_words
        '0.5 photos a second, under 1 min left'
        """
        minutes = self.left_s / 60
        left = "under 1 min" if minutes < 1 else f"{minutes:.0f} min"
        if minutes >= _HOURS_FROM:
            left = f"{minutes / 60:.1f} h"
        return f"{self.per_second:.1f} photos a second, {left} left"


@dataclass(frozen=True, slots=True)
class Running:
    """Trainings and jobs that are queued or running, oldest first. `paces`: of pools that are
    being predicted, by their job's id."""

    runs: Sequence[TrainingRun]
    jobs: Sequence[Job]
    paces: dict[int, Pace]


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
    return Running(runs, jobs, pool_paces(session, jobs))


def pool_paces(session: Session, jobs: Sequence[Job]) -> dict[int, Pace]:
    """Those of the jobs that predict a pool now and have stored something within two minutes, by
    their ids, with their pace."""
    paces = {}
    for job in jobs:
        if job.kind is JobKind.PREDICT_POOL and job.state is JobState.RUNNING:
            per_second = _photos_a_second(session, job.project_id)
            if per_second:
                paces[job.id] = Pace(per_second, max(0, job.total - job.done) / per_second)
    return paces


def _photos_a_second(session: Session, project_id: int) -> float | None:
    """By the newest predictions of a project; None where they are too few or too old to tell."""
    moments = session.scalars(
        select(Prediction.created_at)
        .join(Task, Task.id == Prediction.task_id)
        .where(Task.project_id == project_id)
        .order_by(Prediction.id.desc())
        .limit(_LAST)
    ).all()
    since = database_now(session) - _AGO
    recent = [moment for moment in moments if moment > since]
    if not recent:
        return None
    # Several are stored in one moment: those of the oldest one were made before it.
    made = sum(moment > min(recent) for moment in recent)
    span_s = (max(recent) - min(recent)).total_seconds()
    return made / span_s if made and span_s > 0 else None


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
