"""Whether the broker answers, looked at from a thread of its own so that no request waits."""

import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from backend.monitoring.metrics import Metrics
from hemline.system.queue import redis_address

if TYPE_CHECKING:
    from redis import Redis

_EVERY_S = 5.0
_EVERY_S_WHILE_AWAY = 0.5  # a start waits for the broker


class BrokerWatch:
    """Pings Redis every few seconds. Its thread calls `load` first."""

    def __init__(
        self, url: str, metrics: Metrics, *, load: Callable[[], object] | None = None
    ) -> None:
        self._url = url
        self._load = load
        self._metrics = metrics
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.up = False

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="broker-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=0.5)
        if "_redis" in vars(self):
            self._redis.close()

    def look(self) -> bool:
        """Pings once."""
        from redis.exceptions import RedisError

        try:
            self.up = bool(self._redis.ping())
        except (RedisError, OSError):
            self.up = False
        self._metrics.broker_up.set(self.up)
        return self.up

    @cached_property
    def _redis(self) -> "Redis":
        from redis import (
            Redis,
        )  # as long as a tenth of the backend's start, and no request needs it

        return Redis.from_url(
            redis_address(self._url), socket_timeout=1.0, socket_connect_timeout=1.0, retry=None
        )

    def _run(self) -> None:
        if self._load is not None:
            self._load()
        while not self._stopping.is_set():
            self._stopping.wait(_EVERY_S if self.look() else _EVERY_S_WHILE_AWAY)
