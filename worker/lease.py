"""The lease of a training run, renewed by a thread for as long as its process trains."""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from hemline.store.database.engine import Store
from hemline.store.models.runs import heartbeat_run
from worker.training.exits import EXIT_LEASE_LOST

log = logging.getLogger(__name__)


def new_owner() -> str:
    """A name that no other process has or had."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def is_owned_by_process(owner: str, pid: int) -> bool:
    """Whether the process of that id on this machine gave itself the name."""
    host, number, _ = owner.rsplit(":", 2)
    return (host, number) == (socket.gethostname()[:60], str(pid))


class RunLease:
    """Renews a run's lease three times within its length, and ends the process when it is lost.

    A process that was stopped or cut off from the database for longer than the lease must not go
    on: another one may train the run by now. It ends at once, so that it writes nothing more.
    """

    def __init__(
        self, store: Store, run_id: int, owner: str, lease_s: float, *, epoch: int, epochs: int
    ) -> None:
        self.owner = owner
        self._store = store
        self._run_id = run_id
        self._lease_s = lease_s
        self._progress = (epoch, epochs)
        self._renewed = time.monotonic()
        self._stop = threading.Event()
        self._renewing = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    @contextmanager
    def ending(self) -> Iterator[None]:
        """For the block that finishes, fails or puts off the run: no renewal meanwhile, and none
        after it. If it raises, the lease is kept on."""
        with self._renewing:
            yield
            self._stop.set()

    def report(self, epoch: int, epochs: int) -> None:
        """Tells how far the training is, with the next renewal at once."""
        self._progress = (epoch, epochs)
        self._renew()

    def _keep(self) -> None:
        while not self._stop.wait(self._lease_s / 3):
            self._renew()

    def _renew(self) -> None:
        with self._renewing:
            if not self._stop.is_set():
                self._try_renewal()

    def _try_renewal(self) -> None:
        epoch, epochs = self._progress
        try:
            with self._store.session() as session:
                held = heartbeat_run(
                    session, self._run_id, self.owner, self._lease_s, epoch, epochs
                )
        except Exception as error:
            log.warning("lease of run %d not renewed: %s", self._run_id, error)
            held = time.monotonic() - self._renewed < self._lease_s
        else:
            self._renewed = time.monotonic()
        if not held:
            log.error("lease of run %d is lost; this process ends", self._run_id)
            os._exit(EXIT_LEASE_LOST)
