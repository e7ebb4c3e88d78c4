"""A real Label Studio as a child process, on SQLite, in a folder of its own."""

import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil

from hemline.errors import HemlineError, LabelStudioError
from hemline.system.child_process import ChildProcess
from hemline.system.ports import LOOPBACK, is_port_free, port_user

FIRST_START_TIMEOUT_S = 300.0
_POLL_S = 0.25
# What the child may see of our environment. Label Studio reads many bare names such as HOST,
# USERNAME and DEBUG, so it is given none that were meant for something else.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True)
class Account:
    """The first user of a Label Studio. The token is a legacy one: 40 hexadecimal digits."""

    email: str = "demo@hemline.local"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    token: str = field(default_factory=lambda: secrets.token_hex(20))


class LabelStudioServer:
    """Label Studio from its own virtual environment, listening on loopback.

    The account is created at the first start in a folder; later starts in that folder must be
    given the same one. Files below `files_root` can be served to projects that have a local files
    storage covering them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        account: Account,
        files_root: Path,
        log_path: Path | None = None,
        executable: Path | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.port = port
        self.account = account
        self.files_root = files_root.absolute()
        self.url = f"http://{LOOPBACK}:{port}"
        self._executable = executable
        self._log_path = log_path or self.folder / "label-studio.log"
        self._child: ChildProcess | None = None

    @property
    def is_first_start(self) -> bool:
        """Whether the folder has no database yet, which makes the start slow."""
        return not (self.folder / "label_studio.sqlite3").exists()

    @property
    def child(self) -> ChildProcess:
        """The running process. Raises LabelStudioError before `start`."""
        if self._child is None:
            raise LabelStudioError("Label Studio was not started here")
        return self._child

    @property
    def was_launched(self) -> bool:
        return self._child is not None

    def start(self) -> None:
        """Launch and wait. Raises LabelStudioError as `launch` and `wait` do."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start the process. Raises LabelStudioError if the port is busy or no program is there."""
        executable = self._executable or find_executable()
        # Label Studio would move to another port with no more than a line in its log.
        if not is_port_free(self.port):
            raise LabelStudioError(
                f"port {self.port} for Label Studio is in use{port_user(self.port)}; stop it or "
                "choose another port"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self.files_root.mkdir(parents=True, exist_ok=True)
        self._child = ChildProcess(
            "Label Studio",
            [
                str(executable),
                "start",
                "--no-browser",
                "--internal-host",
                LOOPBACK,
                "--port",
                str(self.port),
            ],
            log_path=self._log_path,
            env=self._environment(),
            cwd=self.folder,
        )
        self._child.start()

    def wait(
        self,
        *,
        timeout_s: float = FIRST_START_TIMEOUT_S,
        on_wait: Callable[[float], None] = lambda _passed_s: None,
    ) -> None:
        """Return when Label Studio answers; `on_wait` is told the seconds passed.

        Raises LabelStudioError if the process ends or nothing answers within `timeout_s` seconds;
        the process is then ended.
        """
        try:
            self._wait(timeout_s, on_wait)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End Label Studio and every process it started."""
        if self._child is not None:
            # It has no handler for SIGTERM: it ends at once, and SQLite keeps what was committed.
            self._child.stop(grace_s=5.0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _environment(self) -> dict[str, str]:
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return passed_on | {
            "HOME": str(self.folder),
            "LABEL_STUDIO_BASE_DATA_DIR": str(self.folder),
            "LABEL_STUDIO_HOST": self.url,
            # The password and token are not on the command line, where every user could read them.
            "LABEL_STUDIO_USERNAME": self.account.email,
            "LABEL_STUDIO_PASSWORD": self.account.password,
            "LABEL_STUDIO_USER_TOKEN": self.account.token,
            "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
            "DISABLE_SIGNUP_WITHOUT_LINK": "true",
            # Two switches guard addresses on this machine, one for backends and one for webhooks.
            "ML_BLOCK_LOCAL_IP": "false",
            "SSRF_PROTECTION_ENABLED": "false",
            "LOCAL_FILES_SERVING_ENABLED": "true",
            "LOCAL_FILES_DOCUMENT_ROOT": str(self.files_root),
            "COLLECT_ANALYTICS": "false",
            "LATEST_VERSION_CHECK": "false",
            "SENTRY_DSN": "",
            "FRONTEND_SENTRY_DSN": "",
            "LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
        }

    def _wait(self, timeout_s: float, on_wait: Callable[[float], None]) -> None:
        started = time.monotonic()
        with httpx.Client(base_url=self.url, timeout=5.0, trust_env=False) as probe:
            while not _answers(probe):
                passed = time.monotonic() - started
                if self.child.exit_code is not None:
                    raise LabelStudioError(
                        f"Label Studio ended with code {self.child.exit_code} while starting; the "
                        f"end of {self._log_path} says:\n{self.child.log_tail()}"
                    )
                if passed > timeout_s:
                    raise LabelStudioError(
                        f"Label Studio did not answer on port {self.port} within {timeout_s:.0f} "
                        f"s; see {self._log_path}"
                    )
                on_wait(passed)
                time.sleep(_POLL_S)
        if not _listens(self.child.pid, self.port):
            raise LabelStudioError(
                f"port {self.port} was taken by another program while Label Studio started; "
                "choose another port"
            )


def find_executable() -> Path:
    """The label-studio program: of the checkout's own environment, else on the PATH.

    Raises HemlineError if there is none.
    """
    own = Path(__file__).resolve().parents[2] / ".labelstudio" / "venv" / "bin" / "label-studio"
    if own.exists():
        return own
    found = shutil.which("label-studio", path=_path_without_this_environment())
    if found is None:
        raise HemlineError(
            f"Label Studio is not installed: neither {own} nor a label-studio on the PATH exists; "
            "run `make labelstudio`"
        )
    return Path(found)


def _path_without_this_environment() -> str:
    """PATH less our own environment, where Label Studio's pins would have broken ours."""
    own = Path(sys.prefix) / "bin"
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if Path(folder) != own)


def _answers(probe: httpx.Client) -> bool:
    try:
        return probe.get("/health").is_success
    except httpx.HTTPError:
        return False


def _listens(pid: int, port: int) -> bool:
    """Whether the process or one of its descendants listens on the port."""
    try:
        leader = psutil.Process(pid)
        family = [leader, *leader.children(recursive=True)]
        return any(
            connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            for process in family
            for connection in process.net_connections("inet")
        )
    except psutil.Error:
        return False
