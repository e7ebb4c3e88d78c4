"""Takes in what webhooks lost: pages Label Studio's changes since the last one seen."""

import fcntl
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hemline.errors import (
    ArtifactsUnavailable,
    HemlineError,
    LabelConfigError,
    LabelStudioError,
    LabelStudioUnavailable,
)
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.config import LabelConfig, parse_label_config
from hemline.store.database.clock import database_now
from hemline.store.loop.corrections import annotations_of, withdraw_annotations
from hemline.store.loop.jobs import active_job, has_failed_within, queue_job
from hemline.store.loop.predictions import unsent_predictions
from hemline.store.loop.projects import (
    list_projects,
    set_not_read,
    set_reconciled,
    upsert_project,
)
from hemline.store.loop.tasks import (
    clear_task_problems,
    count_labelled_to_predict,
    count_tasks_to_predict,
    delete_tasks,
    get_task,
    ls_task_ids,
    problems_of_task,
    set_task_problem,
)
from hemline.store.models.models import champion
from hemline.store.states import JobKind, ProblemSource
from hemline.store.tables.loop import Project, Task
from worker.ingest.actions import PROJECT_DELETED
from worker.ingest.by_project import by_project
from worker.ingest.record_annotation import record_submitted
from worker.ingest.registry import register_task, remember_project
from worker.ingest.submitted import parse_submitted, parse_time
from worker.services import Services
from worker.training.triggers import train_on_corrections

log = logging.getLogger(__name__)

# A task that changes while the others are read has a time before the newest one seen. So the last
# minutes are read again the next time; what has not changed since costs no more than the reading.
_OVERLAP = timedelta(minutes=2)
_AFTER_FAILURE = timedelta(minutes=1)


def reconcile_all(services: Services) -> None:
    """Reconciles every project, unless another process of this host is at it. One that cannot be
    read is marked with why, until it can."""
    services.settings.home_path.mkdir(parents=True, exist_ok=True)
    with (services.settings.home_path / "reconcile.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        with services.store.reading() as session:
            projects = list_projects(session)

        def work(project: Project) -> None:
            reconcile_project(services, project)
            _remember_read(services, project, None)

        def failed(project: Project, error: Exception) -> None:
            _remember_read(services, project, error)

        by_project(services, projects, work, "reconcile", failed)


def _remember_read(services: Services, project: Project, error: Exception | None) -> None:
    why = None if error is None else _in_words(error)
    if why != project.not_read:
        with services.store.session() as session:
            set_not_read(session, project.id, why)


def reconcile_project(services: Services, project: Project) -> None:
    """Brings one project up to date with Label Studio, then starts what is due.

    Raises:
        LabelStudioUnavailable: Label Studio does not answer now.
        ArtifactsUnavailable: the storage of artifacts does not.
        LabelStudioRefused: Label Studio does not accept our token.
    """
    try:
        told = services.client.get_project(project.ls_project_id)
    except LabelStudioRefused as error:
        if error.status != 404:
            raise
        with services.store.session() as session:
            upsert_project(session, ls_project_id=project.ls_project_id, problem=PROJECT_DELETED)
        return
    project = remember_project(services, told)
    try:
        config = parse_label_config(project.label_config)
    except LabelConfigError:
        return  # the project is marked with it
    _take_in_changes(services, project, config)
    _drop_deleted(services, project, told.get("task_number"))
    train_on_corrections(services, project.ls_project_id)
    predict_new_tasks(services, project, config)


def _take_in_changes(services: Services, project: Project, config: LabelConfig) -> None:
    # Versions before dropped what lies under other labels, so that all is read once more.
    since, newest = project.reconciled_until if project.layers_read else None, None
    with services.store.reading() as session:
        started = database_now(session)
    for ls_task in services.client.iter_tasks(project.ls_project_id, updated_after=since):
        try:
            _take_in(services, project, config, ls_task, anew=since is None)
        except (LabelStudioUnavailable, LabelStudioRefused, ArtifactsUnavailable):
            raise
        except Exception as error:
            log.exception("task %s cannot be taken in", ls_task["id"])
            _mark(services, project, int(ls_task["id"]), error)
        updated = parse_time(ls_task.get("updated_at"))
        newest = max(filter(None, (newest, updated)), default=None)
    if newest is not None:
        with services.store.session() as session:
            set_reconciled(session, project.id, min(newest, started - _OVERLAP))


def _mark(services: Services, project: Project, ls_task_id: int, error: Exception) -> None:
    """In words, where people look; a task that could not even be registered is in the log alone."""
    problem = (
        f"the task or an annotation of it cannot be taken in ({_in_words(error)}); correct or "
        "delete it"
    )
    with services.store.session() as session:
        task = get_task(session, project.id, ls_task_id)
        if task is not None:
            set_task_problem(session, task.id, problem)


def _in_words(error: Exception) -> str:
    return str(error) if isinstance(error, HemlineError) else f"{error!r:.200}"


def _annotations_in(ls_task: Mapping[str, Any]) -> Sequence[Any]:
    """The annotations that Label Studio gives with a task.

    Raises:
        LabelStudioError: they are not a list.
    """
    annotations = ls_task.get("annotations") or []
    if not isinstance(annotations, list):
        raise LabelStudioError(
            f"the annotations of a task are a {type(annotations).__name__}, not a list"
        )
    return annotations


def _take_in(
    services: Services,
    project: Project,
    config: LabelConfig,
    ls_task: Mapping[str, Any],
    *,
    anew: bool,
) -> None:
    task = register_task(services, project, config, ls_task)
    with services.store.reading() as session:
        known = {row.ls_annotation_id: row for row in annotations_of(session, task.id)}
        marked = bool(problems_of_task(session, task.id))
    present: set[int] = set()
    broken: list[Exception] = []
    for values in _annotations_in(ls_task):
        try:
            submitted = parse_submitted(values)
            present.add(submitted.ls_annotation_id)
            row = known.get(submitted.ls_annotation_id)
            same = row is not None and not row.problem and row.ls_updated_at == submitted.updated_at
            if anew or not same:
                record_submitted(services, project, config, task, submitted)
        except (LabelStudioUnavailable, LabelStudioRefused, ArtifactsUnavailable):
            raise
        except Exception as error:
            broken.append(error)
    if broken:  # one mark and one line a task, however many they are
        log.warning(
            "%d annotations of task %d cannot be taken in; the first:",
            len(broken),
            task.ls_task_id,
            exc_info=broken[0],
        )
        _mark(services, project, task.ls_task_id, broken[0])
    elif marked and task.image_url:
        with services.store.session() as session:
            clear_task_problems(session, [task.id], ProblemSource.TASK)
    read_at = parse_time(ls_task.get("updated_at"))
    gone = [
        number
        for number, row in known.items()
        if number not in present and _is_older(row.ls_updated_at, read_at)
    ]
    if gone:
        _withdraw(services, task, gone)


def _is_older(annotation: datetime | None, task: datetime | None) -> bool:
    """Whether an annotation should have been among those of a task that was read: one that a
    webhook brought meanwhile is newer than what was read, not deleted."""
    return annotation is None or task is None or annotation <= task


def _withdraw(services: Services, task: Task, ls_annotation_ids: list[int]) -> None:
    with services.store.session() as session:
        now = database_now(session)
        withdraw_annotations(session, task.project_id, ls_annotation_ids, now)


def _drop_deleted(services: Services, project: Project, task_number: Any) -> None:
    """Forgets the tasks that are gone, if Label Studio counts another number than we know."""
    with services.store.reading() as session:
        known = ls_task_ids(session, project.id)
    if len(known) == task_number:
        return
    tasks = services.client.iter_tasks(project.ls_project_id, full=False)
    there = {int(ls_task["id"]) for ls_task in tasks}
    if len(there) != task_number:
        log.warning(
            "project %d: Label Studio counts %s tasks and lists %d; none is taken for deleted",
            project.ls_project_id,
            task_number,
            len(there),
        )
        return
    gone = known - there
    if gone:
        log.info("project %d: %d tasks were deleted", project.ls_project_id, len(gone))
        with services.store.session() as session:
            delete_tasks(session, project.id, sorted(gone))


def predict_new_tasks(services: Services, project: Project, config: LabelConfig) -> None:
    """Queues a job if there is a task to predict or a prediction to send, also one that was marked
    and is to be tried again. Not at once after a job that failed."""
    with services.store.session() as session:
        model = champion(session, project.id)
        # The first job of a project with one label gives it the starter.
        new = (
            len(config.labels) == 1 and bool(ls_task_ids(session, project.id))
            if model is None
            else count_tasks_to_predict(session, project.id, model.id) > 0
            or count_labelled_to_predict(session, project.id, model.id, marked_only=True) > 0
            or bool(unsent_predictions(session, project.id, model.id, 1))
        )
        if (
            not new
            or active_job(session, project.id, JobKind.PREDICT_POOL) is not None
            or has_failed_within(session, project.id, JobKind.PREDICT_POOL, _AFTER_FAILURE)
        ):
            return
        job = queue_job(session, project.id, JobKind.PREDICT_POOL, {})
    services.sender.send("worker.predict_pool", job.id, queue="predict")
