"""Dates that lie ahead, because a clock was put forward and back, are brought back to now.

What is counted or awaited from them (corrections since a training, the next training by time, a
login) would otherwise wait until that date has come.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from hemline.store.database.clock import database_now
from hemline.store.tables.loop import Annotation, Job, Project, TaskProblem, TrainingRun
from hemline.store.tables.review import Person
from hemline.store.tables.shadows import Shadow

_APART = timedelta(minutes=1)  # clocks of machines that share a server are not quite the same
_LONGEST_WAIT = timedelta(hours=7)  # a marked task is tried again within six

# Each with how far ahead its date may lie.
_DATES: tuple[
    tuple[InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None], timedelta], ...
] = (
    (TrainingRun.created_at, _APART),
    (TrainingRun.finished_at, _APART),
    (Job.created_at, _APART),
    (Annotation.changed_at, _APART),
    (Shadow.began_at, _APART),
    (Project.created_at, _APART),
    (Project.ranked_at, _APART),
    (Project.reconciled_until, _APART),
    (Person.logins_valid_from, _APART),
    (TaskProblem.try_at, _LONGEST_WAIT),
)


def dates_lie_ahead(session: Session, *, now: datetime | None = None) -> bool:
    """Whether `bring_dates_back` has something to do."""
    now = now or database_now(session)
    return any(
        session.scalar(select(exists().where(date > now + allowed))) for date, allowed in _DATES
    )


def bring_dates_back(session: Session, *, now: datetime | None = None) -> int:
    """Sets dates that lie ahead to now; returns how many."""
    now = now or database_now(session)
    changed = 0
    for date, allowed in _DATES:
        statement = update(date.class_).where(date > now + allowed).values({date: now})
        changed += session.execute(statement).rowcount  # type: ignore[attr-defined]
    return changed
