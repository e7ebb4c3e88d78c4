"""Whether what comes in can be stored, looked at now and then."""

import threading
import time

from hemline.settings import Settings
from hemline.store.database.engine import Store
from hemline.store.room import storage_problem

_EVERY_S = 2.0


class StorageWatch:
    """Remembers for a moment what it saw, so that nobody can have it write all the time."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._lock = threading.Lock()
        self._looked_at: float | None = None
        self._problem: str | None = None

    def problem(self) -> str | None:
        """Why nothing can be stored, in one sentence; None if it can."""
        with self._lock:
            now = time.monotonic()
            if self._looked_at is None or now - self._looked_at > _EVERY_S:
                self._problem = storage_problem(self._settings, self._store)
                self._looked_at = time.monotonic()
            return self._problem
