"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hemline.store.database.columns import Base


def insert_into(session: Session, table: type[Base], **values: Any) -> sqlite.Insert:
    """An insert of one row that knows `on_conflict_do_update` and `on_conflict_do_nothing`.

    Both databases' statements have the same methods, so the type names one of them for both.
    """
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).values(**values)  # type: ignore[return-value]
    return sqlite.insert(table).values(**values)
