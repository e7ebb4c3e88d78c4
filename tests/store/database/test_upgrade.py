"""An upgrade while processes of the version before still work: their statements go on to work.

They know the tables as they were. So rows are written into an older schema, the migrations run
beside a process that reads and writes them as of old, and then each statement of old is tried.
"""

import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    insert,
    inspect,
    select,
    update,
)

from hemline.store.database import schema
from hemline.store.database.engine import Store

OLD = ("0011", "0016", "0019")
Row = dict[str, Any]
Schema = tuple[MetaData, dict[str, dict[str, list[str]]]]


@pytest.fixture
def store(empty_url: str) -> Iterator[Store]:
    store = Store(empty_url)
    yield store
    store.dispose()


@pytest.fixture
def engine(store: Store) -> Engine:
    return store._engine


def old_schema(engine: Engine) -> Schema:
    """The tables as an older version knows them, and which words it writes into which column."""
    metadata = MetaData()
    metadata.reflect(engine)
    metadata.remove(metadata.tables["alembic_version"])
    inspector = inspect(engine)
    words: dict[str, dict[str, list[str]]] = {}
    for table in metadata.tables:
        for check in inspector.get_check_constraints(table):
            column, allowed = re.split(r"\s+IN\s+|::text = ANY", check["sqltext"], maxsplit=1)
            name = re.sub(r"\W|character varying|text$", "", column.replace("::text", ""))
            words.setdefault(table, {})[name] = re.findall(r"'([^']+)'", allowed)
    return metadata, words


_numbers = count(1)


def value(column: Column[Any], words: list[str]) -> Any:
    """Something that fits into the column, and is in no other row."""
    number = next(_numbers)
    if words:
        return words[number % len(words)]
    if isinstance(column.type, Boolean):
        return bool(number % 2)
    if isinstance(column.type, JSON):
        return [number] if column.name in ("labels", "regions") else {"n": number}
    if isinstance(column.type, DateTime):
        return datetime(2026, 3, 1, tzinfo=UTC)
    if isinstance(column.type, Integer):
        return number
    if isinstance(column.type, Float):
        return 0.5
    if isinstance(column.type, LargeBinary):
        return b"x"
    assert isinstance(column.type, String), column
    return f"{number:08d}"


def write_one(connection: Any, old: Schema, table: Table, rows: dict[str, Row]) -> Row:
    """Inserts a row with all that the old version knows; the rows it points to are in `rows`."""
    _, words = old
    row = {}
    for column in table.c:
        if column.foreign_keys:
            target = next(iter(column.foreign_keys)).column
            pointed = rows.get(target.table.name) if target.table is not table else None
            row[column.name] = pointed[target.name] if pointed else None
        else:
            row[column.name] = value(column, words.get(table.name, {}).get(column.name, []))
    connection.execute(insert(table).values(row))
    return row


def write_all(engine: Engine, old: Schema) -> dict[str, Row]:
    """A row in each table."""
    rows: dict[str, Row] = {}
    with engine.begin() as connection:
        for table in old[0].sorted_tables:
            rows[table.name] = write_one(connection, old, table, rows)
    return rows


def read_all(engine: Engine, old: Schema) -> dict[str, list[Row]]:
    """All rows with the columns that the old version asks for."""
    with engine.begin() as connection:
        return {
            table.name: [
                dict(row)
                for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in old[0].sorted_tables
        }


class OldProcess:
    """Writes and reads as of old, again and again, until it is told to end."""

    def __init__(self, engine: Engine, old: Schema) -> None:
        self.rounds = 0
        self.faults: list[Exception] = []
        self._engine, self._old = engine, old
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> "OldProcess":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._end.is_set():
            try:
                write_all(self._engine, self._old)
                read_all(self._engine, self._old)
            except Exception as error:
                self.faults.append(error)
            self.rounds += 1

    def work_on(self, rounds: int) -> None:
        until, patience = self.rounds + rounds, time.monotonic() + 120
        while self.rounds < until:
            assert time.monotonic() < patience
            self._end.wait(0.01)


@pytest.mark.parametrize("revision", OLD)
def test_what_an_older_version_does_goes_on_to_work(
    empty_url: str, store: Store, engine: Engine, revision: str
) -> None:
    schema.upgrade(engine, revision)
    old = old_schema(engine)
    assert len(old[0].tables) > 15
    assert sum(map(len, old[1].values())) > 5
    write_all(engine, old)
    before = read_all(engine, old)
    other = Store(empty_url)  # another process, with connections of its own
    with OldProcess(other._engine, old) as process:
        process.work_on(2)
        store.upgrade()
        process.work_on(2)
    other.dispose()
    store.check_schema()
    assert process.faults == []

    after = read_all(engine, old)
    for name, rows in before.items():
        assert [row for row in after[name] if row in rows] == rows, name
        assert len(after[name]) == len(rows) + process.rounds, name

    written = write_all(engine, old)
    with engine.begin() as connection:
        for table in reversed(old[0].sorted_tables):
            row = written[table.name]
            this = [column == row[column.name] for column in table.primary_key]
            changed = {
                column.name: row[column.name]
                for column in table.c
                if not column.primary_key and not column.foreign_keys
            }
            for name, allowed in old[1].get(table.name, {}).items():
                if name not in changed:
                    continue
                for word in allowed:  # all that it ever writes is still allowed
                    connection.execute(update(table).where(*this).values({name: word}))
            if changed:
                connection.execute(update(table).where(*this).values(changed))
            assert connection.execute(delete(table).where(*this)).rowcount == 1, table.name
