"""A backup of an older Hemline is brought up to date as it is restored."""

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text, update

from hemline.store.backup.copy_rows import TABLES
from hemline.store.backup.manifest import MANIFEST
from hemline.store.backup.place import BackupPlace
from hemline.store.backup.restore import restore_backup, verify_backup
from hemline.store.backup.sqlite_file import sha256_of
from hemline.store.backup.take import take_backup
from hemline.store.database import schema
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.tables.loop import ModelVersion
from tests.store.backup.conftest import MakeStore, quiet
from tests.store.backup.rows import all_rows, fill

OLDER = "0014"  # lacks a column of review items, and a table


@pytest.fixture
def expected(make_store: MakeStore, artifacts: ArtifactStore, place: BackupPlace) -> Store:
    """The rows of a database whose backup has been made one of an older schema."""
    store = make_store("sqlite")
    fill(store, artifacts)
    with store.session() as session:  # else the older schema takes their weights for missing
        session.execute(update(ModelVersion).values(weights_removed_at=None))
    take_backup(store, artifacts, place, quiet)
    assert place.folder is not None
    database = next((place.folder / "database").iterdir())
    rows = _downgrade(database)
    values = json.loads((place.folder / MANIFEST).read_bytes())
    values |= {"rows": rows, "schema": OLDER, "hemline": "0.0.1", "sha256": sha256_of(database)}
    (place.folder / MANIFEST).write_text(json.dumps(values))
    upgraded = make_store("sqlite", tables=False)
    assert upgraded.file is not None
    shutil.copy(database, upgraded.file)
    upgraded.upgrade()
    return upgraded


def _downgrade(path: Path) -> dict[str, int]:
    """How many rows each table of the older schema has: some columns there take fewer values."""
    engine = create_engine(f"sqlite:///{path}")
    schema.downgrade(engine, OLDER)
    columns = {column["name"] for column in inspect(engine).get_columns("review_item")}
    assert "checks" not in columns
    with engine.connect() as connection:
        rows = {
            name: connection.scalar(text(f"SELECT count(*) FROM {name}"))
            for name in inspect(engine).get_table_names()
            if name != "alembic_version"
        }
    engine.dispose()
    return rows


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_an_older_backup_is_migrated(
    kind: str, expected: Store, make_store: MakeStore, place: BackupPlace, tmp_path: Path
) -> None:
    before = sha256_of(next((tmp_path / "backup" / "database").iterdir()))
    assert not verify_backup(place, quiet).problems
    target = make_store(kind, tables=False)
    restore_backup(place, target, ArtifactStore(str(tmp_path / "other")), quiet)
    target.check_schema()
    assert all_rows(target) == all_rows(expected)
    assert sha256_of(next((tmp_path / "backup" / "database").iterdir())) == before


def test_every_table_of_a_database_is_in_a_backup(make_store: MakeStore) -> None:
    store = make_store("sqlite", tables=False)
    store.upgrade()
    assert store.file is not None
    engine = create_engine(f"sqlite:///{store.file}")
    there = set(inspect(engine).get_table_names()) - {"alembic_version"}
    engine.dispose()
    assert there == {table.name for table in TABLES}
