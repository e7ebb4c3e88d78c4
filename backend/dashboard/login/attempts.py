"""How often somebody may try to log in before they have to wait."""

import threading
import time
from collections import OrderedDict, deque

WINDOW_S = 15 * 60.0
PER_NAME = 10
PER_ADDRESS = 50
_KEYS = 10_000  # remembered at once; the oldest go first


class Attempts:
    """Failed log-ins of the last quarter of an hour, by name and by address."""

    def __init__(self) -> None:
        self._failed: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, name: str, address: str, *, now: float | None = None) -> float:
        """Seconds until this name may be tried from this address; 0: now."""
        moment = time.monotonic() if now is None else now
        with self._lock:
            return max(
                self._wait(("name", name), PER_NAME, moment),
                self._wait(("address", address), PER_ADDRESS, moment),
            )

    def failed(self, name: str, address: str, *, now: float | None = None) -> None:
        moment = time.monotonic() if now is None else now
        with self._lock:
            for key, limit in ((("name", name), PER_NAME), (("address", address), PER_ADDRESS)):
                moments = self._failed.setdefault(key, deque(maxlen=limit))
                moments.append(moment)
                self._failed.move_to_end(key)
            while len(self._failed) > _KEYS:
                self._failed.popitem(last=False)

    def succeeded(self, name: str) -> None:
        with self._lock:
            self._failed.pop(("name", name), None)

    def _wait(self, key: tuple[str, str], limit: int, now: float) -> float:
        moments = self._failed.get(key)
        if moments is None or len(moments) < limit:
            return 0.0
        return max(0.0, moments[0] + WINDOW_S - now)
