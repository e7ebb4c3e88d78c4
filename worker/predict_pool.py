"""Predicts a project's unlabelled tasks with its champion, and has Label Studio show the masks."""

import logging
import time

from hemline.errors import HemlineError, LabelStudioUnavailable
from hemline.labelstudio.config import LabelConfig, parse_label_config
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.live_version import show_version
from hemline.prefill import LoadedModel, Prefiller
from hemline.store.jobs import (
    acquire_job,
    fail_job,
    finish_job,
    get_job,
    postpone_job,
    progress_job,
)
from hemline.store.models import champion
from hemline.store.tables import Job, Task, utcnow
from hemline.store.tasks import count_tasks_to_predict, set_task_problem, tasks_to_predict
from worker.lease import new_owner
from worker.pool_import import import_unsent
from worker.services import Services

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
_AT_ONCE = 50
_SHORTEST_WAIT_S = 5.0
_LONGEST_WAIT_S = 300.0


class _JobLost(Exception):
    """Another worker has the job now."""


def predict_pool(services: Services, job_id: int) -> None:
    """Works on the job unless somebody else does. It may be called again after any crash.

    While Label Studio is away the job waits, longer each time. A task that cannot be predicted is
    marked and passed over.
    """
    owner = new_owner()
    with services.store.session() as session:
        if not acquire_job(session, job_id, owner, services.settings.lease_s):
            return
        job = get_job(session, job_id)
    try:
        if job.attempts > MAX_ATTEMPTS:
            raise HemlineError(f"given up after {MAX_ATTEMPTS} attempts; see the worker's log")
        _Pool(services, job, owner).run()
        with services.store.session() as session:
            finish_job(session, job_id, owner)
    except _JobLost:
        log.warning("job %d was taken over by another worker", job_id)
    except (LabelStudioUnavailable, LabelStudioRefused) as error:
        delay_s = _wait_s(job)
        log.warning("job %d waits %.0f s: %s", job_id, delay_s, error)
        with services.store.session() as session:
            postpone_job(session, job_id, owner, str(error), delay_s=delay_s)
    except HemlineError as error:
        log.error("job %d failed: %s", job_id, error)
        with services.store.session() as session:
            fail_job(session, job_id, owner, str(error))


class _Pool:
    """One job at work."""

    def __init__(self, services: Services, job: Job, owner: str) -> None:
        self._services = services
        self._job = job
        self._owner = owner
        self._prefiller = Prefiller(
            services.store, services.artifacts, services.photos, services.settings
        )
        self._done = 0
        self._total = 0
        self._renewed = time.monotonic()

    def run(self) -> None:
        project = self._job.project
        if project.problem:
            raise HemlineError(f"project {project.ls_project_id}: {project.problem}")
        self._services.client.whoami()  # away, or our token is refused: before a task is touched
        config = parse_label_config(project.label_config)
        self._prefiller.ensure_starter(project.id, config)
        with self._services.store.reading() as session:
            version = champion(session, project.id)
        if version is None:
            raise HemlineError(
                f"project {project.ls_project_id} has no model yet; correct some tasks and run "
                f"`hemline retrain {project.ls_project_id}`"
            )
        model = self._prefiller.load(version)
        with self._services.store.reading() as session:
            self._total = count_tasks_to_predict(session, project.id, model.version_id)
        self._tell()
        after = 0
        while self._is_champion(model):
            tasks = self._next_tasks(model, after)
            for task in tasks:
                self._predict(model, config, task)
            import_unsent(self._services, self._prefiller, model, project, config, self._tell)
            if not tasks:
                show_version(self._services.client, project.ls_project_id, model.name)
                return
            after = tasks[-1].ls_task_id

    def _next_tasks(self, model: LoadedModel, after: int) -> list[Task]:
        with self._services.store.reading() as session:
            return list(
                tasks_to_predict(
                    session, self._job.project_id, model.version_id, after_ls_task_id=after,
                    limit=_AT_ONCE,
                )
            )  # fmt: skip

    def _is_champion(self, model: LoadedModel) -> bool:
        """After a promotion meanwhile its own job goes on with the new champion."""
        with self._services.store.reading() as session:
            version = champion(session, self._job.project_id)
        return version is not None and version.id == model.version_id

    def _predict(self, model: LoadedModel, config: LabelConfig, task: Task) -> None:
        ls_task = {"id": task.ls_task_id, "data": task.data}
        try:
            self._prefiller.predict_task(model, self._job.project_id, config, ls_task)
        except (LabelStudioUnavailable, LabelStudioRefused):
            raise
        except HemlineError as error:
            log.warning("task %d is left out: %s", task.ls_task_id, error)
        except Exception as error:
            log.exception("task %d failed", task.ls_task_id)
            with self._services.store.session() as session:
                set_task_problem(session, task.id, f"prediction failed: {error!r}")
        self._done += 1
        if time.monotonic() - self._renewed > self._services.settings.lease_s / 10:
            self._tell()

    def _tell(self) -> None:
        """Progress and a renewed lease. Raises _JobLost if another worker has the job."""
        total = max(self._total, self._done)
        with self._services.store.session() as session:
            held = progress_job(
                session, self._job.id, self._owner, self._services.settings.lease_s, self._done,
                total,
            )  # fmt: skip
        if not held:
            raise _JobLost
        self._renewed = time.monotonic()


def _wait_s(job: Job) -> float:
    """A quarter of how long the job has existed: retries become rarer the longer it takes."""
    age_s = (utcnow() - job.created_at).total_seconds()
    return min(_LONGEST_WAIT_S, max(_SHORTEST_WAIT_S, age_s / 4))
