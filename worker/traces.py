"""Traces in the worker: a span for each task, delivery and training, part of what led to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Task

from hemline.store.tables.loop import WebhookDelivery
from hemline.telemetry.deliveries import trace_of
from hemline.telemetry.spans import carrier, span


class TracedTask(Task):  # type: ignore[misc]
    """A task that goes on with the trace of whoever sent it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        after = {"traceparent": str(self.request.get("traceparent") or "")}
        notes = {"messaging.system": "celery"}
        with span(f"task {self.name}", kind="consumer", after=after, notes=notes):
            return super().__call__(*args, **kwargs)


class DeliveryTraces:
    """The traces of a turn's deliveries, by project."""

    def __init__(self) -> None:
        self._last: dict[int | None, dict[str, str]] = {}

    @contextmanager
    def work(self, delivery: WebhookDelivery) -> Iterator[None]:
        """A span of the work on a delivery, part of its webhook's trace."""
        notes = {"hemline.delivery": delivery.id, "hemline.project": delivery.ls_project_id or 0}
        with span(
            f"delivery {delivery.action}",
            kind="consumer",
            after=trace_of(delivery.payload),
            notes=notes,
        ):
            self._last[delivery.ls_project_id] = carrier()
            yield

    @contextmanager
    def what_follows(self, ls_project_id: int) -> Iterator[None]:
        """Goes on with the project's last delivery: what follows from the corrections so far."""
        with span(
            "corrections counted",
            after=self._last.get(ls_project_id),
            notes={"hemline.project": ls_project_id},
        ):
            yield
