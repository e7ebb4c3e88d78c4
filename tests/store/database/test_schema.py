"""Migrations: they make the tables that the code expects, up, down and up again."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from hemline.errors import StoreError
from hemline.store.database import revisions, schema
from hemline.store.database.columns import Base
from hemline.store.database.engine import Store, prepare_database
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.tasks import list_task_problems
from hemline.store.states import RunState, RunTrigger
from hemline.store.tables.loop import DatasetSnapshot, Project, Task, TrainingRun


@pytest.fixture
def store(empty_url: str) -> Iterator[Store]:
    store = Store(empty_url)
    yield store
    store.dispose()


@pytest.fixture
def engine(store: Store) -> Engine:
    return store._engine


def _tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def _names(engine: Engine) -> set[tuple[str, str | None, str]]:
    """Every constraint and index by table and name; and what a check allows."""
    inspector = inspect(engine)
    return {
        (table, entry["name"], str(entry.get("sqltext", "")))
        for table in _tables(engine)
        for entry in [
            *inspector.get_indexes(table),
            *inspector.get_unique_constraints(table),
            *inspector.get_foreign_keys(table),
            *inspector.get_check_constraints(table),
            inspector.get_pk_constraint(table),
        ]
    }


def test_upgrade_makes_every_table(store: Store, engine: Engine) -> None:
    store.upgrade()
    store.check_schema()
    assert _tables(engine) == set(Base.metadata.tables)


def test_a_file_is_brought_up_to_date_and_a_server_is_left_as_it_is(
    empty_url: str, store: Store, engine: Engine
) -> None:
    if store.is_file:
        prepare_database(empty_url)
        store.check_schema()
    else:
        with pytest.raises(StoreError, match="run `hemline migrate`"):
            prepare_database(empty_url)
        assert not _tables(engine)
        store.upgrade()
        prepare_database(empty_url)


def test_migrations_and_tables_agree(store: Store, engine: Engine) -> None:
    store.upgrade()
    with engine.begin() as connection:
        command.check(schema.config(connection))


def test_a_missing_column_would_be_noticed(store: Store, engine: Engine) -> None:
    store.upgrade()
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE task DROP COLUMN view"))
    with engine.begin() as connection, pytest.raises(Exception, match="add_column"):
        command.check(schema.config(connection))


def test_names_are_those_of_the_tables(store: Store, engine: Engine) -> None:
    """Also what `alembic check` does not compare, such as the values that an enum allows."""
    store.upgrade()
    migrated = _names(engine)
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(text(f"DROP TABLE {table.name}"))
        Base.metadata.create_all(connection)
    assert migrated == _names(engine)


def test_up_down_up(store: Store, engine: Engine) -> None:
    store.upgrade()
    before = _names(engine)
    schema.downgrade(engine, "base")
    assert _tables(engine) == set()
    store.upgrade()
    store.check_schema()
    assert _names(engine) == before


def test_every_revision_goes_down_and_up_by_itself(store: Store, engine: Engine) -> None:
    names = [
        script.revision for script in ScriptDirectory.from_config(schema.config()).walk_revisions()
    ]
    store.upgrade()
    for _ in names:
        schema.downgrade(engine, "-1")
        schema.upgrade(engine, "+1")
        schema.downgrade(engine, "-1")
    assert _tables(engine) == set()


def test_the_newest_revision_is_alembics() -> None:
    scripts = ScriptDirectory.from_config(schema.config())
    assert revisions.newest() == scripts.get_current_head()
    assert all(revisions.is_known(script.revision) for script in scripts.walk_revisions())
    assert not revisions.is_known("9999")


def test_upgrade_twice_changes_nothing(store: Store) -> None:
    store.upgrade()
    store.upgrade()
    store.check_schema()


def test_an_empty_database_names_the_command(store: Store) -> None:
    with pytest.raises(StoreError, match="`hemline migrate`"):
        store.check_schema()


def test_a_database_behind_names_the_command(store: Store, engine: Engine) -> None:
    store.upgrade()
    schema.downgrade(engine, "base")
    with pytest.raises(StoreError, match="`hemline migrate`"):
        store.check_schema()


def test_a_database_ahead_is_left_alone(store: Store, engine: Engine) -> None:
    store.upgrade()
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for act in (store.check_schema, store.upgrade):
        with pytest.raises(StoreError, match="9999, which this version of Hemline does not know"):
            act()


def test_threads_that_upgrade_at_once_take_turns(empty_url: str) -> None:
    stores = [Store(empty_url) for _ in range(4)]
    problems: list[BaseException] = []

    def upgrade(store: Store) -> None:
        try:
            store.upgrade()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=upgrade, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    stores[0].check_schema()
    for store in stores:
        store.dispose()


def test_processes_that_migrate_at_once_take_turns(empty_url: str) -> None:
    """The real command, four times at once on a database that does not exist yet."""
    code = "from hemline.store.commands import app; app(['migrate'])"
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"DATABASE_URL": empty_url},
            cwd=Path(schema.__file__).parents[3],
        )
        for _ in range(4)
    ]
    outputs = [child.communicate() for child in children]
    assert [child.returncode for child in children] == [0] * 4, outputs
    assert all("is up to date" in out for out, _ in outputs)
    store = Store(empty_url)
    store.check_schema()
    store.dispose()


def test_rebuilding_a_table_keeps_the_rows_that_point_to_it(tmp_path: Path) -> None:
    """SQLite changes a column by making the table anew; with keys on, that would delete tasks."""
    url = f"sqlite:///{tmp_path / 'hemline.db'}"
    store = Store(url)
    store.upgrade()
    with store.session() as session:
        project = Project(ls_project_id=1)
        session.add(Task(project=project, ls_task_id=1))
    _use_migrations_with_a_rebuild(tmp_path, url)
    with store._engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM task")) == 1
    store.dispose()


def test_a_tasks_one_mark_becomes_its_own_or_its_annotations(store: Store, engine: Engine) -> None:
    store.upgrade()
    with store.session() as session:
        project = Project(ls_project_id=1)
        tasks = [Task(project=project, ls_task_id=number) for number in (1, 2, 3, 4)]
        session.add_all(tasks)
        session.flush()
        for task in tasks[1:3]:
            record_annotation(
                session,
                project_id=project.id,
                task_id=task.id,
                ls_annotation_id=task.ls_task_id,
                problem="it is turned",
            )
    schema.downgrade(engine, "0003")
    with engine.begin() as connection:
        kept = connection.execute(text("SELECT problem FROM task ORDER BY ls_task_id")).scalars()
        assert list(kept) == [None, "it is turned", "it is turned", None]
        for number in (1, 3):
            connection.execute(
                text("UPDATE task SET problem = 'no photo' WHERE ls_task_id = :task"),
                {"task": number},
            )
    store.upgrade()
    with store.reading() as session:
        marks = [(mark.ls_task_id, mark.problem) for mark in list_task_problems(session)]
    assert sorted(marks) == [
        (1, "no photo"),
        (2, "it is turned"),
        (3, "it is turned"),
        (3, "no photo"),
    ]


def test_trainings_keep_all_that_is_known_of_them_where_their_table_is_made_again(
    store: Store, engine: Engine
) -> None:
    store.upgrade()
    began = datetime(2026, 3, 2, 9, tzinfo=UTC)
    with store.session() as session:
        project = Project(ls_project_id=1)
        session.add(project)
        session.flush()
        snapshot = DatasetSnapshot(project_id=project.id, digest="a" * 64, labels=["garment"])
        session.add(snapshot)
        session.flush()
        for number, state in enumerate((RunState.SUPERSEDED, RunState.RUNNING), start=1):
            session.add(
                TrainingRun(
                    project_id=project.id,
                    snapshot_id=snapshot.id,
                    state=state,
                    trigger=list(RunTrigger)[-number],
                    attempts=2,
                    reached=5,
                    lease_owner="host:1",
                    lease_from=began,
                    lease_until=began + timedelta(seconds=30),
                    epoch=4,
                    epochs=12,
                    problem="it waits",
                    created_at=began,
                    started_at=began + timedelta(seconds=1),
                    finished_at=began + timedelta(seconds=2),
                )
            )
    before = _rows(engine, "training_run")
    schema.downgrade(engine, "0016")
    below = _rows(engine, "training_run")
    assert [(row["state"], row["trigger"]) for row in below] == [
        ("failed", "command"),
        ("running", "command"),
    ]
    store.upgrade()
    for old, new in zip(before, _rows(engine, "training_run"), strict=True):
        assert {**old, "state": "", "trigger": ""} == {**new, "state": "", "trigger": ""}


def _rows(engine: Engine, table: str) -> list[dict[str, object]]:
    with engine.begin() as connection:
        rows = connection.execute(text(f"SELECT * FROM {table} ORDER BY id")).mappings()
        return [dict(row) for row in rows]


def _use_migrations_with_a_rebuild(tmp_path: Path, url: str) -> None:
    """Runs `Store.upgrade` in a copy of the checkout that has one more migration."""
    root = Path(schema.__file__).parents[3]
    code = f"""
import hemline, pathlib
hemline.__file__ = {str(tmp_path / "package" / "__init__.py")!r}
from hemline.store.database.engine import Store, prepare_database
store = Store({url!r})
store.upgrade()
store.dispose()
"""
    versions = tmp_path / "package" / "migrations" / "versions"
    versions.mkdir(parents=True)
    for file in [root / "migrations" / "env.py", *(root / "migrations" / "versions").glob("*.py")]:
        target = versions if file.parent.name == "versions" else versions.parent
        (target / file.name).write_text(file.read_text())
    head = ScriptDirectory.from_config(schema.config()).get_current_head()
    (versions / "9999_rebuild.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = '9999'\ndown_revision = {head!r}\n"
        "def upgrade():\n"
        "    with op.batch_alter_table('project', recreate='always') as batch:\n"
        "        batch.alter_column('title', type_=sa.String(500))\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=root)


def test_an_unreachable_server_is_one_sentence() -> None:
    store = Store("postgresql://someone:secret@127.0.0.1:1/hemline")
    with pytest.raises(StoreError, match="check DATABASE_URL") as caught:
        store.check_schema()
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    store.dispose()


def test_the_command_makes_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "hemline.db"
    store = Store(f"sqlite:///{path}")
    store.upgrade()
    store.dispose()
    assert path.is_file()


def test_jobs_are_kept_when_another_kind_is_allowed(store: Store, engine: Engine) -> None:
    store.upgrade()
    schema.downgrade(engine, "0015")
    values = (
        "1, 'export', 'done', '{\"format\": \"masks\"}', 5, 8, 2, 3, NULL, NULL, NULL, 'slow', "
        "'2026-01-02 03:04:05', NULL"
    )
    columns = (
        "project_id, kind, state, arguments, done, total, attempts, reached, lease_owner, "
        "lease_from, lease_until, problem, created_at, finished_at"
    )
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO project (ls_project_id, ls_key, title, label_config, audit_share, "
                "created_at, updated_at) VALUES (7, '', '', '', 0.1, '2026-01-01', '2026-01-01')"
            )
        )
        connection.execute(text(f"INSERT INTO job ({columns}) VALUES ({values})"))
        before = connection.execute(text(f"SELECT {columns} FROM job")).one()
    store.upgrade()
    with engine.begin() as connection:
        assert connection.execute(text(f"SELECT {columns} FROM job")).one() == before
        connection.execute(text("UPDATE job SET kind = 'check_channels'"))
        with pytest.raises(IntegrityError):
            connection.execute(text("UPDATE job SET kind = 'bake'"))
