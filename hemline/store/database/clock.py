"""What time it is: the database's time, which all machines that work on it share."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
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
    """The same within a statement; the default of each column that says when something was."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(DatabaseTime, "postgresql")
def _postgresql(element: DatabaseTime, compiler: Any, **_: Any) -> str:
    return "clock_timestamp()"


@compiles(DatabaseTime, "sqlite")
def _sqlite(element: DatabaseTime, compiler: Any, **options: Any) -> str:
    """The clock of this machine when the statement runs, as `database_now` has it: SQLite's own
    tells milliseconds, and a date of this kind would lie before one of the other a moment ago."""
    now = bindparam("now", callable_=_here, type_=element.type, unique=True)
    return str(compiler.process(now, **options))


def _here() -> datetime:
    return utcnow()
