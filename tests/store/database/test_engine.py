"""Units of work: all or nothing, readers beside a writer, and processes that die in the middle."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from hemline.errors import StoreError
from hemline.store.database.columns import utcnow
from hemline.store.database.engine import Store
from hemline.store.loop import projects, tasks
from hemline.store.states import Split
from hemline.store.tables.loop import Project, Task, WebhookDelivery
from tests.deliveries import record_delivery


def test_a_block_that_ends_is_committed(store: Store) -> None:
    with store.session() as session:
        projects.upsert_project(session, ls_project_id=1, title="Coats")
    with store.reading() as session:
        assert [project.title for project in projects.list_projects(session)] == ["Coats"]


def test_a_block_that_raises_is_rolled_back(store: Store) -> None:
    def write_and_fail() -> None:
        with store.session() as session:
            projects.upsert_project(session, ls_project_id=1)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_fail()
    with store.reading() as session:
        assert projects.list_projects(session) == []


def test_rows_are_usable_after_the_block(store: Store) -> None:
    with store.session() as session:
        project = projects.upsert_project(session, ls_project_id=1, title="Coats")
    assert project.title == "Coats"


def test_a_write_in_a_reading_block_fails(store: Store, project: Project) -> None:
    with pytest.raises(DBAPIError), store.reading() as session:
        projects.upsert_project(session, ls_project_id=8)
    with store.session() as session:  # and the same connection may write again
        projects.upsert_project(session, ls_project_id=9)
    with store.reading() as session:
        assert [each.ls_project_id for each in projects.list_projects(session)] == [7, 9]


def test_a_reader_does_not_wait_for_a_writer(store: Store, project: Project) -> None:
    with store.session() as writing:
        projects.upsert_project(writing, ls_project_id=8)
        with store.reading() as session:
            assert len(projects.list_projects(session)) == 1


def test_a_reader_sees_one_moment(store: Store, project: Project) -> None:
    with store.reading() as session:
        before = len(projects.list_projects(session))
        with store.session() as writing:
            projects.upsert_project(writing, ls_project_id=8)
        assert len(projects.list_projects(session)) == before


def test_writers_that_read_first_take_turns(
    store: Store, project: Project, in_threads: Any
) -> None:
    """Each adds one to a number it has read; on SQLite this fails without BEGIN IMMEDIATE."""

    def add(_: int) -> None:
        for _ in range(5):
            with store.session() as session:
                projects.lock_project(session, project.id)
                row = projects.get_project(session, 7)
                assert row is not None
                row.retrain_after = (row.retrain_after or 0) + 1

    in_threads(6, add)
    with store.reading() as session:
        row = projects.get_project(session, 7)
        assert row is not None
        assert row.retrain_after == 30


def test_a_process_killed_in_a_transaction_leaves_nothing(
    store: Store, store_url: str, project: Project, contenders: Any
) -> None:
    child = contenders.hang(store_url, "hang_in_transaction")
    contenders.kill(child)
    with store.session() as session:  # its lock is gone with it
        assert projects.get_project(session, 99) is None
        again = projects.upsert_project(session, ls_project_id=99, title="whole")
        assert tasks.get_task(session, again.id, 5) is None
    with store.reading() as session:
        assert {each.title for each in projects.list_projects(session)} == {"Dresses", "whole"}
    if store_url.startswith("sqlite"):
        with store.session() as session:
            assert session.scalar(text("PRAGMA integrity_check")) == "ok"


def test_a_forked_child_has_connections_of_its_own(
    store: Store, store_url: str, project: Project, contenders: Any
) -> None:
    """In a process of its own, since a fork takes all of a process along."""
    assert contenders.run(store_url, "write_in_a_fork", [()]) == [{"left": 0, "exit": 0}]
    with store.reading() as session:
        assert [row.ls_project_id for row in projects.list_projects(session)] == [7, 8, 9]


def test_foreign_keys_are_enforced(store: Store, project: Project) -> None:
    with pytest.raises(IntegrityError), store.session() as session:
        session.add(Task(project_id=project.id + 1, ls_task_id=1))


def test_values_outside_an_enum_are_refused(store: Store, task: Task) -> None:
    with pytest.raises(IntegrityError), store.session() as session:
        session.execute(text("UPDATE task SET split = 'test'"))


def test_json_and_enums_come_back_as_they_were(store: Store, project: Project) -> None:
    data = {"image": "/d/ü 😀.jpg", "n": [1, 2.5, None, True], "deep": {"a": {"b": "'\"\\"}}}
    with store.session() as session:
        session.add(Task(project_id=project.id, ls_task_id=5, data=data, split=Split.GOLD))
    with store.reading() as session:
        task = tasks.get_task(session, project.id, 5)
    assert task is not None
    assert task.data == data
    assert task.split is Split.GOLD
    with store.reading() as session:
        assert session.scalar(text("SELECT split FROM task")) == "gold"


AWKWARD = {
    "nul": "before \x00 after",
    "backslash": "C:\\u0000",
    "half": "\ud83d alone",
    "whole": "😀",
    "\x00key": [float("nan"), float("inf"), {"deep": -float("inf")}],
}


def test_payloads_that_postgresql_refuses_are_stored(store: Store) -> None:
    with store.session() as session:
        number = record_delivery(
            session, digest="d" * 64, action="X", ls_project_id=None, payload=AWKWARD
        )
    with store.reading() as session:
        row = session.get(WebhookDelivery, number)
    assert row is not None
    assert row.payload == {
        "nul": "before \ufffd after",
        "backslash": "C:\\u0000",
        "half": "? alone",
        "whole": "😀",
        "\ufffdkey": [None, None, {"deep": None}],
    }


def test_words_that_postgresql_refuses_are_stored(store: Store, project: Project) -> None:
    with store.session() as session:
        stored = tasks.upsert_task(
            session,
            project.id,
            ls_task_id=1,
            data={},
            image_url="a\x00b\udc00" + "c" * 5000,
            garment="g" * 300,
            view="v" * 300,
        )
        tasks.set_task_problem(session, stored.id, "photo 'a\x00b' is broken")
    with store.reading() as session:
        row = session.get(Task, stored.id)
        [mark] = tasks.problems_of_task(session, stored.id)
    assert row is not None
    assert row.image_url == "a\ufffdb?" + "c" * 5000
    assert (row.garment, row.view) == ("g" * 255, "v" * 64)
    assert mark == "photo 'a\ufffdb' is broken"


def test_datetimes_come_back_aware_and_in_utc(store: Store, project: Project) -> None:
    summer = timezone(timedelta(hours=2))
    moment = datetime(2026, 7, 1, 14, 30, 15, 123456, tzinfo=summer)
    with store.session() as session:
        projects.set_reconciled(session, project.id, moment)
    with store.reading() as session:
        row = projects.get_project(session, 7)
    assert row is not None
    assert row.reconciled_until == moment
    assert row.reconciled_until.tzinfo is UTC
    assert row.created_at.tzinfo is UTC
    assert abs(utcnow() - row.created_at) < timedelta(hours=1)


def test_a_datetime_without_a_zone_is_refused(store: Store, project: Project) -> None:
    naive = datetime(2026, 7, 1)  # noqa: DTZ001
    with pytest.raises(Exception, match="no time zone"), store.session() as session:
        projects.set_reconciled(session, project.id, naive)


def test_a_deleted_project_takes_its_rows_along(store: Store, task: Task) -> None:
    with store.session() as session:
        session.execute(text("DELETE FROM project"))
    with store.reading() as session:
        assert session.get(Task, task.id) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://user:secret@host/name", "does not support"),
        ("postgresql+asyncpg://user:secret@host/name", "does not support"),
        ("sqlite+aiosqlite:////tmp/hemline.db", "does not support"),
        ("sqlite:////tmp/spring?1/hemline.db", "write it as %3F"),
        ("sqlite://", "lives in memory"),
        ("sqlite:///:memory:", "lives in memory"),
    ],
)
def test_other_databases_are_refused_in_one_sentence(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        Store(url)
    assert "secret" not in str(caught.value)


def test_plain_postgresql_urls_use_psycopg() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"):
        url = f"{scheme}://u:p@h/n"
        assert Store(url).name == "postgresql+psycopg://u:***@h/n"


def test_many_threads_may_share_a_store(store: Store, project: Project, in_threads: Any) -> None:
    def work(number: int) -> int:
        with store.session() as session:
            tasks.upsert_task(
                session,
                project.id,
                ls_task_id=number,
                data={},
                image_url="",
                garment="",
                view="",
            )
        with store.reading() as session:
            return tasks.get_task(session, project.id, number) is not None

    assert in_threads(12, work) == [True] * 12


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'new' / 'folder' / 'hemline.db'}")
    assert (tmp_path / "new" / "folder").is_dir()
    store.dispose()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="set HEMLINE_HOME or DATABASE_URL"):
        Store(f"sqlite:///{tmp_path / 'file' / 'hemline.db'}")


@pytest.mark.postgres
def test_a_database_without_an_encoding_holds_text(postgres_server: URL) -> None:
    """SQL_ASCII is what `initdb` chooses where no locale is set, as in a bare container."""
    admin = postgres_server.set(database="postgres")
    server = create_engine(admin, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS hemline_ascii"))
        connection.execute(
            text(
                "CREATE DATABASE hemline_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' "
                "TEMPLATE template0"
            )
        )
    store = Store(postgres_server.set(database="hemline_ascii").render_as_string(False))
    store.upgrade()
    with store.session() as session:
        session.add(Project(ls_project_id=1, title="Jupe plissée"))
    with store.reading() as session:
        assert session.scalars(select(Project.title)).all() == ["Jupe plissée"]
    store.dispose()
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE hemline_ascii"))
    server.dispose()
