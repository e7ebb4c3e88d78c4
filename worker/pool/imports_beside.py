"""Imports into Label Studio beside the predictions, in a thread of their own."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillAtWork

from worker.jobs import JobLost

_AT_ONCE = 50
_TICK_S = 1.0


class ImportsBeside:
    """Gives Label Studio what is stored, in a thread of its own, so that photos go on meanwhile.

    What `work` raises is raised by the next call here.
    """

    def __init__(self, work: Callable[[Callable[[], None]], None]) -> None:
        self._work = work
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="import")
        self._running: Future[None] | None = None
        self._waiting = 0
        self._stopped = threading.Event()

    def stored(self, number: int) -> None:
        """So many more predictions wait to be imported."""
        self._waiting += number
        if self._running is not None and self._running.done():
            self._running.result()
            self._running = None
        if self._running is None and self._waiting >= _AT_ONCE:
            self._start()

    def finish(self, stay: Callable[[], None]) -> None:
        """Imports what is left; `stay` is called now and then."""
        if self._running is not None:
            self._wait(self._running, stay)
        self._wait(self._start(), stay)

    def stop(self) -> None:
        """Returns when no import is at work any more; what is left stays."""
        self._stopped.set()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> Future[None]:
        self._waiting = 0
        self._running = self._executor.submit(self._work, self._go_on)
        return self._running

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise JobLost

    @staticmethod
    def _wait(running: Future[None], stay: Callable[[], None]) -> None:
        while True:
            try:
                return running.result(timeout=_TICK_S)
            except StillAtWork:
                if running.done():  # its own: a TimeoutError of the work
                    raise
                stay()
