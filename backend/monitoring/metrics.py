"""What Hemline's backend counts, in Prometheus' text format, on a registry of its own."""

import time
from collections.abc import Callable, Iterable, Mapping

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 100)
_UP = {
    "serving": "1 while the champion of every project is loaded.",
    "storage": "1 while what comes in can be stored.",
}
_OTHER = "other"  # paths that do not exist: anyone can make up any number of them


class Metrics:
    """The backend's counters and histograms."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "hemline_requests",
            "Requests answered.",
            ("endpoint", "method", "status"),
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "hemline_request_seconds",
            "Seconds from a request's first line to its answer.",
            ("endpoint",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.answers = Counter(
            "hemline_task_answers",
            "Tasks answered by /predict: model and store carry a mask; present, given, "
            "left, blank and problem carry none (Label Studio has it, another request got it, no "
            "time, kept back on purpose, an error).",
            ("source",),
            registry=self.registry,
        )
        self.model_seconds = Histogram(
            "hemline_model_seconds",
            "Seconds the network took for one photo.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.champion_info = Gauge(
            "hemline_champion_info",
            "1 for the model version that is loaded for a project.",
            ("project", "version"),
            registry=self.registry,
        )
        self.load_failures = Counter(
            "hemline_champion_load_failures",
            "Champions that could not be loaded.",
            registry=self.registry,
        )
        self.webhooks = Counter(
            "hemline_webhooks",
            "Webhooks taken: stored, repeated or ignored.",
            ("outcome",),
            registry=self.registry,
        )
        self.broker_up = Gauge(
            "hemline_broker_up", "1 while Redis answers.", registry=self.registry
        )

    def watch(
        self, problems: Mapping[str, Callable[[], str | None]], free: Callable[[], dict[str, int]]
    ) -> None:
        """Looks at these whenever /metrics is asked for.

        Args:
            problems: by what they are of, "serving" and "storage": what is wrong, or None.
            free: bytes that are free, by folder.
        """
        self.registry.register(_Watched(problems, free))

    def text(self) -> bytes:
        """Everything on the registry in Prometheus' text format."""
        return generate_latest(self.registry)


class _Watched(Collector):
    def __init__(
        self, problems: Mapping[str, Callable[[], str | None]], free: Callable[[], dict[str, int]]
    ) -> None:
        self._problems = problems
        self._free = free

    def describe(self) -> Iterable[Metric]:
        """Nothing up front: nothing is looked at when this is registered."""
        return []

    def collect(self) -> Iterable[Metric]:
        for name, problem in self._problems.items():
            yield GaugeMetricFamily(f"hemline_{name}_up", _UP[name], value=float(not problem()))
        free = GaugeMetricFamily(
            "hemline_disk_free_bytes", "Bytes free where Hemline writes.", labels=["folder"]
        )
        for folder, number in self._free().items():
            free.add_metric([folder], number)
        yield free


def register_request_metrics(app: Flask, metrics: Metrics) -> None:
    """Counts each request by endpoint, method and status, and measures it."""

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.endpoint.split(".")[-1] if request.endpoint else _OTHER
        method = request.method if request.endpoint else _OTHER
        metrics.requests.labels(endpoint, method, response.status_code).inc()
        metrics.request_seconds.labels(endpoint).observe(time.monotonic() - g.started)
        return response
