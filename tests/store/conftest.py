"""Stores on SQLite and on a real PostgreSQL, and the rows that most tests start from."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.loop.tasks import upsert_task
from hemline.store.models.models import create_version
from hemline.store.tables.loop import ModelVersion, Project, Task
from tests.plugins.databases import new_database

Result = TypeVar("Result")
_CONTENDER = Path(__file__).with_name("contender.py")


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], scope="session"
)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a database without tables."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'hemline.db'}"
    else:
        server: URL = request.getfixturevalue("postgres_server")
        yield from new_database(server, template="template0")


@pytest.fixture
def store_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a database with the tables of today."""
    if database_kind == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "hemline.db")
        yield f"sqlite:///{tmp_path / 'hemline.db'}"
    else:
        server = request.getfixturevalue("postgres_server")
        yield from new_database(server, template=request.getfixturevalue("postgres_template"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = Store(store_url)
    yield store
    store.dispose()


@pytest.fixture
def project(store: Store) -> Project:
    with store.session() as session:
        return upsert_project(session, ls_project_id=7, title="Dresses")


@pytest.fixture
def task(store: Store, project: Project) -> Task:
    with store.session() as session:
        return upsert_task(
            session,
            project.id,
            ls_task_id=70,
            data={"image": "/data/upload/7/D1_Front.jpg"},
            image_url="/data/upload/7/D1_Front.jpg",
            garment="D1",
            view="Front",
        )


@pytest.fixture
def version(store: Store, project: Project) -> ModelVersion:
    with store.session() as session:
        return create_version(
            session,
            project.id,
            recipe={"name": "hemline"},
            labels=["Garment"],
            weights_digest="a" * 64,
            code_version="0.1.0",
        )


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "artifacts"))


class Contenders:
    """Processes that do the same thing at the same moment. They are kept from test to test."""

    def __init__(self) -> None:
        self._idle: list[subprocess.Popen[str]] = []
        self._hanging: list[subprocess.Popen[str]] = []

    def run(self, target: str, action: str, arguments: Sequence[Sequence[Any]]) -> list[Any]:
        """One process for each list of arguments, let go together; their results in that order."""
        while len(self._idle) < len(arguments):
            self._idle.append(_start_contender())
        processes = self._idle[: len(arguments)]
        for process, each in zip(processes, arguments, strict=True):
            _tell(process, json.dumps([target, action, list(each)]))
        for process in processes:
            _expect(process, "ready")
        for process in processes:
            _tell(process, "go")
        return [json.loads(_hear(process)) for process in processes]

    def hang(self, target: str, action: str) -> subprocess.Popen[str]:
        """A process that has got to the place where it hangs."""
        process = self._idle.pop() if self._idle else _start_contender()
        self._hanging.append(process)
        _tell(process, json.dumps([target, action, []]))
        _expect(process, "ready")
        _tell(process, "go")
        _expect(process, "hanging")
        return process

    def kill(self, process: subprocess.Popen[str]) -> None:
        """As `kill -9`."""
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self._hanging.remove(process)

    def stop(self) -> None:
        for process in [*self._idle, *self._hanging]:
            process.kill()
            process.communicate()


def _start_contender() -> subprocess.Popen[str]:
    root = _CONTENDER.parents[2]
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(_CONTENDER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(process.communicate()[1])
    return line.removesuffix("\n")


def _expect(process: subprocess.Popen[str], line: str) -> None:
    assert _hear(process) == line


@pytest.fixture(scope="session")
def contenders() -> Iterator[Contenders]:
    contenders = Contenders()
    yield contenders
    contenders.stop()


@pytest.fixture
def in_threads() -> Callable[[int, Callable[[int], Result]], list[Result]]:
    """Calls a function with 0 .. n-1 in n threads let go together; raises what any of them did."""

    def run(count: int, act: Callable[[int], Result]) -> list[Result]:
        barrier = threading.Barrier(count)
        results: dict[int, Result] = {}
        problems: list[BaseException] = []

        def body(number: int) -> None:
            try:
                barrier.wait()
                results[number] = act(number)
            except BaseException as error:
                problems.append(error)

        threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]
        return [results[number] for number in range(count)]

    return run


@pytest.fixture
def while_open(
    store: Store,
) -> Callable[[Callable[[Session], Any], Callable[[], Any]], tuple[Any, Any]]:
    """Calls `first` in a unit of work, and `second` beside it before the work is committed."""

    def run(first: Callable[[Session], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
        with ThreadPoolExecutor(1) as pool:
            with store.session() as session:
                result = first(session)
                beside = pool.submit(second)
                wait([beside], timeout=0.5)  # it has ended, or waits for us
            return result, beside.result(timeout=60)

    return run
