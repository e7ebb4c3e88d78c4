"""Label Studio, backend and worker as children in one folder, up together and down together."""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from hemline.demo.environment import child_environment
from hemline.errors import HemlineError
from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.project.connect import Connection, connect
from hemline.labelstudio.server import Account, LabelStudioServer
from hemline.settings import Settings
from hemline.system.child_process import ChildProcess
from hemline.system.ports import LOOPBACK, is_port_free, port_user

_POLL_S = 0.5
_BACKEND_TIMEOUT_S = 120.0
_LOG_BYTES = 10 * 2**20  # a log longer than this is put aside at the next start
_GRACE_S = {"Label Studio": 5.0, "the backend": 10.0, "the worker": 25.0}

Told = Callable[[str], None]


def stack_settings(
    home: Path,
    account: Account,
    *,
    label_studio_port: int,
    backend_port: int,
    webhook_secret: str,
    **others: object,
) -> Settings:
    """Settings of a stack in a folder: everything in it, nothing from the environment but what
    says how and not where (device, recipe, thresholds). `others` are fields of Settings."""
    where: dict[str, object] = {
        "home": home.absolute(),
        "database_url": "",
        "redis_url": "",
        "artifact_url": "",
        "label_studio_url": f"http://{LOOPBACK}:{label_studio_port}",
        "label_studio_public_url": "",
        "label_studio_api_key": account.token,
        "image_hosts": (),
        "local_files_root": None,
        "host": LOOPBACK,
        "port": backend_port,
        "basic_auth_user": "",
        "basic_auth_pass": "",
        "webhook_secret": webhook_secret,
        "secret_key": "",
    }
    return Settings.model_validate(where | others)


class Stack:
    """The three programs of one deployment. A context manager; use it in the main thread.

    Label Studio keeps its data in `home/label-studio` and serves files below `files_root`; each
    program logs to `home/logs`. When the process that holds the stack is killed, the kernel ends
    the children.
    """

    def __init__(self, settings: Settings, account: Account) -> None:
        self.settings = settings
        self.account = account
        self.home = settings.home_path
        self.files_root = self.home / "photos"
        self.backend_url = f"http://{LOOPBACK}:{settings.port}"
        self.client = LabelStudioClient(settings.label_studio_url, settings.label_studio_api_key)
        self.label_studio = LabelStudioServer(
            self.home / "label-studio",
            port=urlsplit(settings.label_studio_url).port or 80,
            account=account,
            files_root=self.files_root,
            log_path=self.home / "logs" / "label-studio.log",
        )
        self.backend = self._hemline("the backend", "backend")
        self.worker = self._hemline("the worker", "worker")

    @property
    def url(self) -> str:
        """Label Studio's address."""
        return self.label_studio.url

    def start(self, *, on_wait: Told = lambda waiting_for: None) -> None:
        """Start everything and return when Label Studio and the backend answer.

        `on_wait` is told, again and again, what is waited for.

        Raises HemlineError if a port is busy, a program is missing, or one ends while starting;
        what was started is then ended.
        """
        self._check_ports()
        self._put_old_logs_aside()
        try:
            first = self.label_studio.is_first_start
            self.label_studio.launch()
            self.backend.start()  # which brings the store's schema up to date, too
            waiting_for = "Label Studio makes its database" if first else "Label Studio"

            def look(_: float) -> None:
                self.check()
                on_wait(waiting_for)

            self.label_studio.wait(on_wait=look)
            # Only now: its processes would keep the cores from the two that people wait for.
            self.worker.start()
            self._wait_for_backend(on_wait)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every process that was started, and what those started."""
        children = [child for child in self._children() if child.is_running()]
        for child in children:
            child.send_signal(signal.SIGTERM)  # to all at first, so that they end side by side
        for child in reversed(self._children()):
            child.stop(grace_s=_GRACE_S[child.name])
        self.client.close()

    def check(self) -> None:
        """Raises HemlineError, with the end of its log, if one of the programs has ended."""
        for child in self._children():
            if child.exit_code is not None:
                raise HemlineError(
                    f"{child.name} ended with code {child.exit_code}; the end of {child.log_path} "
                    f"says:\n{child.log_tail()}"
                )

    def connect(self, project_id: int, *, first_model: bool = False) -> Connection:
        """Connect a project of this Label Studio to this backend; see `connect.connect`."""
        return connect(
            self.client,
            self.settings,
            project_id,
            backend_url=self.backend_url,
            first_model=first_model,
        )

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

    def _hemline(self, name: str, command: str) -> ChildProcess:
        return ChildProcess(
            name,
            [str(Path(sys.executable).with_name("hemline")), command],
            log_path=self.home / "logs" / f"{command}.log",
            env=child_environment(self.settings),
        )

    def _children(self) -> list[ChildProcess]:
        own = [self.label_studio.child] if self.label_studio.was_launched else []
        return [*own, self.backend, self.worker]

    def _check_ports(self) -> None:
        for port, name in (
            (self.label_studio.port, "Label Studio"),
            (self.settings.port, "backend"),
        ):
            if not is_port_free(port):
                raise HemlineError(f"port {port} for the {name} is in use{port_user(port)}")

    def _put_old_logs_aside(self) -> None:
        for log in (self.home / "logs").glob("*.log"):
            if log.stat().st_size > _LOG_BYTES:
                log.replace(log.with_suffix(".log.old"))

    def _wait_for_backend(self, on_wait: Told) -> None:
        deadline = time.monotonic() + _BACKEND_TIMEOUT_S
        problem = "it does not answer"
        with httpx.Client(base_url=self.backend_url, timeout=5.0, trust_env=False) as probe:
            while time.monotonic() < deadline:
                self.check()
                on_wait("the backend")
                try:
                    answer = probe.get("/readyz")
                except httpx.HTTPError:
                    pass
                else:
                    if answer.is_success and answer.json()["broker"] == "up":
                        return
                    problem = answer.json()["problem"] or "the worker's Redis does not answer"
                time.sleep(_POLL_S)
        raise HemlineError(
            f"the backend is not ready after {_BACKEND_TIMEOUT_S:.0f} s: {problem}; see "
            f"{self.home / 'logs'}"
        )
