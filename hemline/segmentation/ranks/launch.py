"""Starts the processes of a training under torchrun's agent, and says how they ended."""

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from hemline.errors import ModelError
from hemline.segmentation.ranks.place import (
    EXIT_ALL_DONE,
    EXIT_PARTNER_LOST,
    LAUNCHER,
    RENDEZVOUS,
)

_LOOPBACK = "127.0.0.1"
_END_S = 120  # for the batch that Ctrl-C lets end, and its checkpoint
_JOIN_S = 900  # for the other hosts to come
_CUT_OFF = (EXIT_PARTNER_LOST, -signal.SIGTERM)
_GO_ON = "continue from the last checkpoint with --resume (a worker does so by itself)"


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts of a training: how many there are, which of them this one is, counted from 0, and
    HOST:PORT of the first, where they meet. Of one host nothing more is needed."""

    nodes: int = 1
    node: int = 0
    rendezvous: str = ""


def launch(command: Sequence[str], devices: int, hosts: Hosts = Hosts()) -> int:
    """Runs Python with `command` as `devices` processes on this host and waits for them.

    Each knows its place by torchrun's variables. Returns the exit status of the first process, or
    128 and the signal's number if one was sent to end them. On one host nothing listens beyond it.

    Raises:
        ModelError: the hosts cannot meet, or a process ended that should not; torchrun has ended
            the others.
    """
    _check(hosts)
    with tempfile.TemporaryDirectory(prefix="hemline-ranks-") as folder:
        config = LaunchConfig(
            min_nodes=hosts.nodes,
            max_nodes=hosts.nodes,
            nproc_per_node=devices,
            run_id="hemline",
            max_restarts=0,  # what is interrupted goes on from its checkpoint
            shutdown_timeout=_END_S,
            **_meeting(hosts, Path(folder)),
        )
        os.environ.update(_environment(hosts, Path(folder)))
        try:
            with _quiet():
                elastic_launch(config, sys.executable)(*command)
        except SignalException as error:
            return 128 + int(error.sigval)
        except ChildFailedError as error:
            return _status(error.failures, devices, hosts)
        except Exception as error:
            if hosts.nodes == 1:
                raise
            raise ModelError(
                f"the {hosts.nodes} hosts did not meet at {hosts.rendezvous} ({error}); start the "
                f"same command on each within {_JOIN_S // 60} minutes, with --node from 0 to "
                f"{hosts.nodes - 1}, 0 at that address"
            ) from error
    return 0


def _check(hosts: Hosts) -> None:
    if not 0 <= hosts.node < hosts.nodes:
        raise ModelError(
            f"--node is {hosts.node}, but {hosts.nodes} hosts are numbered from 0 to "
            f"{hosts.nodes - 1}; give each its own number"
        )
    if hosts.nodes == 1 and hosts.rendezvous:
        raise ModelError(
            f"--rendezvous is '{hosts.rendezvous}', but one host has nobody to meet; give the "
            "number of hosts with --nodes, or leave it out"
        )
    host, colon, port = hosts.rendezvous.rpartition(":")
    if hosts.nodes > 1 and not (host and colon and port.isdecimal()):
        raise ModelError(
            f"--rendezvous is '{hosts.rendezvous}', but {hosts.nodes} hosts need HOST:PORT of the "
            "first of them to meet at, such as 10.0.0.1:29500"
        )


def _meeting(hosts: Hosts, folder: Path) -> dict[str, Any]:
    if hosts.nodes == 1:
        return {
            "rdzv_backend": "c10d",
            "rdzv_endpoint": str(folder / "agents"),
            "rdzv_configs": {"store_type": "file"},
        }
    return {
        "rdzv_backend": "static",
        "rdzv_endpoint": hosts.rendezvous,
        "rdzv_configs": {"rank": hosts.node, "timeout": _JOIN_S},
    }


def _environment(hosts: Hosts, folder: Path) -> dict[str, str]:
    found = {LAUNCHER: str(os.getpid())}
    if hosts.nodes > 1:
        return found
    found |= {
        RENDEZVOUS: str(folder / "processes"),
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",  # which listens on every address
    }
    if name := _loopback():
        found["GLOO_SOCKET_IFNAME"] = name
    return found


def _loopback() -> str | None:
    """The name of the network interface that only this host has, such as lo."""
    for name, addresses in psutil.net_if_addrs().items():
        if any(found.address == _LOOPBACK for found in addresses):
            return name
    return None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without torchrun's own log: what it has to say is said here, in a sentence."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def _status(failures: Mapping[int, Any], devices: int, hosts: Hosts) -> int:
    """The first process's own status; raises ModelError where another was the one that failed."""
    first = failures.get(0)
    if first is not None and first.exitcode == EXIT_ALL_DONE:
        return 0
    if first is not None and 0 < first.exitcode != EXIT_PARTNER_LOST:
        return int(first.exitcode)
    rank, failed = min(failures.items(), key=_guilt)
    total = devices * hosts.nodes
    if all(each.exitcode in _CUT_OFF for each in failures.values()) and hosts.nodes > 1:
        raise ModelError(
            f"a training process on another host ended, and those on this host with it; look at "
            f"that host's output, then {_GO_ON}"
        )
    raise ModelError(
        f"training process {rank + 1} of {total} (pid {failed.pid}) ended {_how(failed.exitcode)}, "
        f"and the others with it; {_GO_ON}"
    )


def _guilt(item: tuple[int, Any]) -> tuple[bool, bool, bool]:
    """Who was killed comes before who failed, then who was ended as torchrun ends those that are
    left, and last who was cut off. Of two alike, torchrun names the one first that ended first."""
    status = item[1].exitcode
    return status == EXIT_PARTNER_LOST, status == -signal.SIGTERM, status > 0


def _how(status: int) -> str:
    if status > 0:
        return f"with status {status}; its last words are above"
    name = signal.Signals(-status).name
    why = ", as when memory runs out" if name == "SIGKILL" else ""
    return f"by {name}{why}"
