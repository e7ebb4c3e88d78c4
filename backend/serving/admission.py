"""How many requests may predict at once, and how many may wait; the rest are told at once.

A request that predicts or waits holds a thread of the server, and /health needs one too.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

WAITING_PLACES = 48  # a team of fifty that comes back from lunch: a thread each, and no mask late


class Room:
    """Places to predict in, and places to wait in."""

    def __init__(self, places: int, waiting: int = WAITING_PLACES) -> None:
        self._places = threading.BoundedSemaphore(places)
        self._waiting = threading.BoundedSemaphore(waiting)

    @contextmanager
    def place(self, *, wait_s: float) -> Iterator[bool]:
        """Holds a place to predict, waiting for one for at most `wait_s`. False: there is none."""
        has_place = self._places.acquire(blocking=False)
        if not has_place and wait_s > 0:
            with self.waiting() as may_wait:
                has_place = may_wait and self._places.acquire(timeout=wait_s)
        try:
            yield has_place
        finally:
            if has_place:
                self._places.release()

    @contextmanager
    def waiting(self) -> Iterator[bool]:
        """Holds a place to wait. False: there is none, do not wait."""
        may_wait = self._waiting.acquire(blocking=False)
        try:
            yield may_wait
        finally:
            if may_wait:
                self._waiting.release()
