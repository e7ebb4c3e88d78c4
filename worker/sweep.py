"""Sends again what nobody works on: what the broker lost, or a dead worker left behind."""

from hemline.store.deliveries import count_by_state
from hemline.store.jobs import stale_jobs
from hemline.store.runs import stale_runs
from hemline.store.tables import DeliveryState
from worker.services import Services


def sweep_once(services: Services) -> None:
    """One look at the store. A queue in which something waits already is left alone."""
    with services.store.reading() as session:
        waiting = count_by_state(session)[DeliveryState.NEW]
        jobs = stale_jobs(session)
        runs = stale_runs(session)
    if waiting and _is_empty(services, "ingest"):
        services.sender.send("worker.ingest", queue="ingest")
    if jobs and _is_empty(services, "predict"):
        for job_id in jobs:
            services.sender.send("worker.predict_pool", job_id, queue="predict")
    if runs and _is_empty(services, "train"):
        for run_id in runs:
            services.sender.send("worker.train", run_id, queue="train")


def _is_empty(services: Services, queue: str) -> bool:
    return services.sender.waiting(queue) == 0
