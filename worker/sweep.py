"""Sends again what nobody works on: what the broker lost, or a dead worker left behind."""

from hemline.store.loop.deliveries import count_by_state
from hemline.store.loop.jobs import get_job, stale_jobs
from hemline.store.loop.runs import stale_runs
from hemline.store.states import DeliveryState, JobKind
from worker.review.signals import signals_wait
from worker.services import Services

# Each kind of job: its task and its queue.
_TASKS = {
    JobKind.PREDICT_POOL: ("worker.predict_pool", "predict"),
    JobKind.RANK: ("worker.rank", "predict"),
    JobKind.EXPORT: ("worker.export", "export"),
}


def sweep_once(services: Services) -> None:
    """One look at the store. A queue in which something waits already is left alone."""
    with services.store.reading() as session:
        waiting = count_by_state(session)[DeliveryState.NEW]
        jobs = [(job_id, *_TASKS[get_job(session, job_id).kind]) for job_id in stale_jobs(session)]
        runs = stale_runs(session)
    if waiting and _is_empty(services, "ingest"):
        services.sender.send("worker.ingest", queue="ingest")
    empty = {queue for queue in {queue for _, _, queue in jobs} if _is_empty(services, queue)}
    for job_id, task, queue in jobs:
        if queue in empty:
            services.sender.send(task, job_id, queue=queue)
    if signals_wait(services) and _is_empty(services, "housekeeping"):
        services.sender.send("worker.signals", queue="housekeeping")
    if runs and _is_empty(services, "train"):
        for run_id in runs:
            services.sender.send("worker.train", run_id, queue="train")


def _is_empty(services: Services, queue: str) -> bool:
    return services.sender.waiting(queue) == 0
