"""Leaves tasks blank where correcting is predicted to cost more than drawing, if that is wanted."""

import logging
from collections.abc import Sequence

from hemline.errors import LabelStudioError
from hemline.prefill.left_blank import (
    hold_as_dearer,
    is_checked,
    is_drawn,
    judge_dearer,
    release,
    sent_tasks,
    show_again,
)
from hemline.store.review.queries import PhotoRow
from hemline.store.tables.loop import Project
from worker.services import Services

log = logging.getLogger(__name__)


def leave_dearer_blank(
    services: Services, project: Project, rows: Sequence[PhotoRow], dearer: Sequence[bool]
) -> None:
    """Holds back the pre-fills of unlabelled tasks that are dearer to correct, and takes back those
    that Label Studio has; shows again those that are dearer no longer.

    Tasks that chance leaves blank stay its own, but that they are dearer is kept of them too: what
    pre-fills save is told beside tasks of the same kind. If Label Studio does not answer, the next
    ranking tries again.
    """
    if not (project.blank_where_dearer and project.blank_share):
        return
    number = project.ls_project_id
    judged = {row.prediction.id for row, is_so in zip(rows, dearer, strict=True) if is_so}
    before = {row.prediction.id for row in rows if row.prediction.blank_as_dearer}
    held = {
        row.prediction.id
        for row in rows
        if row.prediction.id in judged
        and not row.prediction.left_blank
        and not is_drawn(number, row.task.ls_task_id, project.blank_share)
        and not is_checked(number, row.task.ls_task_id)
    }
    with services.store.session() as session:
        judge_dearer(session, sorted(judged), True)
        judge_dearer(
            session, [n for n in (r.prediction.id for r in rows) if n not in judged], False
        )
        hold_as_dearer(session, sorted(held))
        show_again(session, sorted(before - judged))
        # Those of earlier too: an import that was under way may have come after they were removed
        sent = sent_tasks(session, sorted(held | (before & judged)))
    if sent:
        try:
            services.client.perform_action(number, "delete_tasks_predictions", sent)
        except LabelStudioError as error:
            log.warning("%d pre-fills are still shown: %s", len(sent), error)
            with services.store.session() as session:
                release(session, sorted(held))
            return
    if held or before - judged:
        log.info(
            "project %d: %d tasks left blank, %d filled again",
            number,
            len(held),
            len(before - judged),
        )
