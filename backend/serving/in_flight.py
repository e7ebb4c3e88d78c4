"""Two requests for one task at the same time: the first is answered, the second waits for it.

Label Studio asks twice when a person opens a task, and would store both answers.
"""

import threading
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Opening:
    """One request's place. The first for its task computes; `close` lets the others go on."""

    first: bool
    _openings: "Openings"
    _key: Hashable
    _answered: threading.Event

    def wait(self, timeout_s: float) -> bool:
        """Until the first request has been answered. False when it took longer."""
        return self._answered.wait(timeout_s)

    def close(self) -> None:
        """The answer is out. Does nothing for a request that was not the first."""
        if self.first:
            self._openings._leave(self._key, self._answered)


class Openings:
    """Which request computes a task's answer, by (project, task)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[Hashable, threading.Event] = {}

    def enter(self, key: Hashable) -> Opening:
        with self._lock:
            answered = self._open.get(key)
            if answered is not None:
                return Opening(False, self, key, answered)
            answered = self._open[key] = threading.Event()
            return Opening(True, self, key, answered)

    def _leave(self, key: Hashable, answered: threading.Event) -> None:
        with self._lock:
            if self._open.get(key) is answered:
                del self._open[key]
        answered.set()
