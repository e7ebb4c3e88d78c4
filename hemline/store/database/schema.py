"""Brings the schema of a database to this Hemline's, or back."""

import time

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from hemline.errors import StoreError
from hemline.store.database.revisions import (
    current,
    migrations_folder,
    newest,
    refuse_unknown,
)

_POSTGRESQL_LOCK = 4_365_463_541  # any number that nobody else locks
_LOCK_NOT_AVAILABLE = "55P03"
_HOLD_TRY = "SET LOCAL lock_timeout = '500ms'"  # less than PostgreSQL's deadlock_timeout
_HOLD_WITHIN_S = 30.0
_HOLD_PAUSE_S = 0.2


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Runs the migrations up to `revision` in one transaction; others who migrate wait for it, and
    so does whoever works on the tables as they were.

    engine: on SQLite with foreign keys off, see `Store.upgrade`.
    Raises StoreError if the database is of a newer Hemline.
    """
    with engine.begin() as connection:
        _take_turn(connection)
        refuse_unknown(connection)
        if current(connection) != newest():
            _hold_tables(connection)
        command.upgrade(config(connection), revision)
        _check_foreign_keys(connection)


def downgrade(engine: Engine, revision: str) -> None:
    """Runs the migrations back down to `revision`, or to nothing with "base"."""
    with engine.begin() as connection:
        _take_turn(connection)
        command.downgrade(config(connection), revision)


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, the same from a checkout and from an installed package."""
    configuration = Config()
    folder = str(migrations_folder()).replace("%", "%%")
    configuration.set_main_option("script_location", folder)
    configuration.set_main_option("path_separator", "os")
    configuration.attributes["connection"] = connection
    return configuration


def _take_turn(connection: Connection) -> None:
    """On SQLite the transaction has the write lock already."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:number)"), {"number": _POSTGRESQL_LOCK}
        )


def _hold_tables(connection: Connection) -> None:
    """Has all tables to itself before it changes the first one, on PostgreSQL.

    Migrations take one table after the other, and a backend that goes on reads several: each would
    wait for the other. So all are taken at once, or none, again and again. Where somebody is always
    at one of them, the migrations begin all the same.
    """
    names = inspect(connection).get_table_names()
    if connection.dialect.name != "postgresql" or not names:
        return
    tables = ", ".join(f'"{name}"' for name in names)
    until = time.monotonic() + _HOLD_WITHIN_S
    while time.monotonic() < until:
        attempt = connection.begin_nested()
        try:
            connection.execute(text(_HOLD_TRY))
            connection.execute(text(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
        except DBAPIError as error:
            attempt.rollback()
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            time.sleep(_HOLD_PAUSE_S)
        else:
            connection.execute(text("SET LOCAL lock_timeout = DEFAULT"))
            attempt.commit()
            return


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("PRAGMA foreign_key_check")).first()
    if broken is not None:
        raise StoreError(
            f"the migration would leave row {broken[1]} of table {broken[0]} pointing to a "
            f"missing row of {broken[2]}; nothing was changed, please report it"
        )
