"""Children: how they end, what they leave, and that none outlives who started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from hemline.errors import HemlineError
from hemline.system.child_process import ChildProcess

PYTHON = sys.executable
# A child with a grandchild in a session of its own; both are there once the file is.
FAMILY = """
import subprocess, sys, time
from pathlib import Path
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                              start_new_session=True)
Path(sys.argv[1]).write_text(str(grandchild.pid))
time.sleep(600)
"""
STUBBORN = """
import signal, time
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


def python(tmp_path: Path, code: str, *arguments: str) -> ChildProcess:
    return ChildProcess(
        "the child", [PYTHON, "-c", code, *arguments], log_path=tmp_path / "logs" / "child.log"
    )


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)
    return path.read_text()


def has_ended(pid: int) -> bool:
    try:
        psutil.Process(pid).wait(timeout=30)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def test_output_and_exit_code(tmp_path: Path) -> None:
    child = python(tmp_path, "import sys; print('out'); sys.stderr.write('err'); sys.exit(3)")
    child.start()
    assert child.wait(60) == 3
    assert not child.is_running()
    assert set(child.log_tail().splitlines()) == {"out", "err"}


def test_the_tail_is_of_this_start_only(tmp_path: Path) -> None:
    for text in ("first", "second"):
        child = python(tmp_path, f"print('{text}')")
        child.start()
        child.wait(60)
    assert child.log_tail() == "second"
    assert (tmp_path / "logs" / "child.log").read_text() == "first\nsecond\n"


def test_a_long_log_is_cut(tmp_path: Path) -> None:
    child = python(tmp_path, "for i in range(100_000): print(i)")
    child.start()
    child.wait(60)
    assert child.log_tail(2) == "99998\n99999"


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    child = ChildProcess("it", [str(tmp_path / "nothing")], log_path=tmp_path / "log")
    child.start()
    assert child.wait(60) == 1
    assert "nothing: No such file or directory" in child.log_tail()


def test_environment_and_folder(tmp_path: Path) -> None:
    child = ChildProcess(
        "it",
        [PYTHON, "-c", "import os; print(os.environ.get('A'), 'HOME' in os.environ, os.getcwd())"],
        log_path=tmp_path / "log",
        env={"A": "1"},
        cwd=tmp_path,
    )
    child.start()
    child.wait(60)
    assert child.log_tail() == f"1 False {tmp_path}"


def test_a_second_start_is_refused(tmp_path: Path) -> None:
    child = python(tmp_path, "import time; time.sleep(600)")
    child.start()
    try:
        with pytest.raises(HemlineError, match="is already running"):
            child.start()
    finally:
        child.stop()


def test_stop_ends_descendants_in_sessions_of_their_own(tmp_path: Path) -> None:
    child = python(tmp_path, FAMILY, str(tmp_path / "pid"))
    child.start()
    grandchild = int(wait_for(tmp_path / "pid"))

    child.stop(grace_s=0.2)

    assert child.exit_code == -signal.SIGTERM
    assert has_ended(grandchild)


def test_stop_kills_what_ignores_the_request(tmp_path: Path) -> None:
    child = python(tmp_path, STUBBORN)
    child.start()
    wait_for(tmp_path / "logs" / "child.log")
    child.stop(grace_s=0.2)
    assert child.exit_code == -signal.SIGKILL


def test_stop_without_a_start_and_twice(tmp_path: Path) -> None:
    child = python(tmp_path, "pass")
    child.stop()
    child.start()
    child.stop()
    child.stop()


PARENT = """
import sys, time
from pathlib import Path
from hemline.system.child_process import ChildProcess
child = ChildProcess("the child", [sys.executable, "-c", "import time; time.sleep(600)"],
                     log_path=Path(sys.argv[1]) / "log")
child.start()
(Path(sys.argv[1]) / "pid").write_text(str(child.pid))
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([PYTHON, "-c", PARENT, str(tmp_path)])
    child = int(wait_for(tmp_path / "pid"))

    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()

    assert has_ended(child)
