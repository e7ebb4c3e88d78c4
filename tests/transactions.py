"""What a block of code costs a store: the transactions that it commits, and their statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, event

from hemline.store.database.engine import Store


@dataclass
class Counts:
    writes: int = 0
    reads: int = 0
    statements: int = 0


@contextmanager
def counted(store: Store) -> Iterator[Counts]:
    """Of an SQLite store."""
    counts = Counts()

    def on_commit(connection: Connection) -> None:
        if connection.get_execution_options().get("hemline_read_only"):
            counts.reads += 1
        else:
            counts.writes += 1

    def on_statement(*_: object) -> None:
        counts.statements += 1

    engine = store._engine
    event.listen(engine, "commit", on_commit)
    event.listen(engine, "after_cursor_execute", on_statement)
    try:
        yield counts
    finally:
        event.remove(engine, "commit", on_commit)
        event.remove(engine, "after_cursor_execute", on_statement)
