"""The one thread that predictions run on: a person who opens a task goes before a batch."""

import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(order=True)
class _Work:
    rank: int
    number: int
    call: Callable[[], Any] = field(compare=False)
    future: "Future[Any]" = field(compare=False)


_STOP_RANK = 2  # after everything that waits


class ModelThread:
    """Runs one prediction at a time, so that requests beside it stay quick.

    A thread of its own rather than a lock: the number library keeps a team of threads for every
    thread that calls it, and request threads come and go.
    """

    def __init__(self) -> None:
        self._queue: queue.PriorityQueue[_Work] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def run(self, call: Callable[[], T], *, urgent: bool) -> T:
        """The result of `call`, or what it raised. Urgent calls go first, else first come."""
        self._ensure_started()
        future: Future[T] = Future()
        self._put(0 if urgent else 1, call, future)
        return future.result()

    def stop(self) -> None:
        """Ends the thread once everything that waits is done."""
        with self._start:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._put(_STOP_RANK, lambda: None, Future())
            thread.join(timeout=0.5)  # one that predicts ends with the process

    def _put(self, rank: int, call: Callable[[], Any], future: "Future[Any]") -> None:
        self._queue.put(_Work(rank, next(self._numbers), call, future))

    def _ensure_started(self) -> None:
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="model", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            work = self._queue.get()
            try:
                work.future.set_result(work.call())
            except BaseException as error:
                work.future.set_exception(error)
            if work.rank == _STOP_RANK:
                return
