"""A database whose disk is full, that another holds or that is away is one sentence, and passes."""

import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import event, text

from hemline.errors import HemlineError, StoreUnavailable
from hemline.settings import Settings
from hemline.store.database.engine import Store
from hemline.store.loop.projects import list_projects
from hemline.store.room import no_room, storage_problem
from tests.deliveries import record_delivery


def fill(store: Store) -> None:
    """Stores more than fits."""
    with store.session() as session:
        payload = {"text": "x" * 500_000}
        record_delivery(session, digest="d" * 64, action="A", ls_project_id=1, payload=payload)


@pytest.fixture
def sqlite(tmp_path: Path, sqlite_template: Path) -> Path:
    path = tmp_path / "hemline.db"
    path.write_bytes(sqlite_template.read_bytes())
    return path


def test_a_full_disk_is_said_until_there_is_room_again(sqlite: Path, tmp_path: Path) -> None:
    store, settings = Store(f"sqlite:///{sqlite}"), Settings(home=tmp_path)
    pages = [1]

    @event.listens_for(store._engine, "checkout")
    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages[0]}")  # not below what there is

    assert storage_problem(settings, store) is None
    with pytest.raises(
        StoreUnavailable, match=r"cannot be written .* make room on its disk"
    ) as full:
        fill(store)
    assert full.value.retry_after_s > 0
    assert not isinstance(full.value, HemlineError)  # nobody marks a task with it
    assert "make room on its disk" in (store.trouble or "")
    with store.reading() as session:
        assert list_projects(session) == []
    pages[0] = 100_000
    assert storage_problem(settings, store) is None
    fill(store)
    store.dispose()


def test_a_disk_without_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert no_room([tmp_path, tmp_path / "not" / "made"]) is None
    monkeypatch.setattr("hemline.store.room._LEAST", 2**60)
    sentence = no_room([tmp_path / "not" / "made"]) or ""
    assert f"the disk of '{tmp_path / 'not' / 'made'}' is full" in sentence


def test_a_writer_is_waited_for_as_long_as_one_wants_and_readers_wait_for_none(
    sqlite: Path,
) -> None:
    store, other = Store(f"sqlite:///{sqlite}"), Store(f"sqlite:///{sqlite}")
    with other.session() as session:
        session.execute(text("SELECT 1"))
        began = time.monotonic()
        with (
            pytest.raises(StoreUnavailable, match="held by another process"),
            store.session(wait_s=0.1) as late,
        ):
            late.execute(text("SELECT 1"))
        with store.reading() as reader:
            assert list_projects(reader) == []
        assert time.monotonic() - began < 5
    fill(store)
    store.dispose()
    other.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("state", "is_full"), [("53100", True), ("53300", False), ("57P01", False), ("08006", False)]
)
def test_a_server_that_is_full_or_away(
    store: Store, database_kind: str, state: str, is_full: bool
) -> None:
    if database_kind == "sqlite":
        return  # it has codes of its own, see above
    statement = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(StoreUnavailable) as error, store.session() as session:
        session.execute(text(statement))
    assert error.value.is_full is is_full
    assert (store.trouble is not None) is is_full
