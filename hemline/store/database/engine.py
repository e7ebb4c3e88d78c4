"""The store's database: one object that opens units of work on SQLite or PostgreSQL."""

import os
import random
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from hemline.errors import StoreError
from hemline.files import PRIVATE_FILE, make_private, make_private_folder
from hemline.store.database.json_text import to_json
from hemline.store.database.revisions import check, is_newest
from hemline.store.database.statement_spans import record_slow_statements
from hemline.store.database.trouble import busy, unavailable
from hemline.telemetry.spans import span

SQLITE_BUSY_TIMEOUT_S = 10.0
_POLL_S = (0.0005, 0.003)  # between two tries to begin to write, at random
_POSTGRESQL_CONNECT_TIMEOUT_S = 10
_READ_ONLY = "hemline_read_only"
_WAIT_S = "hemline_wait_s"
# As other programs' settings have it: the server is the same whatever talks to it.
_POSTGRESQL_NAMES = frozenset(
    {"postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"}
)
_SQLITE_NAMES = frozenset({"sqlite", "sqlite+pysqlite"})
_EXAMPLES = "sqlite:////path/to/hemline.db or postgresql://user:password@host/name"


class Store:
    """One database. Threads may share it; a forked child gets connections of its own.

    url: SQLAlchemy URL, `sqlite:////path/to/hemline.db` or `postgresql://user:password@host/name`.
    The folder of an SQLite file is made if it is missing.
    Raises StoreError if the URL is not one of these.
    """

    def __init__(self, url: str) -> None:
        self._url = _parse(url)
        self._engine = _create_engine(self._url)
        self._turn = _writers_turn(self._url)
        self.trouble: str | None = None  # why the last unit of work could not be stored
        record_slow_statements(self._engine)
        self._reading_engine = self._engine.execution_options(**_read_only_options(self._url))
        _dispose_in_forked_children(self)

    @contextmanager
    def session(self, *, wait_s: float = SQLITE_BUSY_TIMEOUT_S) -> Iterator[Session]:
        """A unit of work: committed when the block ends, rolled back when it raises.

        Rows stay usable after the block. On SQLite the block holds the one write lock from its
        first statement on (others wait for it for `wait_s`), so keep network calls outside of it.

        Raises:
            StoreUnavailable: the database's disk is full, another process writes, or it is away.
        """
        engine = self._engine.execution_options(**{_WAIT_S: wait_s})
        with (
            span("store: write"),
            self._in_words(),
            self._writing(wait_s),
            Session(engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session
        self.trouble = None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A unit of work that only reads: it waits for no writer and a write in it fails.

        All it reads is of one moment, the moment of its first statement.

        Raises:
            StoreUnavailable: the database is away.
        """
        with (
            span("store: read"),
            self._in_words(),
            Session(self._reading_engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def upgrade(self) -> None:
        """Brings the schema to this version of Hemline; when two start at once, one waits.

        Raises StoreError if the database cannot be reached or is newer than this Hemline.
        """
        with self._reachable():
            if is_newest(self._engine):
                return
        from hemline.store.database.schema import (
            upgrade,  # Alembic is slow to import, and few need it
        )

        # Rebuilding a table on SQLite would delete the rows that point to it if keys were on,
        # and they cannot be switched off within a transaction.
        engine = _create_engine(self._url, foreign_keys=False, poolclass=NullPool)
        with self._reachable():
            upgrade(engine)

    def check_schema(self) -> None:
        """Raises StoreError if the schema is behind (naming `hemline migrate`) or ahead."""
        with self._reachable():
            check(self._engine)

    def dispose(self) -> None:
        """Closes the connections. The store may be used again afterwards."""
        self._engine.dispose()

    @property
    def is_file(self) -> bool:
        """Whether this is a file of this machine's, and not a server's database."""
        return self._url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path | None:
        """The file, where it is one."""
        return Path(self._url.database or "").absolute() if self.is_file else None

    @property
    def name(self) -> str:
        """The URL without its password, for messages."""
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def _writing(self, wait_s: float) -> Iterator[None]:
        """The turn of this process's writers, waited for no longer than the lock itself."""
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=wait_s):
            raise busy(self.name)
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            reason = unavailable(error, self.name)
            if reason is None:
                raise
            if reason.is_full:
                self.trouble = str(reason)
            raise reason from error

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "?"
            raise StoreError(
                f"database {self.name} cannot be used ({reason}); check DATABASE_URL and that the "
                "server runs"
            ) from error


def prepare_database(url: str) -> None:
    """Makes a database ready for a process that is about to serve from it.

    One's own SQLite file is brought up to date at once; a server's database is checked only, for it
    is not altered by whoever starts first.

    Raises StoreError if the database cannot be used, or `hemline migrate` has to be run first.
    """
    store = Store(url)
    try:
        if store.is_file:
            store.upgrade()
        else:
            store.check_schema()
    finally:
        store.dispose()


def open_store(url: str) -> Store:
    """The store of a command, which runs beside the processes that keep the schema up to date.

    Makes no database. Raises StoreError if there is none, it cannot be reached, or its schema is
    another Hemline's.
    """
    known = _parse(url)
    if known.drivername in _SQLITE_NAMES and not Path(known.database or "").exists():
        raise StoreError(f"there is no database {known.database} yet; run `hemline migrate`")
    store = Store(url)
    try:
        store.check_schema()
    except BaseException:
        store.dispose()
        raise
    return store


def _parse(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise StoreError(f"DATABASE_URL is not a database URL; write it as {_EXAMPLES}") from error
    if url.drivername in _POSTGRESQL_NAMES:
        url = url.set(drivername="postgresql+psycopg")
    elif url.drivername not in _SQLITE_NAMES:
        raise StoreError(
            f"database {url.render_as_string(hide_password=True)} is of a kind that Hemline does "
            f"not support; use {_EXAMPLES}"
        )
    elif "?" in text:
        raise StoreError(
            f"database {text} contains a question mark, but SQLite takes no options here; if it "
            "is part of the path, write it as %3F"
        )
    if url.drivername in _SQLITE_NAMES and url.database in {None, "", ":memory:"}:
        raise StoreError(
            f"database {text} lives in memory, where other processes cannot see it; name a file: "
            "sqlite:////path/to/hemline.db"
        )
    return url


def _create_engine(url: URL, *, foreign_keys: bool = True, **options: Any) -> Engine:
    options["json_serializer"] = to_json
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url,
            pool_pre_ping="poolclass" not in options,
            # A database in SQL_ASCII would otherwise give bytes where text is expected.
            connect_args={
                "connect_timeout": _POSTGRESQL_CONNECT_TIMEOUT_S,
                "client_encoding": "utf8",
            },
            **options,
        )
    _make_private_file(Path(url.database or "").absolute())
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_S}, **options)
    _set_up_sqlite(engine, foreign_keys=foreign_keys)
    return engine


def _make_private_file(path: Path) -> None:
    """Makes the database's file, which holds people's names and password hashes, for its owner
    alone; SQLite gives the files beside it the same mode."""
    try:
        if not path.parent.exists():
            make_private_folder(path.parent)
        path.touch(PRIVATE_FILE)
    except OSError as error:
        raise StoreError(
            f"'{error.filename}' of the database cannot be created ({error.strerror}); set "
            "HEMLINE_HOME or DATABASE_URL to a place that can be written"
        ) from error
    for ending in ("", "-wal", "-shm"):
        make_private(path.with_name(path.name + ending), PRIVATE_FILE)


def _writers_turn(url: URL) -> "RLock | None":
    """What the writers of one process hold: on SQLite a lock, so that they wait in turn.

    SQLite itself lets them sleep and try again, whoever is lucky: of four threads that write all
    the time, one in a hundred transactions waits for over a second, and under 0.1 s with the lock.
    """
    return RLock() if url.get_backend_name() == "sqlite" else None


def _read_only_options(url: URL) -> dict[str, Any]:
    """What is read in one transaction is of one moment, as on SQLite by itself."""
    if url.get_backend_name() == "postgresql":
        return {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
    return {_READ_ONLY: True}


def _set_up_sqlite(engine: Engine, *, foreign_keys: bool) -> None:
    """Readers beside one writer, keys enforced, and writers that queue instead of failing."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where on_begin says so
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA foreign_keys = {int(foreign_keys)}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        read_only = bool(connection.get_execution_options().get(_READ_ONLY))
        wait_s = connection.get_execution_options().get(_WAIT_S, SQLITE_BUSY_TIMEOUT_S)
        _set_pragma(connection, "query_only", int(read_only))
        if read_only:
            _set_pragma(connection, "busy_timeout", int(1000 * wait_s))
            connection.exec_driver_sql("BEGIN")
            return
        # A transaction that reads first and writes later cannot wait for another writer: SQLite
        # fails it at once, because its snapshot is old. So writers take the lock as they begin.
        _set_pragma(connection, "busy_timeout", 0)
        _wait_for_lock(connection, wait_s)


def _set_pragma(connection: Connection, name: str, value: int) -> None:
    """Sets what this connection has not set so already."""
    if connection.info.get(name) != value:
        _driver(connection).execute(f"PRAGMA {name} = {value}")
        connection.info[name] = value


def _wait_for_lock(connection: Connection, wait_s: float) -> None:
    """Begins to write as soon as nobody else does.

    SQLite would wait longer from try to try, up to a tenth of a second: two processes that write
    all the time then stand still for half of it.
    """
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        try:
            _driver(connection).execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                break
            time.sleep(random.uniform(*_POLL_S))
        else:
            return
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # what goes wrong now, SQLAlchemy puts in words


def _driver(connection: Connection) -> sqlite3.Connection:
    """Past SQLAlchemy, whose own part of a statement takes longer than these."""
    own: sqlite3.Connection = connection.connection.dbapi_connection  # type: ignore[assignment]
    return own


def _dispose_in_forked_children(store: Store) -> None:
    """Connections must not be shared with a child: SQLite loses its locks, PostgreSQL its turn."""
    reference = weakref.ref(store)

    def on_fork() -> None:
        forked = reference()
        if forked is not None:
            forked._engine.dispose(close=False)
            forked._turn = _writers_turn(forked._url)

    os.register_at_fork(after_in_child=on_fork)
