"""The schedule's ticks: of several that waited for a worker, one is worked on."""

from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlalchemy.orm import Session

from hemline.store.database.clock import database_now
from hemline.store.database.insert import insert_into
from hemline.store.tables.hosts import ScheduleTick


def take_tick(session: Session, name: str, every_s: float, *, now: datetime | None = None) -> bool:
    """Whether the work of that name is to be begun now; False if it was within half of `every_s`.

    Ticks tell nothing of when they were sent, since hosts' clocks differ. True for one of those who
    ask at once.
    """
    moment = now or database_now(session)
    every = timedelta(seconds=every_s)
    statement = insert_into(session, ScheduleTick, name=name, begun_at=moment)
    statement = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"begun_at": statement.excluded.begun_at},
        # A little later than now: by one who was let in first. Much later: a clock was put back.
        where=or_(
            ScheduleTick.begun_at <= moment - every / 2, ScheduleTick.begun_at > moment + every
        ),
    )
    return session.scalar(statement.returning(ScheduleTick.name)) is not None
