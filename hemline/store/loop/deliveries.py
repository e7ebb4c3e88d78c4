"""Webhook deliveries: stored once before they are answered, worked on until done."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, exists, func, select, update
from sqlalchemy.orm import Session

from hemline.store.database.clock import DatabaseTime, database_now
from hemline.store.database.columns import Json
from hemline.store.database.insert import built_once, table_of
from hemline.store.states import DeliveryState
from hemline.store.tables.loop import WebhookDelivery


def record_deliveries(session: Session, deliveries: Sequence[Json]) -> dict[str, int]:
    """Stores what is new of deliveries in one statement; the ids of the new ones by their digests.

    deliveries: each with "digest", "action", "ls_project_id" and "payload".
    """
    rows = session.execute(_record(session), deliveries)
    return {row.digest: row.id for row in rows}


def next_deliveries(
    session: Session,
    limit: int,
    max_attempts: int,
    *,
    window_s: float = 60.0,
    now: datetime | None = None,
) -> list[WebhookDelivery]:
    """Takes the oldest deliveries to work on: those never begun, or one that was begun in vain.

    Commit, and call `begin_delivery` for each before working on it. Nobody else is given them for
    `window_s` seconds. One that was begun may have killed its worker, so it is taken alone and
    after all others; begun `max_attempts` times in vain, it is failed.
    """
    now = now or database_now(session)
    untaken = _untaken(now, window_s)
    _give_up(session, max_attempts, untaken)
    never_begun = _take(session, untaken & (WebhookDelivery.attempts == 0), limit, now)
    return never_begun or _take(session, untaken, 1, now)


def any_to_take(session: Session, *, window_s: float = 60.0) -> bool:
    """Whether `next_deliveries` has something to do; for one who must not wait for a writer."""
    return bool(session.scalar(select(exists().where(_untaken(database_now(session), window_s)))))


def more_to_take_than(session: Session, number: int, *, window_s: float = 60.0) -> bool:
    """Whether more deliveries than that are there for `next_deliveries`."""
    untaken = _untaken(database_now(session), window_s)
    beyond = select(WebhookDelivery.id).where(untaken).offset(number).limit(1)
    return session.scalar(beyond) is not None


def _untaken(now: datetime, window_s: float) -> ColumnElement[bool]:
    window = timedelta(seconds=window_s)
    # One that was taken so far ahead was taken before the clock was put back.
    return (WebhookDelivery.state == DeliveryState.NEW) & (
        WebhookDelivery.worked_at.is_(None)
        | ~WebhookDelivery.worked_at.between(now - window, now + window)
    )


def _take(
    session: Session, which: ColumnElement[bool], limit: int, now: datetime
) -> list[WebhookDelivery]:
    oldest = (
        select(WebhookDelivery.id)
        .where(which)
        .order_by(WebhookDelivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = session.scalars(
        update(WebhookDelivery)
        .where(WebhookDelivery.id.in_(session.scalars(oldest).all()))
        .values(worked_at=now)
        .returning(WebhookDelivery),
        execution_options={"populate_existing": True},
    ).all()
    return sorted(taken, key=lambda delivery: delivery.id)


def begin_delivery(
    session: Session, delivery: WebhookDelivery, *, now: datetime | None = None
) -> bool:
    """Counts an attempt, for the delivery that was taken. Commit before working on it, so that one
    that kills its worker is counted. False if somebody else has taken it since."""
    values = {"number": delivery.id, "taken_at": delivery.worked_at}
    begin = _BEGIN if now is None else _BEGIN.values(worked_at=now)
    begun = session.execute(begin, values).scalar_one_or_none()
    if begun is None:
        return False
    delivery.attempts = begun
    return True


def finish_delivery(session: Session, delivery_id: int, *, now: datetime | None = None) -> None:
    """Marks the delivery as done."""
    finish = _FINISH if now is None else _FINISH.values(worked_at=now)
    session.execute(finish, {"number": delivery_id})


def fail_delivery(session: Session, delivery_id: int, problem: str, final: bool) -> None:
    """Stores what went wrong, in one sentence; it is tried again unless that is `final`."""
    state = DeliveryState.FAILED if final else DeliveryState.NEW
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == delivery_id)
        .values(state=state, problem=problem)
    )


def postpone_delivery(session: Session, delivery_id: int, problem: str) -> None:
    """Like a failure that is not final, but not counted: what it needs is away."""
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == delivery_id, WebhookDelivery.attempts > 0)
        .values(attempts=WebhookDelivery.attempts - 1, problem=problem)
    )


def requeue_failed(session: Session) -> int:
    """Gives failed deliveries all their attempts again; returns how many."""
    statement = (
        update(WebhookDelivery)
        .where(WebhookDelivery.state == DeliveryState.FAILED)
        .values(state=DeliveryState.NEW, attempts=0, worked_at=None)
    )
    return len(session.scalars(statement.returning(WebhookDelivery.id)).all())


def count_by_state(session: Session) -> dict[DeliveryState, int]:
    """Number of deliveries in each state, zeros included."""
    rows = session.execute(
        select(WebhookDelivery.state, func.count()).group_by(WebhookDelivery.state)
    )
    return {**dict.fromkeys(DeliveryState, 0), **dict(rows.all())}


def list_failed(session: Session, *, limit: int = 100) -> Sequence[WebhookDelivery]:
    """The newest failed deliveries, newest first."""
    return session.scalars(
        select(WebhookDelivery)
        .where(WebhookDelivery.state == DeliveryState.FAILED)
        .order_by(WebhookDelivery.id.desc())
        .limit(limit)
    ).all()


def _give_up(session: Session, max_attempts: int, untaken: ColumnElement[bool]) -> None:
    died = (
        f"the worker's process died all {max_attempts} times it worked on this; correct or delete "
        "what it brings in Label Studio, or run `hemline deliveries --retry`"
    )
    session.execute(
        update(WebhookDelivery)
        .where(untaken, WebhookDelivery.attempts >= max_attempts)
        .values(state=DeliveryState.FAILED, problem=func.coalesce(WebhookDelivery.problem, died))
    )


_record = built_once(
    lambda insert: (
        insert(WebhookDelivery)
        .on_conflict_do_nothing(index_elements=["digest"])
        .returning(WebhookDelivery.digest, WebhookDelivery.id)
    )
)
_TABLE = table_of(WebhookDelivery)
_BEGIN = (
    update(_TABLE)
    .where(
        WebhookDelivery.id == bindparam("number"),
        WebhookDelivery.state == DeliveryState.NEW,
        WebhookDelivery.worked_at == bindparam("taken_at"),
    )
    .values(attempts=WebhookDelivery.attempts + 1, worked_at=DatabaseTime())
    .returning(WebhookDelivery.attempts)
)
_FINISH = (
    update(_TABLE)
    .where(WebhookDelivery.id == bindparam("number"))
    .values(state=DeliveryState.DONE, problem=None, worked_at=DatabaseTime())
)
