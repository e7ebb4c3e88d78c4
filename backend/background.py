"""Small follow-up work that must not delay an answer: telling the worker, mostly."""

import queue
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

import structlog

log = structlog.get_logger(__name__)

Work = Callable[[], object]

_REST_S = 0.1


class BackgroundQueue:
    """One thread and a bounded queue. What does not fit is dropped: the worker's sweep finds it."""

    def __init__(self, *, limit: int = 1000) -> None:
        self._queue: queue.Queue[Work | None] = queue.Queue(limit)
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, work: Work) -> bool:
        """Queues `work`, which is done in the context of who asks: its log lines and spans are the
        request's. Never waits, never raises. False when the queue is full."""
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="background", daemon=True)
                self._thread.start()
        try:
            self._queue.put_nowait(partial(copy_context().run, work))
        except queue.Full:
            log.warning("the background queue is full; the sweep will pick up what was left out")
            return False
        return True

    def stop(self, *, timeout_s: float = 2.0) -> None:
        """Finishes what is queued, for at most `timeout_s`."""
        with self._start:
            thread, self._thread = self._thread, None
        if thread is not None:
            try:
                self._queue.put(None, timeout=timeout_s)
            except queue.Full:
                return
            thread.join(timeout_s)

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                work()
            except Exception:
                log.exception("background work failed")


class Reminder:
    """Work that tells somebody the same each time, such as that deliveries wait: it is done at
    once, and then once for all who ask for it within a moment."""

    def __init__(self, background: BackgroundQueue, work: Work) -> None:
        self._background = background
        self._work = work
        self._lock = threading.Lock()
        self._is_asked_for = False
        self._rests_until = 0.0  # time.monotonic()

    def remind(self) -> None:
        """Has the work done, after all that its caller has done; never waits, never raises."""
        with self._lock:
            if self._is_asked_for:
                return
            self._is_asked_for = True
            rest_s = self._rests_until - time.monotonic()
        if rest_s <= 0:
            self._submit()
            return
        timer = threading.Timer(rest_s, copy_context().run, (self._submit,))
        timer.daemon = True
        timer.start()

    def _submit(self) -> None:
        if not self._background.submit(self._do):
            with self._lock:
                self._is_asked_for = False

    def _do(self) -> None:
        with self._lock:  # who asks from now on asks again
            self._is_asked_for = False
            self._rests_until = time.monotonic() + _REST_S
        self._work()
