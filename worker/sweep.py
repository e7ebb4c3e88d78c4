"""Sends again what nobody works on: what the broker lost, or a dead worker left behind."""

from contextlib import suppress

from hemline.errors import LabelConfigError
from hemline.labelstudio.project.config import parse_label_config
from hemline.store.loop.deliveries import count_by_state
from hemline.store.loop.jobs import get_job, stale_jobs
from hemline.store.loop.projects import list_projects
from hemline.store.loop.tasks import projects_to_try_again
from hemline.store.models.runs import stale_runs
from hemline.store.states import DeliveryState, JobKind
from worker.ingest.reconcile import predict_new_tasks
from worker.review.signals import signals_wait
from worker.services import Services

# Each kind of job: its task and its queue.
_TASKS = {
    JobKind.PREDICT_POOL: ("worker.predict_pool", "predict"),
    JobKind.RANK: ("worker.rank", "predict"),
    JobKind.EXPORT: ("worker.export", "export"),
    JobKind.CHECK_CHANNELS: ("worker.check_channels", "export"),
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
    _try_again(services)
    if runs and _is_empty(services, "train"):
        for run_id in runs:
            services.sender.send("worker.train", run_id, queue="train")


def _try_again(services: Services) -> None:
    """Has marked tasks predicted and sent again whose time has come."""
    with services.store.reading() as session:
        due = set(projects_to_try_again(session))
        projects = [row for row in list_projects(session) if row.id in due and not row.problem]
    for project in projects:
        with suppress(LabelConfigError):
            predict_new_tasks(services, project, parse_label_config(project.label_config))


def _is_empty(services: Services, queue: str) -> bool:
    return services.sender.waiting(queue) == 0
