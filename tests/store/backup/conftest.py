"""Databases of both kinds beside each other, and a backup of rows in every table."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from hemline.store.backup.place import BackupPlace
from hemline.store.backup.take import BackupSummary, take_backup
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from tests.plugins.databases import new_database
from tests.store.backup.rows import fill

MakeStore = Callable[..., Store]
BackUp = Callable[[Store], BackupSummary]


def quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def make_store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MakeStore]:
    """A new database of a kind, with the tables of today or none."""
    with ExitStack() as stack:

        def make(kind: str, *, tables: bool = True) -> Store:
            if kind == "sqlite":
                path = tmp_path / f"{uuid4().hex}.db"
                if tables:
                    shutil.copy(request.getfixturevalue("sqlite_template"), path)
                url = f"sqlite:///{path}"
            else:
                server = request.getfixturevalue("postgres_server")
                template = request.getfixturevalue("postgres_template") if tables else "template0"
                url = stack.enter_context(contextmanager(new_database)(server, template=template))
            store = Store(url)
            stack.callback(store.dispose)
            return store

        yield make


@pytest.fixture
def place(tmp_path: Path) -> BackupPlace:
    return BackupPlace(str(tmp_path / "backup"))


@pytest.fixture
def back_up(artifacts: ArtifactStore, place: BackupPlace) -> Callable[[Store], BackupSummary]:
    return lambda store: take_backup(store, artifacts, place, quiet)


@pytest.fixture
def filled(make_store: MakeStore, artifacts: ArtifactStore) -> Store:
    store = make_store("sqlite")
    fill(store, artifacts)
    return store


@pytest.fixture
def other_artifacts(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "other artifacts"))
