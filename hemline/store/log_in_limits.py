"""How often somebody may try to log in: counted before the password is checked, and kept."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, delete, or_, select, update
from sqlalchemy.orm import Session

from hemline.store.database.clock import database_now
from hemline.store.database.insert import insert_into
from hemline.store.people import record_event
from hemline.store.tables.review import AuditEvent, LogInCount

WINDOW = timedelta(minutes=15)
PER_NAME = 10  # attempts at one name from one address in a window
PER_ADDRESS = 50  # attempts from one address, whatever the names
FAILED = "log in failed"
_ANY_NAME = ""
_COUNTS_KEPT = 10_000
_FAILURES_KEPT = 10_000
_NOW = timedelta(0)


def take_attempt(
    session: Session, name: str, address: str, *, now: datetime | None = None
) -> timedelta:
    """Counts an attempt to log in. Returns zero if it may be made, or else how long to wait.

    Commit before checking the password: of many attempts at once no more are checked than are
    allowed. A name is counted for each address by itself, so wrong guesses from one address keep
    nobody out at another. An attempt that has to wait is not counted.
    """
    moment = now or database_now(session)
    limits = [(name, PER_NAME)] if name != _ANY_NAME else []
    counts = session.begin_nested()
    for counted, limit in [*limits, (_ANY_NAME, PER_ADDRESS)]:
        if not _count(session, counted, address, limit, moment):
            counts.rollback()
            return _wait(session, counted, address, moment)
    counts.commit()
    return _NOW


def attempt_succeeded(session: Session, name: str, address: str) -> None:
    """Forgets the attempts at this name from this address, and takes this one off the address."""
    if name != _ANY_NAME:
        session.execute(delete(LogInCount).where(_is(name, address)))
    session.execute(
        update(LogInCount)
        .where(_is(_ANY_NAME, address), LogInCount.attempts > 0)
        .values(attempts=LogInCount.attempts - 1)
    )


def attempt_failed(
    session: Session, name: str, address: str, *, now: datetime | None = None
) -> None:
    """Writes an audit event, and forgets what is old."""
    record_event(session, name, FAILED, details={"address": address})
    tidy_log_ins(session, now=now)


def tidy_log_ins(session: Session, *, now: datetime | None = None) -> None:
    """Deletes counts whose window has passed, and all but the newest 10,000 counts and failures.

    Rows that another transaction is changing are left to the next call.
    """
    counts = select(LogInCount.id)
    newest = counts.order_by(LogInCount.began_at.desc(), LogInCount.id.desc())
    _delete(session, LogInCount, counts.where(_is_over(now or database_now(session))))
    surplus = newest.offset(_COUNTS_KEPT).limit(_COUNTS_KEPT)
    _delete(session, LogInCount, surplus)
    failures = select(AuditEvent.id).where(AuditEvent.action == FAILED)
    surplus = failures.order_by(AuditEvent.id.desc()).offset(_FAILURES_KEPT).limit(_FAILURES_KEPT)
    _delete(session, AuditEvent, surplus)


def _count(session: Session, name: str, address: str, limit: int, now: datetime) -> bool:
    """Counts one more in a single statement; False: the limit is reached and nothing changed."""
    over = _is_over(now)
    statement = insert_into(
        session, LogInCount, name=name, address=address, attempts=1, began_at=now
    )
    statement = statement.on_conflict_do_update(
        index_elements=["name", "address"],
        set_={
            "attempts": case((over, 1), else_=LogInCount.attempts + 1),
            "began_at": case((over, statement.excluded.began_at), else_=LogInCount.began_at),
        },
        where=or_(over, LogInCount.attempts < limit),
    )
    return session.scalar(statement.returning(LogInCount.id)) is not None


def _wait(session: Session, name: str, address: str, now: datetime) -> timedelta:
    """Until the window ends: at least a second."""
    began = session.scalar(select(LogInCount.began_at).where(_is(name, address)))
    return max(timedelta(seconds=1), began + WINDOW - now if began is not None else _NOW)


def _is(name: str, address: str) -> ColumnElement[bool]:
    return and_(LogInCount.name == name, LogInCount.address == address)


def _is_over(now: datetime) -> ColumnElement[bool]:
    """Whether a window has passed; or lies so far ahead that the clock was wrong when it began."""
    return or_(LogInCount.began_at <= now - WINDOW, LogInCount.began_at > now + WINDOW)


def _delete(session: Session, table: type[LogInCount] | type[AuditEvent], ids: Select[int]) -> None:
    chosen = session.scalars(ids.with_for_update(skip_locked=True)).all()
    if chosen:
        session.execute(delete(table).where(table.id.in_(chosen)))
