"""What time it is: the database's time, which all machines that work on it share."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from hemline.store.database.columns import UtcDateTime, utcnow


def database_now(session: Session) -> datetime:
    """The time by the database's clock. SQLite's is the clock of this machine."""
    if session.get_bind().dialect.name != "postgresql":
        return utcnow()
    now = session.scalar(select(func.clock_timestamp()))
    assert isinstance(now, datetime)
    return now


class DatabaseTime(FunctionElement[datetime]):
    """The same within a statement, where there is no session at hand."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(DatabaseTime, "postgresql")
def _postgresql(element: DatabaseTime, compiler: Any, **_: Any) -> str:
    return "clock_timestamp()"


@compiles(DatabaseTime, "sqlite")
def _sqlite(element: DatabaseTime, compiler: Any, **_: Any) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
