"""torchrun's agent as Hemline starts it: what processes are told, and what becomes of them."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from hemline.errors import ModelError
from hemline.segmentation.ranks.launch import Hosts, launch
from hemline.segmentation.ranks.place import EXIT_ALL_DONE, EXIT_PARTNER_LOST

LAUNCHER = """
import sys
from hemline.errors import HemlineError
from hemline.segmentation.ranks.launch import Hosts, launch
nodes, node, rendezvous, devices, program = sys.argv[1:]
try:
    hosts = Hosts(int(nodes), int(node), rendezvous)
    sys.exit(launch(["-c", program], int(devices), hosts))
except HemlineError as error:
    sys.exit(f"sentence: {error}")
"""
PLACE = """
from hemline.segmentation.ranks.place import my_place
print(my_place(), flush=True)
"""
RANK = "import os, signal, sys, time\nrank = int(os.environ['RANK'])\n"


def start(
    program: str, *, devices: int = 2, nodes: int = 1, node: int = 0, rendezvous: str = ""
) -> subprocess.Popen[str]:
    arguments = [str(nodes), str(node), rendezvous, str(devices), program]
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ends(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, output and errors."""
    try:
        out, errors = process.communicate()
    finally:
        process.kill()
    return process.returncode, out, errors


def test_a_process_that_is_killed_ends_the_others_with_a_sentence() -> None:
    status, _, errors = ends(
        start(RANK + "rank and os.kill(os.getpid(), signal.SIGKILL)\ntime.sleep(600)")
    )
    assert status == 1
    assert "sentence: training process 2 of 2 (pid " in errors
    assert "ended by SIGKILL, as when memory runs out, and the others with it" in errors
    assert "--resume" in errors
    assert "Traceback" not in errors


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statuses", "status", "sentence"),
    [
        ((3, 0), 3, ""),  # the first process has said why
        ((EXIT_ALL_DONE, 600), 0, ""),
        ((600, 5), 1, "training process 2 of 2"),
        ((EXIT_PARTNER_LOST, 5), 1, "training process 2 of 2"),
    ],
)
def test_the_status_is_the_first_process_s_unless_another_failed(
    statuses: tuple[int, int], status: int, sentence: str
) -> None:
    """600: it goes on for so long."""
    program = f"status = {statuses}[rank]\nstatus == 600 and time.sleep(600)\nsys.exit(status)"
    found, _, errors = ends(start(RANK + program))
    assert found == status
    assert sentence in errors
    assert ("sentence" in errors) == bool(sentence)


@pytest.mark.slow
def test_when_its_launcher_is_killed_a_process_ends_too(tmp_path: Path) -> None:
    program = (
        "from hemline.segmentation.ranks.place import my_place, settle\n"
        "import os, time\n"
        "settle(my_place())\n"
        f"open({str(tmp_path)!r} + '/' + str(os.getpid()), 'w')\n"
        "time.sleep(600)"
    )
    launcher = start(program)
    while len(list(tmp_path.iterdir())) < 2 and launcher.poll() is None:
        time.sleep(0.05)
    launcher.send_signal(signal.SIGKILL)
    launcher.communicate()
    ranks = [int(path.name) for path in tmp_path.iterdir()]
    assert len(ranks) == 2
    while any(map(psutil.pid_exists, ranks)):  # the test's own time limit is what fails
        time.sleep(0.05)


@pytest.mark.slow
def test_nothing_listens_beyond_this_host(tmp_path: Path) -> None:
    program = (
        "import os, time\n"
        "from pathlib import Path\n"
        "from hemline.segmentation.ranks.joining import join_team\n"
        "from hemline.segmentation.ranks.place import my_place\n"
        f"team = join_team(my_place(), 'cpu', 'ddp', Path({str(tmp_path)!r}))\n"
        f"open({str(tmp_path)!r} + '/' + str(os.getpid()), 'w')\n"
        "time.sleep(600)"
    )
    launcher = start(program)
    try:
        while len(list(tmp_path.iterdir())) < 2 and launcher.poll() is None:
            time.sleep(0.05)
        pids = [launcher.pid, *(int(path.name) for path in tmp_path.iterdir())]
        listening = [
            found.laddr.ip
            for pid in pids
            for found in psutil.Process(pid).net_connections()
            if found.status == psutil.CONN_LISTEN
        ]
    finally:
        launcher.terminate()
        launcher.communicate()
    assert len(pids) == 3
    assert set(listening) <= {"127.0.0.1", "::1"}


@pytest.mark.slow
def test_two_hosts_meet_at_an_address() -> None:
    """Both are this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        rendezvous = f"127.0.0.1:{free.getsockname()[1]}"
    hosts = [
        start(PLACE, devices=1, nodes=2, node=node, rendezvous=rendezvous) for node in range(2)
    ]
    found = [ends(process) for process in hosts]
    assert [status for status, _, _ in found] == [0, 0], found
    for node, (_, out, _) in enumerate(found):
        assert f"rank={node}, size=2, local_rank=0, local_size=1, node={node}, nodes=2" in out


@pytest.mark.parametrize(
    ("hosts", "sentence"),
    [
        (Hosts(2, 2, "a:1"), "numbered from 0 to 1"),
        (Hosts(1, 1), "numbered from 0 to 0"),
        (Hosts(1, 0, "a:1"), "has nobody to meet"),
        (Hosts(2, 1), "need HOST:PORT"),
        (Hosts(2, 1, "10.0.0.1"), "need HOST:PORT"),
        (Hosts(2, 1, "10.0.0.1:port"), "need HOST:PORT"),
    ],
)
def test_hosts_that_cannot_meet_are_refused(hosts: Hosts, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        launch(["-c", ""], 1, hosts)
    assert "HEMLINE_RANKS_LAUNCHER" not in os.environ
