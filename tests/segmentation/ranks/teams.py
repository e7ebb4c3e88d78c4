"""Processes that form a team without torchrun's agent, which takes a while to start."""

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hemline.segmentation.ranks.place import RENDEZVOUS


class TeamOfProcesses:
    """`size` processes that play scenes on this machine, each on a thread of its own."""

    def __init__(
        self, folder: Path, names: Sequence[str], *, size: int = 2, nodes: int = 1
    ) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        local = size // nodes
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.segmentation.ranks.member", str(folder), *names],
                env={
                    **os.environ,
                    "TORCHELASTIC_RUN_ID": "test",
                    "RANK": str(rank),
                    "WORLD_SIZE": str(size),
                    "LOCAL_RANK": str(rank % local),
                    "LOCAL_WORLD_SIZE": str(local),
                    "GROUP_RANK": str(rank // local),
                    RENDEZVOUS: str(folder / "rendezvous"),
                    "GLOO_SOCKET_IFNAME": "lo",
                    "OMP_NUM_THREADS": "1",
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for rank in range(size)
        ]

    def results(self) -> dict[str, Any]:
        """What came of each scene, once all are played."""
        try:
            said = [process.communicate()[0] for process in self._processes]
        finally:
            for process in self._processes:
                process.kill()
        assert [process.returncode for process in self._processes] == [0] * len(said), said
        results: dict[str, Any] = pickle.loads((self._folder / "results").read_bytes())
        return results
