"""Databases with the tables of today: a template of each kind, copied for each test."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL

from hemline.store.database.engine import Store
from hemline.system.ports import pick_free_port


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "hemline.db"
    store = Store(f"sqlite:///{path}")
    store.upgrade()
    store.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: URL) -> Iterator[str]:
    databases = new_database(postgres_server, template="template0")
    url = next(databases)
    store = Store(url)
    store.upgrade()
    store.dispose()
    yield str(make_url(url).database)
    next(databases, None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A server where databases may be made: HEMLINE_TEST_POSTGRES, or one that is started here."""
    given = os.environ.get("HEMLINE_TEST_POSTGRES")
    if given:
        yield make_url(given).set(drivername="postgresql+psycopg")
        return
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("no PostgreSQL: set HEMLINE_TEST_POSTGRES or install the package postgresql")
    # Not in pytest's own folder, which no other user may enter.
    with tempfile.TemporaryDirectory(prefix="hemline-postgresql-") as folder:
        yield from _run_postgresql(programs[-1].parent, Path(folder))


def _run_postgresql(programs: Path, folder: Path) -> Iterator[URL]:
    as_user: list[str | Path] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        as_user = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    subprocess.run(
        [*as_user, programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    port = pick_free_port()
    options = f"-p {port} -h 127.0.0.1 -k '' -c fsync=off -c max_connections=200"
    control = [*as_user, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    subprocess.run(
        [*control, "-o", options, "start"], check=True, cwd=folder, stdout=subprocess.DEVNULL
    )
    try:
        yield URL.create("postgresql+psycopg", "postgres", host="127.0.0.1", port=port)
    finally:
        subprocess.run(
            [*control, "-m", "immediate", "stop"],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )


def new_database(server: URL, *, template: str) -> Iterator[str]:
    """URL of a database that is a copy of the template; it is dropped when the iterator ends."""
    name = f"hemline_test_{uuid4().hex}"
    admin = create_engine(
        server.set(database="postgres"),
        isolation_level="AUTOCOMMIT",
        connect_args={"client_encoding": "utf8"},  # where the server has none of its own
    )
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()
