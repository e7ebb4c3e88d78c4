"""Photos and probability maps of the tasks that people click on, so that each is decoded once."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from hemline.prefill.open_task import OpenTask

_HELD_BYTES = 256 * 2**20  # some 40 photos of 2 Mpx
_FRESH_S = 600.0  # a photo that is replaced at its address is seen after this long


class OpenTasks:
    """The tasks used last, up to a number of bytes; the newest is held whatever its size."""

    def __init__(self, limit: int = _HELD_BYTES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._held: OrderedDict[Hashable, tuple[float, OpenTask]] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable, load: Callable[[], OpenTask]) -> OpenTask:
        """The task of that key; what `load` returns where it is not held. Raises what that does."""
        with self._lock:
            held = self._held.get(key)
            if held is not None and time.monotonic() < held[0] + _FRESH_S:
                self._held.move_to_end(key)
                return held[1]
        loaded = load()
        with self._lock:
            self._drop(key)
            self._held[key] = time.monotonic(), loaded
            self._size += loaded.nbytes
            while self._size > self._limit and len(self._held) > 1:
                self._drop(next(iter(self._held)))
        return loaded

    def _drop(self, key: Hashable) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self._size -= held[1].nbytes
