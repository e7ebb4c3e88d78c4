"""Leases: work that one process owns for a while, and another takes over when it falls silent."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from hemline.store.states import JobState, RunState
from hemline.store.tables.loop import Job, TrainingRun

Leased = type[TrainingRun] | type[Job]


def acquire(
    session: Session,
    table: Leased,
    row_id: int,
    *,
    owner: str,
    lease_s: float,
    now: datetime,
    **values: Any,
) -> bool:
    """Takes the row if nobody has it; True for exactly one of those who try at once.

    Each take counts as an attempt. `values` are set along with it.
    """
    statement = (
        update(table)
        .where(table.id == row_id, _is_free(table, now))
        .values(
            state=_running(table),
            attempts=table.attempts + 1,
            lease_owner=owner,
            lease_until=now + timedelta(seconds=lease_s),
            **values,
        )
    )
    return session.scalar(statement.returning(table.id)) is not None


def change_owned(
    session: Session, table: Leased, row_id: int, *, owner: str, **values: Any
) -> bool:
    """Sets `values` if `owner` has the row; False if it does not, or no longer.

    A lease that lapsed is still its owner's as long as nobody else took it.
    """
    statement = (
        update(table)
        .where(table.id == row_id, table.lease_owner == owner, table.state == _running(table))
        .values(**values)
    )
    return session.scalar(statement.returning(table.id)) is not None


def postpone(
    session: Session,
    table: Leased,
    row_id: int,
    *,
    owner: str,
    until: datetime,
    problem: str,
) -> bool:
    """Lets go of the row so that nobody takes it before `until`, and takes the attempt back.

    False if it is not `owner`'s any more. `problem` says what it waits for.
    """
    return change_owned(
        session,
        table,
        row_id,
        owner=owner,
        lease_until=until,
        attempts=table.attempts - 1,
        problem=problem,
    )


def change_unfinished(session: Session, table: Leased, row_id: int, **values: Any) -> bool:
    """Sets `values` whoever has the row; False if it is finished."""
    unfinished = table.state.in_([_queued(table), _running(table)])
    statement = update(table).where(table.id == row_id, unfinished).values(**values)
    return session.scalar(statement.returning(table.id)) is not None


def free_ids(session: Session, table: Leased, now: datetime) -> list[int]:
    """Rows that nobody works on: queued, or running under a lease that lapsed; oldest first."""
    statement = select(table.id).where(_is_free(table, now)).order_by(table.id)
    return list(session.scalars(statement).all())


def _is_free(table: Leased, now: datetime) -> ColumnElement[bool]:
    lapsed = and_(table.state == _running(table), table.lease_until < now)
    return or_(table.state == _queued(table), lapsed)


def _queued(table: Leased) -> RunState | JobState:
    return RunState.QUEUED if table is TrainingRun else JobState.QUEUED


def _running(table: Leased) -> RunState | JobState:
    return RunState.RUNNING if table is TrainingRun else JobState.RUNNING
