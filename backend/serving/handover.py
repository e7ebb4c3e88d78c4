"""Jobs for the worker: tasks that a request had no time for."""

from collections.abc import Callable, Sequence
from typing import Any

import structlog

from backend.protocol.projects import RegisteredProject
from hemline.prefill.prefill import register_task
from hemline.store.database.engine import Store
from hemline.store.loop.garments import keep_garments
from hemline.store.loop.jobs import queue_job
from hemline.store.states import JobKind

log = structlog.get_logger(__name__)

Send = Callable[..., bool]


class PoolJobs:
    """Queues the prediction of a project's pool: in the store first, then at the broker."""

    def __init__(self, store: Store, send: Send) -> None:
        self._store = store
        self._send = send

    def add(self, project: RegisteredProject, tasks: Sequence[dict[str, Any]]) -> None:
        """Makes the tasks known and has the worker predict all that the project lacks."""
        assert project.config is not None
        with self._store.session() as session:
            rows = [register_task(session, project.row.id, project.config, task) for task in tasks]
        if rows:
            keep_garments(self._store, project.row.id, max(row.id for row in rows))
        with self._store.session() as session:
            job = queue_job(session, project.row.id, JobKind.PREDICT_POOL, {})
        sent = self._send("worker.predict_pool", job.id, queue="predict")
        log.info("handed to the worker", tasks=len(tasks), job=job.id, sent=sent)
