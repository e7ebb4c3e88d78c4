"""All rows of one database into another, table by table, SQLite or PostgreSQL on either side."""

from collections.abc import Callable, Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Insert,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from hemline.store import tables
from hemline.store.database.columns import Base

for _module in iter_modules(tables.__path__):
    import_module(f"{tables.__name__}.{_module.name}")  # which puts its tables into the metadata
TABLES = Base.metadata.sorted_tables

_AT_ONCE = 2_000  # rows in memory


def copy_rows(
    source: Session, target: Session, on_rows: Callable[[int], None] = lambda _: None
) -> dict[str, int]:
    """Copies every row with its ids, times and JSON as they are; returns how many, by table.

    Both have the schema of this Hemline; the target's tables are empty. What is read is of one
    moment if `source` is of `Store.reading`. `on_rows` is called with the number of each few rows.
    """
    counts = {}
    for table in TABLES:
        counts[table.name] = 0
        statement = select(*(_read(column) for column in table.c)).order_by(*table.primary_key)
        rows = source.execute(statement, execution_options={"yield_per": _AT_ONCE})
        for part in rows.mappings().partitions():
            target.connection().execute(_insert(table, target), [dict(row) for row in part])
            counts[table.name] += len(part)
            on_rows(len(part))
    _go_on_counting(target)
    return counts


def count_rows(session: Session) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: session.scalars(select(func.count()).select_from(table)).one()
        for table in TABLES
    }


def count_rows_of(session: Session, names: Iterable[str]) -> dict[str, int]:
    """The same of tables by name, which may be another schema's; of missing ones nothing."""
    there = set(session.connection().dialect.get_table_names(session.connection()))
    return {
        name: session.scalars(text(f'SELECT count(*) FROM "{name}"')).one()
        for name in names
        if name in there
    }


def hold_tables(session: Session) -> None:
    """Keeps others from writing until the unit of work ends. On SQLite it does that by itself."""
    if session.get_bind().dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in TABLES)
        session.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))


def _read(column: Column[Any]) -> ColumnElement[Any]:
    """JSON is copied as its text: read as a value, the JSON `null` could not be told from NULL."""
    return cast(column, Text).label(column.key) if isinstance(column.type, JSON) else column


def _insert(table: Table, target: Session) -> Insert:
    is_postgresql = target.get_bind().dialect.name == "postgresql"
    values: dict[str, ColumnElement[Any]] = {}
    for column in table.c:
        if isinstance(column.type, JSON):
            json = bindparam(column.key, type_=Text)
            values[column.key] = cast(json, JSONB) if is_postgresql else json
        else:
            values[column.key] = bindparam(column.key, type_=column.type)
    return insert(table).values(values)


def _go_on_counting(session: Session) -> None:
    """PostgreSQL counts ids by itself, and knows nothing of those that came with the rows."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for table in TABLES:
        column = table.autoincrement_column
        if column is not None:
            highest = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            session.execute(select(func.setval(sequence, highest, False)))
