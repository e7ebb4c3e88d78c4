"""What the demo asks of the machine before it starts anything."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hemline.demo import checks
from hemline.demo.checks import check_machine, only_one
from hemline.errors import HemlineError
from hemline.labelstudio import server
from hemline.system.ports import pick_free_port


@pytest.fixture(autouse=True)
def _label_studio_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_executable", lambda: Path("/usr/bin/label-studio"))


def test_nothing_lacks(tmp_path: Path) -> None:
    check_machine(tmp_path, label_studio_port=pick_free_port(), backend_port=pick_free_port())


@pytest.mark.parametrize(
    ("busy", "sentence"),
    [
        ("label_studio_port", "for Label Studio is in use by .*hemline demo --port"),
        ("backend_port", "for the backend is in use by .*hemline demo --backend-port"),
    ],
)
def test_a_busy_port(tmp_path: Path, busy: str, sentence: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ports = {"label_studio_port": pick_free_port(), "backend_port": pick_free_port()}
        ports[busy] = listening.getsockname()[1]
        with pytest.raises(HemlineError, match=f"port {ports[busy]} {sentence}") as caught:
            check_machine(tmp_path, **ports)
        assert f"process {os.getpid()}" in str(caught.value)


def test_one_port_for_two(tmp_path: Path) -> None:
    port = pick_free_port()
    with pytest.raises(HemlineError, match=f"cannot both have port {port}"):
        check_machine(tmp_path, label_studio_port=port, backend_port=port)


def test_too_little_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "NEEDED_BYTES", 10**18)
    with pytest.raises(HemlineError, match=f"{tmp_path} has .* MB free and the demo needs"):
        check_machine(tmp_path, label_studio_port=pick_free_port(), backend_port=pick_free_port())


def test_label_studio_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(server, "__file__", str(tmp_path / "hemline" / "labelstudio" / "server.py"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HemlineError, match="run `make labelstudio`"):
        server.find_executable()


HOLD = """
import sys, time
from pathlib import Path
from hemline.demo.checks import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_demo_in_one_folder(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with (
            pytest.raises(
                HemlineError, match=f"is already running in {tmp_path}, as process {first.pid}"
            ),
            only_one(tmp_path),
        ):
            pass
        first.kill()
        first.wait()
    with only_one(tmp_path):
        pass


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(HemlineError, match="cannot write to"),
        only_one(tmp_path / "file" / "home"),
    ):
        pass
