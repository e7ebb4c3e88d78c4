"""A child process that logs to a file and never outlives the process that started it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from hemline.errors import HemlineError
from hemline.files import PRIVATE_UMASK

_TAIL_BYTES = 64 * 1024

# Runs between fork and the command itself, in a Python of its own: preexec_fn would run in a fork
# of a process that has threads. The parent may be gone before prctl was called, hence the check.
_LAUNCHER = """
import ctypes, os, sys
parent, death_signal, nice, *command = sys.argv[1:]
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, int(death_signal))  # PR_SET_PDEATHSIG
if os.getppid() != int(parent):
    sys.exit("the process that wanted this one is gone")
os.nice(int(nice))
try:
    os.execvp(command[0], command)
except OSError as error:
    sys.exit(f"{command[0]}: {error.strerror}")
"""


class ChildProcess:
    """One command as a child in a session of its own, its output appended to a log file.

    Without a log file it writes where this process writes. Linux sends the child `death_signal`
    when the *thread* that called `start` ends, so call it from the main thread. Ctrl-C in the
    terminal does not reach the child; `stop` ends it. `nice` lowers its priority. What it writes is
    for this user alone.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log_path: Path | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        death_signal: signal.Signals = signal.SIGTERM,
        nice: int = 0,
    ) -> None:
        self.name = name
        self.log_path = log_path
        self._command = list(command)
        self._env = None if env is None else dict(env)
        self._cwd = cwd
        self._options = [str(int(death_signal)), str(nice)]
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def start(self) -> None:
        """Start the command. Raises HemlineError if it runs already."""
        if self.is_running():
            raise HemlineError(
                f"{self.name} is already running, as process {self.pid}; stop it first"
            )
        if self.log_path is None:
            self._process = self._start(None)
            return
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            self._process = self._start(log)

    def _start(self, log: IO[bytes] | None) -> subprocess.Popen[bytes]:
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *self._options]
        return subprocess.Popen(
            launcher + self._command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=None if log is None else subprocess.STDOUT,
            env=self._env,
            cwd=self._cwd,
            start_new_session=True,
            umask=PRIVATE_UMASK,
        )

    @property
    def pid(self) -> int:
        """Process id, which is also its group's. Raises HemlineError before `start`."""
        if self._process is None:
            raise HemlineError(f"{self.name} was not started")
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code (negative: the signal that ended it); None if it runs or never ran."""
        return None if self._process is None else self._process.poll()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of what was logged since `start`."""
        if self.log_path is None or not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - _TAIL_BYTES))
            text = log.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def wait(self, timeout_s: float | None = None) -> int | None:
        """The exit code once the child has ended; None if it still runs after `timeout_s`."""
        try:
            return None if self._process is None else self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, sent: signal.Signals) -> None:
        """Send the child alone a signal, not its descendants."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(sent)

    def stop(self, *, grace_s: float = 10.0) -> None:
        """End the child and all its descendants: SIGTERM, and SIGKILL after `grace_s` seconds.

        Safe to call twice, before `start`, and after the child ended by itself.
        """
        if self._process is None:
            return
        # Once the child is reaped its id may be another's; its group's id is not while any is left.
        descendants = _descendants(self._process.pid) if self.is_running() else []
        _signal_group(self._process.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        if self.wait(grace_s) is not None:
            # psutil would reap the child too, and its exit code would be lost.
            psutil.wait_procs(descendants, timeout=max(0.0, deadline - time.monotonic()))
        for process in descendants:
            _kill(process)
        _signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _descendants(pid: int) -> list[psutil.Process]:
    """Children and theirs, those in sessions of their own included."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _signal_group(pgid: int, sent: signal.Signals) -> None:
    # macOS answers EPERM where Linux answers ESRCH: for a group whose last process is a zombie.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pgid, sent)


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()
