"""Starting and stopping Label Studio: the real one, and programs that misbehave in its place."""

import shutil
import socket
import stat
import sys
from pathlib import Path

import psutil
import pytest

from hemline.errors import LabelStudioError
from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.project.config import render_label_config
from hemline.labelstudio.server import LabelStudioServer
from hemline.system.ports import is_port_free, pick_free_port
from tests.labelstudio.web_server import sends, serve
from tests.plugins.label_studio import ACCOUNT


def server(folder: Path, program: str = "", port: int | None = None) -> LabelStudioServer:
    executable = None
    if program:
        executable = folder / "label-studio"
        executable.write_text(f"#!{sys.executable}\n{program}\n")
        executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    return LabelStudioServer(
        folder / "data",
        port=port or pick_free_port(),
        account=ACCOUNT,
        files_root=folder / "files",
        executable=executable,
    )


@pytest.mark.labelstudio
def test_a_second_start_keeps_everything(tmp_path: Path, label_studio_data: Path) -> None:
    shutil.copytree(label_studio_data, tmp_path / "data")
    running = server(tmp_path)
    assert not running.is_first_start
    with running, LabelStudioClient(running.url, ACCOUNT.token) as client:
        project = client.create_project("kept", render_label_config(["garment"]))["id"]
        process = psutil.Process(running.child.pid)
        # Others on this machine can read command lines.
        assert ACCOUNT.password not in " ".join(process.cmdline())
    assert not process.is_running()
    assert is_port_free(running.port)

    moved = server(tmp_path)
    with moved, LabelStudioClient(moved.url, ACCOUNT.token) as client:
        assert client.get_project(project)["title"] == "kept"


def test_a_busy_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(LabelStudioError, match=f"port {port} for Label Studio is in use by"):
            server(tmp_path, "pass", port).start()


def test_a_program_that_ends_at_once(tmp_path: Path) -> None:
    with pytest.raises(LabelStudioError, match=r"ended with code 3 while starting; .*\nno disk"):
        server(tmp_path, "import sys; print('no disk'); sys.exit(3)").start()


def test_a_program_that_never_answers(tmp_path: Path) -> None:
    never = server(tmp_path, "import time; time.sleep(600)")
    never.launch()
    with pytest.raises(LabelStudioError, match=f"did not answer on port {never.port} within 1 s"):
        never.wait(timeout_s=1.0)
    assert not never.child.is_running()


def test_a_port_that_another_program_took_meanwhile(tmp_path: Path) -> None:
    late = server(tmp_path, "import time; time.sleep(600)")
    late.launch()
    with serve(late.port) as web:
        web.answers["/health"] = sends(b"{}")
        with pytest.raises(LabelStudioError, match="was taken by another program"):
            late.wait()
    assert not late.child.is_running()
