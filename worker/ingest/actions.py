"""What each of Label Studio's webhook actions means to Hemline."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from hemline.errors import HemlineError, LabelConfigError
from hemline.labelstudio.messages import SUBMISSIONS, WebhookPayload, parse_id
from hemline.labelstudio.project.config import LabelConfig, parse_label_config
from hemline.store.loop.corrections import withdraw_annotations
from hemline.store.loop.projects import get_project, upsert_project
from hemline.store.loop.tasks import delete_tasks
from hemline.store.states import RunTrigger
from hemline.store.tables.loop import Project, WebhookDelivery
from worker.ingest.compared_with import look_up
from worker.ingest.confirm import ComesTooEarly, confirmed, is_proved, project_of
from worker.ingest.record_annotation import SavedAnnotation, record_submitted
from worker.ingest.registry import bring_up_to_date, register_task, remember_project
from worker.ingest.submitted import Submitted, parse_submitted
from worker.services import Services
from worker.training.triggers import request_training

At = datetime  # when the delivery was received
PROJECT_DELETED = "the project was deleted in Label Studio"


@dataclass(frozen=True, slots=True)
class UsualDelivery:
    """One annotation that was saved, with its task: nearly every delivery is of this kind."""

    ls_project_id: int
    ls_task: dict[str, Any]
    submitted: Submitted

    @classmethod
    def of(cls, services: Services, delivery: WebhookDelivery) -> "UsualDelivery | None":
        """None for all others, also for those with something wrong: `handle_delivery` says what."""
        if delivery.action not in SUBMISSIONS or not is_proved(services):
            return None
        try:
            told = WebhookPayload.parse(delivery.payload)
            (annotation,), (ls_task,) = told.annotations, told.tasks
            number = parse_id(ls_task.get("id"), "task")
            own = annotation.get("task", number)
            if delivery.ls_project_id is None or type(own) is not int or own != number:
                return None
            return cls(delivery.ls_project_id, ls_task, parse_submitted(annotation))
        except (HemlineError, TypeError, ValueError):
            return None

    def open(self, session: Any) -> "tuple[SavedAnnotation, bool] | None":
        """The annotation with the rows of its project and its task, which are brought up to date,
        and whether the task was not known so; None for a project that is not known yet.

        Raises:
            LabelConfigError: nothing can be drawn in the project.
        """
        project = get_project(session, self.ls_project_id)
        if project is None or not project.label_config:
            return None
        config = _config(project)
        task, is_news = bring_up_to_date(session, project, config, self.ls_task)
        stored = look_up(session, project, task, self.submitted)
        return SavedAnnotation(project, config, task, self.submitted, stored), is_news


def handle_delivery(services: Services, delivery: WebhookDelivery) -> None:
    """Does what the delivery asks for. Doing it twice is the same as doing it once.

    Raises:
        ComesTooEarly: what it tells of is not known yet.
        LabelStudioUnavailable: it is to be asked, since anyone can send webhooks, and cannot be.
        HemlineError: it cannot be worked on; the message says why.
        KeyError, TypeError, ValueError: the payload is not what Label Studio sends.
    """
    handler = _HANDLERS.get(delivery.action)
    if handler is None:
        return
    told = WebhookPayload.parse(delivery.payload)
    project = _project(services, delivery, told)
    if project is None:
        raise HemlineError(
            f"{delivery.action} names no project that Hemline knows; connect it with `hemline "
            "connect PROJECT_ID`"
        )
    handler(services, project, confirmed(services, project, told), delivery.received_at)


def _project(services: Services, delivery: WebhookDelivery, told: WebhookPayload) -> Project | None:
    """The project of a delivery. One that was never seen is taken from the payload."""
    if delivery.ls_project_id is None:
        return None
    with services.store.reading() as session:
        project = get_project(session, delivery.ls_project_id)
    if (project is None or not project.label_config) and told.project:
        return remember_project(services, project_of(services, delivery.ls_project_id, told))
    return project


def _annotations_saved(services: Services, project: Project, told: WebhookPayload, _: At) -> None:
    config = _config(project)
    tasks = dict(zip(told.task_ids, told.tasks, strict=True))
    for values in told.annotations:
        # The annotation of a single pair may not name its task, which is then the one beside it.
        alone = "task" not in values and len(tasks) == 1
        ls_task_id = min(tasks) if alone else parse_id(values.get("task"), "task")
        if ls_task_id not in tasks:
            raise HemlineError(
                f"the delivery has an annotation of task {ls_task_id} but not the task"
            )
        task = register_task(services, project, config, tasks[ls_task_id])
        record_submitted(services, project, config, task, parse_submitted(values))


def _annotations_deleted(
    services: Services, project: Project, told: WebhookPayload, received_at: At
) -> None:
    ids = set(told.annotation_ids)
    with services.store.session() as session:
        known = withdraw_annotations(session, project.id, sorted(ids), received_at)
    if early := ids - set(known):
        raise ComesTooEarly(f"annotations {sorted(early)} were deleted before they were seen")


def _tasks_created(services: Services, project: Project, told: WebhookPayload, _: At) -> None:
    services.sender.send("worker.reconcile", queue="housekeeping")


def _tasks_deleted(services: Services, project: Project, told: WebhookPayload, _: At) -> None:
    with services.store.session() as session:
        delete_tasks(session, project.id, told.task_ids)


def _project_changed(services: Services, project: Project, told: WebhookPayload, _: At) -> None:
    if told.project:
        remember_project(services, project_of(services, project.ls_project_id, told))


def _project_deleted(services: Services, project: Project, told: WebhookPayload, _: At) -> None:
    with services.store.session() as session:
        upsert_project(session, ls_project_id=project.ls_project_id, problem=PROJECT_DELETED)


def _training_asked_for(services: Services, project: Project, told: WebhookPayload, _: At) -> None:
    request_training(services, project.ls_project_id, RunTrigger.BUTTON)


def _config(project: Project) -> LabelConfig:
    try:
        return _parsed(project.label_config)
    except LabelConfigError as error:
        raise LabelConfigError(f"project {project.ls_project_id}: {error}") from error


_parsed = lru_cache(maxsize=32)(parse_label_config)

_HANDLERS: dict[str, Callable[[Services, Project, WebhookPayload, At], None]] = {
    "ANNOTATION_CREATED": _annotations_saved,
    "ANNOTATIONS_CREATED": _annotations_saved,
    "ANNOTATION_UPDATED": _annotations_saved,
    "ANNOTATIONS_UPDATED": _annotations_saved,
    "ANNOTATION_DELETED": _annotations_deleted,
    "ANNOTATIONS_DELETED": _annotations_deleted,
    "TASKS_CREATED": _tasks_created,
    "TASKS_DELETED": _tasks_deleted,
    "PROJECT_CREATED": _project_changed,
    "PROJECT_UPDATED": _project_changed,
    "PROJECT_DELETED": _project_deleted,
    "START_TRAINING": _training_asked_for,
}
