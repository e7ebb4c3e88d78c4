"""Has Label Studio show the top of the review order: priorities for its tab, reasons in its header.

Label Studio changes one task at a time and takes a task's data whole, so the top alone is shown,
and only what has changed is sent.
"""

import logging
from functools import partial
from typing import Any

from hemline.errors import LabelStudioUnavailable
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.review_fields import (
    PRIORITY_FIELD,
    REASON_FIELD,
    has_review_fields,
    review_data,
)
from hemline.store.loop.projects import list_projects
from hemline.store.review.label_studio_sync import found_wrong, keep_shown, shown_tasks
from hemline.store.review.returned import waiting_comments
from hemline.store.review.review_order import review_page
from hemline.store.review.review_words import (
    check_sentences,
    priority_title,
    priority_words,
    reason_sentences,
)
from hemline.store.states import ReviewKind, ReviewState, Verdict
from hemline.store.tables.loop import Project, Task
from hemline.store.tables.review import ReviewItem
from worker.ingest.by_project import by_project
from worker.services import Services

log = logging.getLogger(__name__)

_SAME = 0.02  # a priority that moved by less is not sent again, unless the reasons changed


def show_reviews(services: Services) -> None:
    """Brings every project's top up to date in Label Studio; it waits while that is away.

    Projects whose label config does not show reasons are left alone.
    """
    with services.store.reading() as session:
        projects = [project for project in list_projects(session) if not project.problem]
    shown = [project for project in projects if has_review_fields(project.label_config)]
    by_project(services, shown, partial(show_project, services), "showing reviews")


def show_project(services: Services, project: Project) -> int:
    """Brings one project's top up to date; how many tasks were changed."""
    wanted = _wanted(services, project)
    with services.store.reading() as session:
        gone = [task for task in shown_tasks(session, project.id) if task.id not in wanted]
        comments = waiting_comments(session, list(wanted))
    changed = sum(_send(services, project, task, None) for task in gone)
    for item in wanted.values():
        text = reason_text(item, comments.get(item.task_id, ""))
        if _differs(item, text):
            changed += _send(services, project, item.task, item, text)
    return changed


def reason_text(item: ReviewItem, comment: str = "") -> str:
    """What the header says: how likely the label is wrong, and each reason with its evidence.

    comment: of the reviewer who sent the label back.
    """
    said = [*reason_sentences(item.reasons), *check_sentences(item.checks)]
    if item.kind == ReviewKind.LABEL:
        said.insert(0, f"{priority_title(item.kind)} {priority_words(item.priority)}")
    if _is_found_wrong(item):
        found = f"Label found wrong by {item.verdict_by}"
        said.insert(0, f"{found}: {comment.rstrip('.')}" if comment else found)
    return ". ".join(said)


def _wanted(services: Services, project: Project) -> dict[int, ReviewItem]:
    """Labels that reviewers found wrong, before the top of both orders; by task."""
    limit = services.settings.review_shown
    if not limit:
        return {}
    with services.store.reading() as session:
        items = list(found_wrong(session, project.id, limit=limit))
        for kind in ReviewKind:
            items += review_page(session, project.id, kind, limit=limit).items
    # A photo without a reason has nothing to say; its place is its prediction's score.
    return {item.task_id: item for item in items if item.kind == ReviewKind.LABEL or item.reasons}


def _is_found_wrong(item: ReviewItem) -> bool:
    return item.state == ReviewState.CLOSED and item.verdict == Verdict.LABEL_WRONG


def _priority(item: ReviewItem) -> float:
    """What Label Studio's tab is ordered by. It is of labels alone, so a photo has none there."""
    if _is_found_wrong(item):
        return 1.0
    return item.priority if item.kind == ReviewKind.LABEL else 0.0


def _differs(item: ReviewItem, text: str) -> bool:
    before = item.task.shown_priority
    if before is None or item.task.data.get(REASON_FIELD) is None:
        return True
    moved = abs(before - _priority(item)) >= _SAME
    return moved or item.task.data[REASON_FIELD] != text


def _send(
    services: Services, project: Project, task: Task, item: ReviewItem | None, text: str = ""
) -> bool:
    """Changes one task's data, all of the rest as Label Studio has it now; whether it could."""
    try:
        data: dict[str, Any] = dict(
            services.client.get_task(project.ls_project_id, task.ls_task_id)["data"]
        )
        data |= review_data(_priority(item), text) if item else {}
        if item is None:
            data.pop(PRIORITY_FIELD, None)
            data.pop(REASON_FIELD, None)
        services.client.update_task_data(task.ls_task_id, data)
    except LabelStudioUnavailable:
        raise
    except LabelStudioRefused as error:
        log.info("task %d does not show its review: %s", task.ls_task_id, error)
        return False
    with services.store.session() as session:
        keep_shown(session, task.id, data, _priority(item) if item else None)
    return True
