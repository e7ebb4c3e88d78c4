"""Sends work to the worker by task name, and never fails the caller when the broker is away."""

import logging
import time
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from hemline.telemetry.spans import carrier, span

if TYPE_CHECKING:
    from celery import Celery

log = logging.getLogger(__name__)

QUEUES = ("ingest", "predict", "train", "export", "housekeeping")

# Longer than the longest training: a shorter one would hand a running task out a second time.
# Every app on the broker must use the same, since the shortest wins.
VISIBILITY_TIMEOUT_S = 24 * 3600

_SOCKET = "redis+socket://"
_QUIET_S = 5.0  # after a failure the broker is left alone this long; the sweep re-sends
_LOG_EVERY_S = 60.0


def send(task_name: str, *args: Any, queue: str) -> bool:
    """Queues a task for the worker. False when the broker is away; the sweep sends it again."""
    from hemline.settings import get_settings

    return sender(get_settings().broker).send(task_name, *args, queue=queue)


@lru_cache(maxsize=4)
def sender(broker: str) -> "Sender":
    """The sender of a broker; it keeps its connections."""
    return Sender(broker)


def redis_address(broker: str) -> str:
    """The broker's address as redis-py writes it, which names sockets otherwise than Celery."""
    return "unix://" + broker.removeprefix(_SOCKET) if broker.startswith(_SOCKET) else broker


def configure(app: "Celery", *, socket_timeout_s: float | None = None) -> None:
    """What the worker's app and the sender's have in common."""
    transport: dict[str, Any] = {"visibility_timeout": VISIBILITY_TIMEOUT_S}
    if socket_timeout_s is not None:
        transport |= {"socket_timeout": socket_timeout_s, "socket_connect_timeout": 1.0}
    app.conf.update(
        broker_transport_options=transport,
        result_backend_transport_options={"visibility_timeout": VISIBILITY_TIMEOUT_S},
        visibility_timeout=VISIBILITY_TIMEOUT_S,
        task_ignore_result=True,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        enable_utc=True,
    )


class Sender:
    """A small Celery producer with short timeouts."""

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._quiet_until = 0.0
        self._logged_at = float("-inf")

    def load(self) -> None:
        """Loads Celery, which takes as long as a fifth of the backend's start. Else the first call
        does."""
        _ = self._app, self._broker_errors

    @cached_property
    def _app(self) -> "Celery":
        from celery import Celery

        app = Celery("hemline.sender", broker=self._broker, set_as_current=False)
        configure(app, socket_timeout_s=2.0)
        app.conf.broker_connection_timeout = 1.0
        return app

    @cached_property
    def _broker_errors(self) -> tuple[type[Exception], ...]:
        from kombu.exceptions import OperationalError

        return OperationalError, OSError

    def send(self, task_name: str, *args: Any, queue: str) -> bool:
        """Queues a task. False when the broker is away, or was within the last seconds."""
        if time.monotonic() < self._quiet_until:
            return False
        try:
            with span(f"send {task_name}", kind="producer", notes={"messaging.system": "celery"}):
                self._app.send_task(
                    task_name,
                    args=args,
                    queue=queue,
                    headers=carrier(),
                    ignore_result=True,
                    retry=True,
                    retry_policy={
                        "max_retries": 1,
                        "interval_start": 0,
                        "interval_step": 0.05,
                        "interval_max": 0.05,
                    },
                )
        except self._broker_errors as error:
            self._away(task_name, error)
            return False
        return True

    def waiting(self, queue: str) -> int | None:
        """Messages that wait in a queue; None when the broker is away."""
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, timeout=1)
                declared = connection.default_channel.queue_declare(queue, passive=False)
                return int(declared.message_count)
        except self._broker_errors as error:
            self._away(f"the length of queue {queue}", error)
            return None

    def _away(self, what: str, error: Exception) -> None:
        now = time.monotonic()
        self._quiet_until = now + _QUIET_S
        if now - self._logged_at > _LOG_EVERY_S:
            self._logged_at = now
            log.warning("Redis is away, %s waits for the sweep: %s", what, error)
