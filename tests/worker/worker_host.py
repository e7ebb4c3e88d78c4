"""`hemline worker` as a real process tree, to be watched and killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

_COMMAND = [sys.executable, "-c", "from hemline.cli import main; main()", "worker"]
_TRAINING = "worker.training.process"


class WorkerHost:
    """One `hemline worker` with the environment of this process."""

    def __init__(self, log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                _COMMAND,
                env={**os.environ, "PYTHONPATH": str(Path.cwd())},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._seen: dict[int, psutil.Process] = {}

    def processes(self) -> list[psutil.Process]:
        """The supervisor's descendants that live."""
        try:
            alive = psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            alive = []
        self._seen |= {process.pid: process for process in alive}
        return [process for process in alive if lives(process)]

    def trainings(self) -> list[psutil.Process]:
        """Training processes that live."""
        return [process for process in self.processes() if _TRAINING in command(process)]

    def main_worker(self, queue: str) -> psutil.Process:
        """The Celery process whose pool works on the queue."""
        found = [
            process
            for process in psutil.Process(self._process.pid).children()
            if f"--queues {queue}" in command(process)
        ]
        (process,) = found
        return process

    def kill(self) -> None:
        """kill -9 of the supervisor alone."""
        self.processes()
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """What Ctrl-C does. Returns the exit status."""
        self.processes()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self._process.wait(60)

    def terminate(self) -> None:
        """SIGTERM to the supervisor, which is not waited for."""
        self.processes()
        self._process.terminate()

    def left_behind(self) -> list[psutil.Process]:
        """Processes that were seen and live on."""
        return [process for process in self._seen.values() if lives(process)]

    def clean_up(self) -> None:
        self.stop()
        for process in self.left_behind():
            process.kill()


def command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
