"""What a webhook that nobody had to prove tells of, as Label Studio has it.

Anyone who reaches a backend without a password or webhook secret can send webhooks. So such a
webhook only says where to look: nothing it claims is stored or deleted by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hemline.errors import HemlineError, LabelStudioUnavailable
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.messages import DELETIONS, SUBMISSIONS, WebhookPayload, is_id, parse_id
from hemline.store.loop.annotations import ls_tasks_of
from hemline.store.tables.loop import Project
from worker.ingest.submitted import parse_time
from worker.services import Services

_AT_ONCE = 100  # task ids in one address
_MOST = 1000  # tasks that are asked about one after another; more are left to reconcile

Json = dict[str, Any]


class ComesTooEarly(HemlineError):
    """A delivery came before what it tells of is known; it is worked on again later."""


def is_proved(services: Services) -> bool:
    """Whether who sends a webhook had to know a secret. So it counts where there is no token to ask
    Label Studio with."""
    settings = services.settings
    has_secret = settings.webhook_secret or settings.basic_auth_user
    return bool(has_secret or not settings.label_studio_api_key)


def project_of(services: Services, ls_project_id: int, told: WebhookPayload) -> Mapping[str, Any]:
    """A webhook's project: as it says, or as Label Studio does."""
    assert told.project is not None
    return told.project if is_proved(services) else services.client.get_project(ls_project_id)


def confirmed(services: Services, project: Project, told: WebhookPayload) -> WebhookPayload:
    """The message with tasks and annotations as Label Studio has them, or without any where there
    are so many that reconcile looks for all changes instead.

    Raises:
        ComesTooEarly: Label Studio does not have it so, or not yet.
        LabelStudioUnavailable: it cannot be asked now, or does not accept the token.
    """
    if is_proved(services):
        return told
    try:
        return _confirmed(services, project, told)
    except LabelStudioRefused as error:
        raise LabelStudioUnavailable(str(error)) from error


def _confirmed(services: Services, project: Project, told: WebhookPayload) -> WebhookPayload:
    if len(told.tasks) + len(told.annotations) > _MOST:
        services.sender.send("worker.reconcile", queue="housekeeping")
        return replace(told, tasks=[], annotations=[])
    if told.action in SUBMISSIONS:
        return _saved(services, project, told)
    if told.action in DELETIONS:
        _check_annotations_are_gone(services, project, told)
    elif told.action == "TASKS_DELETED":
        if there := _tasks(services, project, told.task_ids, full=False):
            raise ComesTooEarly(f"Label Studio still has task {min(there)}")
    elif told.action == "PROJECT_DELETED":
        _check_project_is_gone(services, project)
    return told


def _saved(services: Services, project: Project, told: WebhookPayload) -> WebhookPayload:
    numbers = {*told.task_ids, *(item["task"] for item in told.annotations if _names_task(item))}
    tasks = _tasks(services, project, numbers)
    there = {
        annotation["id"]: annotation | {"task": number}
        for number, task in tasks.items()
        for annotation in _annotations(task)
    }
    annotations = []
    for claimed in told.annotations:
        number = parse_id(claimed.get("id"), "annotation")
        real = there.get(number)
        if real is None:
            raise ComesTooEarly(f"Label Studio has no annotation {number}")
        saved, claims = parse_time(real.get("updated_at")), parse_time(claimed.get("updated_at"))
        if saved is not None and claims is not None and saved < claims:
            raise ComesTooEarly(f"Label Studio has an older annotation {number}")
        annotations.append(real)
    return replace(told, tasks=list(tasks.values()), annotations=annotations)


def _check_annotations_are_gone(services: Services, project: Project, told: WebhookPayload) -> None:
    with services.store.reading() as session:
        task_of = ls_tasks_of(session, project.id, told.annotation_ids)
    tasks = _tasks(services, project, task_of.values())
    there = {annotation["id"] for task in tasks.values() for annotation in _annotations(task)}
    if still := there & set(task_of):
        raise ComesTooEarly(f"Label Studio still has annotation {min(still)}")


def _check_project_is_gone(services: Services, project: Project) -> None:
    try:
        services.client.get_project(project.ls_project_id)
    except LabelStudioRefused as error:
        if error.status == 404:
            return
        raise
    raise ComesTooEarly(f"Label Studio still has project {project.ls_project_id}")


def _tasks(
    services: Services, project: Project, numbers: Iterable[int], *, full: bool = True
) -> dict[int, Json]:
    """The tasks of the project with these ids that Label Studio has."""
    wanted = sorted(set(numbers))
    found = {}
    for start in range(0, len(wanted), _AT_ONCE):
        chosen = wanted[start : start + _AT_ONCE]
        for task in services.client.iter_tasks(project.ls_project_id, task_ids=chosen, full=full):
            found[int(task["id"])] = task
    return {number: found[number] for number in wanted if number in found}


def _annotations(task: Json) -> list[Json]:
    annotations = task.get("annotations")
    if not isinstance(annotations, list):
        return []
    return [item for item in annotations if isinstance(item, dict) and is_id(item.get("id"))]


def _names_task(annotation: Json) -> bool:
    return isinstance(annotation.get("task"), int) and is_id(annotation["task"])
