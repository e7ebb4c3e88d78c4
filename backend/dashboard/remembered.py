"""Answers of slow questions, kept for a moment: what many pages ask alike."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 256


class Remembered(Generic[T]):
    """Keeps each answer for `seconds`. Safe between threads; of two who ask at once both may."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, ask: Callable[[], T]) -> T:
        """The answer of that key, asked for if none is kept or it is too old."""
        with self._lock:
            known = self._kept.get(key)
        if known is not None and time.monotonic() - known[0] < self._seconds:
            return known[1]
        answer = ask()
        with self._lock:
            self._kept[key] = (time.monotonic(), answer)
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return answer
