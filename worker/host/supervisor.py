"""Keeps the processes of one host running: starts them, restarts what dies, ends all at once."""

import logging
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from hemline.errors import HemlineError
from hemline.system.child_process import ChildProcess
from worker.host.embedded_redis import EmbeddedRedis

log = logging.getLogger(__name__)

_POLL_S = 0.5
_LAST_GRACE_S = 0.2  # each, after the grace of all
_REDIS_CHECK_S = 2.0
_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 30.0
_STABLE_AFTER_S = 60.0  # a process that lived this long is started anew without a longer delay


@dataclass(frozen=True, slots=True)
class Kept:
    """One process to keep running, and the signal that asks it to end."""

    process: ChildProcess
    stop_signal: signal.Signals = signal.SIGTERM


class Supervisor:
    """Runs processes, and Redis where it is ours, until it is asked to stop."""

    def __init__(
        self, kept: Sequence[Kept], *, redis: EmbeddedRedis | None, grace_s: float
    ) -> None:
        self._keepers = [_Keeper(item) for item in kept]
        self._redis = redis
        self._grace_s = grace_s
        self._stop = threading.Event()

    def run(self) -> None:
        """Blocks until SIGINT or SIGTERM, then ends every process it started.

        Raises:
            HemlineError: the embedded Redis does not start.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stop.set())
        if self._redis is not None:
            self._redis.ensure()
        try:
            self._watch()
        finally:
            self._end()

    def _watch(self) -> None:
        redis_checked = time.monotonic()
        while not self._stop.is_set():
            if time.monotonic() - redis_checked > _REDIS_CHECK_S:
                self._keep_redis()
                redis_checked = time.monotonic()
            for keeper in self._keepers:
                keeper.keep()
            self._stop.wait(_POLL_S)

    def _keep_redis(self) -> None:
        """A Redis that does not come back (a full disk) is tried again, the rest goes on."""
        if self._redis is None:
            return
        try:
            self._redis.ensure()
        except HemlineError as error:
            log.error("%s", error)

    def _end(self) -> None:
        for keeper in self._keepers:
            keeper.kept.process.send_signal(keeper.kept.stop_signal)
        deadline = time.monotonic() + self._grace_s
        for keeper in self._keepers:
            keeper.kept.process.wait(max(0.0, deadline - time.monotonic()))
        for keeper in self._keepers:
            keeper.kept.process.stop(grace_s=_LAST_GRACE_S)
        if self._redis is not None:
            self._redis.stop()


class _Keeper:
    """One process, and when it may be started again."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self._started = float("nan")
        self._start_at: float | None = 0.0  # None while it runs
        self._delay = 0.0

    def keep(self) -> None:
        """Starts the process if it does not run and its delay is over."""
        now = time.monotonic()
        if self._start_at is None and not self.kept.process.is_running():
            self._died(now)
        if self._start_at is not None and now >= self._start_at:
            self.kept.process.start()
            self._started, self._start_at = now, None

    def _died(self, now: float) -> None:
        lived = now - self._started
        self._delay = next_delay(self._delay, lived)
        self._start_at = now + self._delay
        log.warning(
            "%s ended with status %s after %.0f s and will be restarted in %.1f s",
            self.kept.process.name,
            self.kept.process.exit_code,
            lived,
            self._delay,
        )
        self.kept.process.stop(grace_s=0.0)  # what it left behind


def next_delay(delay: float, lived_s: float) -> float:
    """Seconds before a process that lived `lived_s` is started again, after a delay before."""
    if lived_s > _STABLE_AFTER_S:
        return _FIRST_DELAY_S
    return min(_LONGEST_DELAY_S, max(_FIRST_DELAY_S, delay * 2))
