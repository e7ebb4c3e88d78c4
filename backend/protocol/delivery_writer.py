"""Stores webhook deliveries: those that come while a transaction is written share the next one.

On SQLite one process writes at a time, and PostgreSQL's commits wait for the disk. So of the
requests that come together one waits and writes for all, and none is answered before it is stored.
"""

import threading
from dataclasses import dataclass

from hemline.errors import StoreUnavailable
from hemline.store.database.columns import Json
from hemline.store.database.engine import Store
from hemline.store.loop.deliveries import record_deliveries

_AT_ONCE = 50  # of one transaction
_WAIT_S = 5.0  # for another process that writes


@dataclass(frozen=True, slots=True)
class ReceivedDelivery:
    """A webhook to store; `digest` is its key."""

    digest: str
    action: str
    ls_project_id: int | None
    payload: Json


@dataclass(slots=True)
class _Waiting:
    received: ReceivedDelivery
    is_done: bool = False
    is_new: bool = False
    error: Exception | None = None


class DeliveryWriter:
    """Writes deliveries for many threads at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []
        self._changing = threading.Lock()  # the list
        self._writing = threading.Lock()

    def write(self, received: ReceivedDelivery) -> bool:
        """Whether the delivery is new. It is committed when this returns.

        Raises:
            StoreUnavailable: it could not be stored.
        """
        mine = _Waiting(received)
        with self._changing:
            self._waiting.append(mine)
        with self._writing:
            while not mine.is_done:  # else the one before has written it too
                self._write_some()
        if mine.error is not None:
            raise mine.error
        return mine.is_new

    def _write_some(self) -> None:
        with self._changing:
            some, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
        try:
            self._store_all(some)
        except StoreUnavailable as error:
            for each in some:
                each.error = error
        except Exception:
            for each in some:
                self._store_alone(each)
        for each in some:
            each.is_done = True

    def _store_alone(self, one: _Waiting) -> None:
        """So that one that cannot be stored fails no other."""
        try:
            self._store_all([one])
        except Exception as error:
            one.error = error

    def _store_all(self, some: list[_Waiting]) -> None:
        deliveries = [
            {
                "digest": each.received.digest,
                "action": each.received.action,
                "ls_project_id": each.received.ls_project_id,
                "payload": each.received.payload,
            }
            for each in some
        ]
        with self._store.session(wait_s=_WAIT_S) as session:
            new = record_deliveries(session, deliveries)
        for each in some:  # of two that are the same, one is new
            each.is_new = new.pop(each.received.digest, None) is not None
