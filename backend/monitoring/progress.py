"""Figures that are read from the store when /metrics is scraped."""

from collections.abc import Iterable

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hemline.store.database.engine import Store
from hemline.store.loop.deliveries import count_by_state
from hemline.store.loop.jobs import list_jobs
from hemline.store.models.runs import active_runs
from hemline.store.reports.waiting import oldest_waiting
from hemline.store.states import DeliveryState, JobState

log = structlog.get_logger(__name__)

_ACTIVE = (JobState.QUEUED, JobState.RUNNING)


class StoreFigures(Collector):
    """Deliveries by state, jobs and trainings in progress; none of them while the store is away."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> Iterable[Metric]:
        """Nothing up front: the registry must not ask the store when this is registered."""
        return []

    def collect(self) -> Iterable[Metric]:
        families: list[Metric] = []
        up = 1.0
        for read in (self._deliveries, self._jobs, self._runs, self._waiting):
            try:
                families += read()
            except Exception:
                log.warning("the store did not answer /metrics", exc_info=True)
                up = 0.0
                break
        yield GaugeMetricFamily("hemline_store_up", "1 while the database answers.", value=up)
        yield from families

    def _deliveries(self) -> list[Metric]:
        with self._store.reading() as session:
            counts = count_by_state(session)
        family = GaugeMetricFamily(
            "hemline_webhook_deliveries", "Stored webhooks by state.", labels=["state"]
        )
        for state in DeliveryState:
            family.add_metric([state.value], counts.get(state, 0))
        return [family]

    def _jobs(self) -> list[Metric]:
        done = _family("hemline_job_done", "Tasks done of an active job.", ["job", "kind"])
        total = _family("hemline_job_total", "Tasks of an active job.", ["job", "kind"])
        with self._store.reading() as session:
            jobs = list_jobs(session)
        for job in jobs:
            if job.state in _ACTIVE:
                done.add_metric([str(job.id), job.kind.value], job.done)
                total.add_metric([str(job.id), job.kind.value], job.total)
        return [done, total]

    def _runs(self) -> list[Metric]:
        epoch = _family(
            "hemline_training_epoch", "Epochs done of the active training.", ["project", "run"]
        )
        epochs = _family(
            "hemline_training_epochs", "Epochs of the active training.", ["project", "run"]
        )
        with self._store.reading() as session:
            for run in active_runs(session):
                names = [str(run.project.ls_project_id), str(run.id)]
                epoch.add_metric(names, run.epoch)
                epochs.add_metric(names, run.epochs)
        return [epoch, epochs]

    def _waiting(self) -> list[Metric]:
        family = _family(
            "hemline_waiting_seconds",
            "How long the oldest thing of a kind has waited to be worked on; 0: none waits.",
            ["what"],
        )
        with self._store.reading() as session:
            for what, seconds in oldest_waiting(session).items():
                family.add_metric([what], seconds)
        return [family]


def _family(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)
