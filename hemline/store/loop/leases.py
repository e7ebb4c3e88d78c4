"""Leases: work that one process owns for a while, and another takes over when it falls silent.

Time is the database's. A clock can be put forward and back all the same, so a lease says not only
until when it is good but from when: one that was taken more than its own length ahead has lapsed.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select, update
from sqlalchemy.orm import Session

from hemline.store.states import JobState, RunState
from hemline.store.tables.loop import Job, TrainingRun

Leased = type[TrainingRun] | type[Job]

# How long a row rests that nobody finished, by how often that happened in a row: 2 times and more.
_RESTS_S = (10.0, 60.0, 300.0, 900.0)


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
        .where(table.id == row_id, is_free(table, now))
        .values(
            state=_running(table),
            attempts=table.attempts + 1,
            lease_owner=owner,
            **_lease(lease_s, now),
            **values,
        )
    )
    return session.scalar(statement.returning(table.id)) is not None


def renew(
    session: Session,
    table: Leased,
    row_id: int,
    *,
    owner: str,
    lease_s: float,
    now: datetime,
    progress: int,
    **values: Any,
) -> bool:
    """Renews the lease and sets `values`; False if somebody else has the row now.

    progress: how far the work is. An attempt that got further than any before was not in vain:
    attempts are counted again from it.
    """
    further = table.reached < progress
    return change_owned(
        session,
        table,
        row_id,
        owner=owner,
        attempts=case((further, 1), else_=table.attempts),
        reached=case((further, progress), else_=table.reached),
        **_lease(lease_s, now),
        **values,
    )


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
    delay_s: float,
    now: datetime,
    problem: str | None,
) -> bool:
    """Lets go of the row so that nobody takes it for `delay_s`, and takes the attempt back.

    False if it is not `owner`'s any more. `problem` says what it waits for.
    """
    return change_owned(
        session,
        table,
        row_id,
        owner=owner,
        attempts=table.attempts - 1,
        problem=problem,
        **_lease(delay_s, now),
    )


def change_unfinished(session: Session, table: Leased, row_id: int, **values: Any) -> bool:
    """Sets `values` whoever has the row; False if it is finished."""
    unfinished = table.state.in_([_queued(table), _running(table)])
    statement = update(table).where(table.id == row_id, unfinished).values(**values)
    return session.scalar(statement.returning(table.id)) is not None


def free_ids(session: Session, table: Leased, now: datetime) -> list[int]:
    """Rows that nobody works on: queued, or running under a lease that lapsed; oldest first."""
    statement = select(table.id).where(is_free(table, now)).order_by(table.id)
    return list(session.scalars(statement).all())


def is_free(table: Leased, now: datetime) -> ColumnElement[bool]:
    """Rows that nobody works on. One that its owners died at again and again rests in between."""
    rested = case(
        *((table.attempts == number, _before(now, rest)) for number, rest in _rests()),
        (table.attempts > len(_RESTS_S) + 1, _before(now, _RESTS_S[-1])),
        else_=now,
    )
    lapsed = or_(table.lease_until < rested, table.lease_from > now)
    return or_(table.state == _queued(table), and_(table.state == _running(table), lapsed))


def _rests() -> list[tuple[int, float]]:
    return list(enumerate(_RESTS_S, start=2))


def _before(now: datetime, seconds: float) -> datetime:
    return now - timedelta(seconds=seconds)


def _lease(length_s: float, now: datetime) -> dict[str, Any]:
    length = timedelta(seconds=length_s)
    return {"lease_from": now - length, "lease_until": now + length}


def _queued(table: Leased) -> RunState | JobState:
    return RunState.QUEUED if table is TrainingRun else JobState.QUEUED


def _running(table: Leased) -> RunState | JobState:
    return RunState.RUNNING if table is TrainingRun else JobState.RUNNING
