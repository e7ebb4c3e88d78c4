"""What must be there before the demo starts anything; each lack is one sentence."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hemline.errors import HemlineError
from hemline.labelstudio.server import find_executable
from hemline.system.ports import is_port_free, port_user

NEEDED_BYTES = 10**9


def check_machine(home: Path, *, label_studio_port: int, backend_port: int) -> None:
    """Raises HemlineError for a lack of Label Studio, of disk or of a free port."""
    find_executable()
    free = shutil.disk_usage(home).free
    if free < NEEDED_BYTES:
        raise HemlineError(
            f"{home} has {free / 1e6:.0f} MB free and the demo needs {NEEDED_BYTES / 1e6:.0f} MB; "
            "free some, or choose another disk with --home"
        )
    if label_studio_port == backend_port:
        raise HemlineError(f"Label Studio and the backend cannot both have port {backend_port}")
    _check_port("Label Studio", label_studio_port, "--port")
    _check_port("the backend", backend_port, "--backend-port")


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the folder; raises HemlineError if another demo has it, or it cannot be written."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = (home / "lock").open("a+")
    except OSError as error:
        raise HemlineError(
            f"cannot write to {home} ({error.strerror}); choose another folder with --home"
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise HemlineError(
                f"a demo is already running in {home}, as process {handle.read().strip() or '?'}; "
                "stop it with Ctrl-C, or choose another folder with --home"
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def _check_port(name: str, port: int, option: str) -> None:
    if not is_port_free(port):
        raise HemlineError(
            f"port {port} for {name} is in use{port_user(port)}; stop it, or choose another: "
            f".venv/bin/hemline demo {option} {port + 1}"
        )
