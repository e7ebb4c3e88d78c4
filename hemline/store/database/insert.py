"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hemline.store.database.columns import Base

StatementT = TypeVar("StatementT")


def insert_into(session: Session, table: type[Base], **values: Any) -> sqlite.Insert:
    """An insert of one row that knows `on_conflict_do_update` and `on_conflict_do_nothing`.

    Both databases' statements have the same methods, so the type names one of them for both.
    """
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).values(**values)  # type: ignore[return-value]
    return sqlite.insert(table).values(**values)


def table_of(table: type[Base]) -> Table:
    """For statements that change rows past the session: its objects stay as they are."""
    own = table.__table__
    assert isinstance(own, Table)
    return own


def built_once(
    build: Callable[[Callable[[type[Base]], sqlite.Insert]], StatementT],
) -> Callable[[Session], StatementT]:
    """A statement that is built once for each kind of database, and executed with its parameters.

    Building one takes SQLAlchemy about as long as executing it, which counts where something is
    done a hundred times a second.

    build: is given what begins an insert into a table; the columns that get plain values are not
        named in it but passed to `execute`. What it inserts are no objects of the session.
    """

    @cache
    def built(name: str) -> StatementT:
        insert: Any = postgresql.insert if name == "postgresql" else sqlite.insert
        return build(lambda table: insert(table_of(table)))

    return lambda session: built(session.get_bind().dialect.name)
