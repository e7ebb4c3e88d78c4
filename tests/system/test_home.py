"""What lies in HEMLINE_HOME is its owner's alone, whatever the umask is and was."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from hemline.settings import Settings
from hemline.store.database.engine import Store
from hemline.system.child_process import ChildProcess
from hemline.system.home import open_home

HEMLINE = Path(sys.executable).with_name("hemline")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_new_database_and_the_files_beside_it_are_private(tmp_path: Path) -> None:
    home = tmp_path / "above" / "home"
    store = Store(Settings(home=home).database)
    store.upgrade()
    with store.session() as session:
        session.execute(text("SELECT 1"))
        assert sorted(path.name for path in home.iterdir()) == [
            "hemline.db",
            "hemline.db-shm",
            "hemline.db-wal",
        ]
        assert {mode(path) for path in home.iterdir()} == {0o600}
    assert mode(home) == mode(home.parent) == 0o700
    store.dispose()


@pytest.mark.usefixtures("umask")
def test_a_home_that_was_open_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "redis" / "appendonlydir").mkdir(parents=True)
    for folder in (home, home / "redis", home / "redis" / "appendonlydir"):
        folder.chmod(0o755)
    files = [
        home / name
        for name in (
            "hemline.db",
            "hemline.db-wal",
            "redis/appendonly.aof",
            "redis/appendonlydir/appendonly.aof.1.incr.aof",
            "redis/redis.log",
            "beat-schedule",
        )
    ]
    for path in files:
        path.touch()
        path.chmod(0o644)
    open_home(Settings(home=home))
    assert {mode(path) for path in files} == {0o600}
    assert {mode(path) for path in home.rglob("*") if path.is_dir()} | {mode(home)} == {0o700}
    (home / "later").touch()
    assert mode(home / "later") == 0o600


@pytest.mark.usefixtures("umask")
def test_a_database_elsewhere_leaves_its_folder_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "x.db").touch()
    (folder / "x.db").chmod(0o644)
    Store(f"sqlite:///{folder / 'x.db'}").dispose()
    assert mode(folder) == 0o755
    assert mode(folder / "x.db") == 0o600


@pytest.mark.usefixtures("umask")
def test_what_a_child_writes_is_private(tmp_path: Path) -> None:
    child = ChildProcess(
        "touch", ["touch", str(tmp_path / "made")], log_path=tmp_path / "logs" / "child.log"
    )
    child.start()
    assert child.wait(30) == 0
    assert mode(tmp_path / "made") == 0o600


@pytest.mark.usefixtures("umask")
def test_a_command_makes_a_private_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    subprocess.run(
        [HEMLINE, "migrate"],
        check=True,
        env=os.environ | {"HEMLINE_HOME": str(home)},
        capture_output=True,
    )
    assert mode(home) == 0o700
    assert {mode(path) for path in home.rglob("*") if path.is_file()} == {0o600}
