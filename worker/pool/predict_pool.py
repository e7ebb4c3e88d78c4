"""Predicts a project's unlabelled tasks with its champion, and has Label Studio show the masks."""

import logging
from urllib.parse import urlsplit

from hemline.errors import (
    ArtifactsUnavailable,
    HemlineError,
    LabelStudioUnavailable,
    PhotoUnavailable,
    StoreUnavailable,
)
from hemline.images import content_digest
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.config import LabelConfig, parse_label_config
from hemline.labelstudio.project.live_version import show_version
from hemline.prefill.prefill import LoadedModel, Prefiller
from hemline.store.loop.tasks import (
    count_labelled_to_predict,
    count_tasks_to_predict,
    labelled_to_predict,
    set_task_problem,
    tasks_to_predict,
)
from hemline.store.models.models import champion
from hemline.store.review.signals import expect_labels_anew
from hemline.store.states import ProblemSource
from hemline.store.tables.loop import Task
from hemline.system.people_wait import let_people_go_first
from worker.attempts import KillsItsProcess, counted
from worker.jobs import JobAtWork, run_job
from worker.pool.import_predictions import import_unsent
from worker.services import Services
from worker.training.pseudo_runs import train_on_pseudo_labels

log = logging.getLogger(__name__)

_AT_ONCE = 50
_LONGEST_PAUSE_S = 5.0  # before each photo, while somebody waits for a mask
_SILENT_AFTER = 5  # photos in a row without an answer: the host is away


def predict_pool(services: Services, job_id: int) -> None:
    """Works on the job unless somebody else does. It may be called again after any crash.

    While Label Studio or the storage of artifacts is away the job waits, longer each time. A task
    that cannot be predicted is marked and passed over.
    """
    run_job(services, job_id, lambda at_work: _Pool(services, at_work).run())


class _Pool:
    """One job at work."""

    def __init__(self, services: Services, at_work: JobAtWork) -> None:
        self._services = services
        self._job = at_work.job
        self._at_work = at_work
        self._prefiller = Prefiller(
            services.store, services.artifacts, services.photos, services.settings
        )
        self._done = at_work.job.done  # by earlier attempts, whose masks are stored
        self._silent: dict[str, int] = {}  # host: photos in a row that it did not answer for

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
        self._prefiller.prepare(version)
        model = self._prefiller.load(version)
        with self._services.store.reading() as session:
            total = count_tasks_to_predict(session, project.id, model.version_id)
            total += count_labelled_to_predict(session, project.id, model.version_id)
        self._at_work.tell(self._done, self._done + total)
        after = 0
        while self._is_champion(model):
            tasks = self._next_tasks(model, after)
            for task in tasks:
                self._predict(model, config, task)
            import_unsent(
                self._services, self._prefiller, model, project, config, self._at_work.tell
            )
            if not tasks:
                show_version(self._services.client, project.ls_project_id, model.name)
                self._predict_labelled(model, config)
                self._train_on_pseudo_labels(model)
                return
            after = tasks[-1].ls_task_id

    def _train_on_pseudo_labels(self, model: LoadedModel) -> None:
        if not self._is_champion(model):
            return
        try:
            train_on_pseudo_labels(self._services, self._job.project.ls_project_id)
        except StoreUnavailable:  # the job comes back when it is there again
            raise
        except Exception:  # the pool is predicted all the same
            log.exception("no training on pseudo-labels was queued")

    def _predict_labelled(self, model: LoadedModel, config: LabelConfig) -> None:
        """Predicts labelled tasks too, for nobody to see: a label is best judged beside what a
        model says that is not the one it was made from."""
        after = 0
        while self._is_champion(model):
            with self._services.store.reading() as session:
                tasks = labelled_to_predict(
                    session,
                    self._job.project_id,
                    model.version_id,
                    after_ls_task_id=after,
                    limit=_AT_ONCE,
                )
            if not tasks:
                return
            for task in tasks:
                self._predict(model, config, task)
                with self._services.store.session() as session:
                    expect_labels_anew(session, task.id)
            after = tasks[-1].ls_task_id

    def _next_tasks(self, model: LoadedModel, after: int) -> list[Task]:
        with self._services.store.reading() as session:
            return list(
                tasks_to_predict(
                    session,
                    self._job.project_id,
                    model.version_id,
                    after_ls_task_id=after,
                    limit=_AT_ONCE,
                )
            )

    def _is_champion(self, model: LoadedModel) -> bool:
        """After a promotion meanwhile its own job goes on with the new champion."""
        with self._services.store.reading() as session:
            version = champion(session, self._job.project_id)
        return version is not None and version.id == model.version_id

    def _predict(self, model: LoadedModel, config: LabelConfig, task: Task) -> None:
        ls_task = {"id": task.ls_task_id, "data": task.data}
        host = _host(task.image_url)
        if self._silent.get(host, 0) >= _SILENT_AFTER:
            self._mark_silent(task, host)
            return
        let_people_go_first(self._services.settings.home_path, longest_s=_LONGEST_PAUSE_S)
        photo = content_digest(task.image_url.encode())[:16]
        work = f"prediction/{task.id}/{model.version_id}/{photo}"
        try:
            with counted(self._services, work, way_out="replace the photo"):
                self._prefiller.predict_task(model, self._job.project_id, config, ls_task)
            self._silent.pop(host, None)
        except PhotoUnavailable as error:
            log.warning("task %d is put off: %s", task.ls_task_id, error)
            self._silent[host] = self._silent.get(host, 0) + 1 if error.no_answer else 0
        except (LabelStudioUnavailable, LabelStudioRefused, ArtifactsUnavailable):
            raise
        except KillsItsProcess as error:
            log.error("task %d: %s", task.ls_task_id, error)
            with self._services.store.session() as session:
                set_task_problem(session, task.id, str(error), ProblemSource.PREFILL)
        except HemlineError as error:
            log.warning("task %d is left out: %s", task.ls_task_id, error)
        except Exception as error:
            log.exception("task %d failed", task.ls_task_id)
            with self._services.store.session() as session:
                set_task_problem(
                    session, task.id, f"prediction failed: {error!r}", ProblemSource.PREFILL
                )
        self._done += 1
        self._at_work.tell_now_and_then(self._done)

    def _mark_silent(self, task: Task, host: str) -> None:
        """Without waiting for a host that has kept several photos before waiting in vain."""
        problem = (
            f"its photo was not fetched, because {host or 'Label Studio'} did not answer for "
            f"{_SILENT_AFTER} others; it will be tried again within a minute"
        )
        with self._services.store.session() as session:
            set_task_problem(session, task.id, problem, ProblemSource.PHOTO, passing=True)
        self._done += 1
        self._at_work.tell_now_and_then(self._done)


def _host(image_url: str) -> str:
    """Where the photo is asked for; empty for Label Studio's own."""
    try:
        return urlsplit(image_url).netloc
    except ValueError:
        return ""
