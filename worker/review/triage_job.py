"""Triage in a ranking: accepts what is good enough, but for an audit share that moves the bar."""

import logging
from collections.abc import Sequence

from active_learning.order.triage import accepts, is_audited, moved_threshold
from hemline.store.review.triage import accept, corrected_above, move_threshold, take_back
from hemline.store.review.write_order import close_items
from hemline.store.states import ReviewKind
from hemline.store.tables.loop import Project, Task
from worker.services import Services

log = logging.getLogger(__name__)

_AUDITED = 50  # the newest audited pre-fills that the threshold is moved by


def moved(services: Services, project: Project) -> float | None:
    """The threshold after what the audit has found since the last ranking; None: triage is off."""
    threshold = project.accept_threshold
    if project.accept_above is None or threshold is None:
        return None
    with services.store.reading() as session:
        found = corrected_above(session, project, threshold, 20 * _AUDITED)
    audited = [
        (dice, is_new)
        for ls_task_id, dice, is_new in found
        if is_audited(str(ls_task_id), share=project.audit_share)
    ][:_AUDITED]
    if not any(is_new for _, is_new in audited):
        return threshold
    after = moved_threshold(threshold, [dice for dice, _ in audited], wanted=project.accept_above)
    if after != threshold:
        log.info("project %d accepts from %.3f on", project.ls_project_id, after)
        with services.store.session() as session:
            move_threshold(session, project.id, after)
    return after


def sort_out(
    services: Services,
    project: Project,
    threshold: float | None,
    photos: Sequence[tuple[Task, float]],
) -> None:
    """Marks what is accepted of photos that were just ranked, each a task with the lower bound of
    its pre-fill's predicted Dice, and takes it out of the order."""
    good = {
        task.id
        for task, low in photos
        if accepts(low, threshold)
        and not is_audited(str(task.ls_task_id), share=project.audit_share)
    }
    rest = [task.id for task, _ in photos if task.id not in good]
    with services.store.session() as session:
        take_back(session, rest)
        if good:
            accept(session, sorted(good))
            close_items(session, sorted(good), ReviewKind.PHOTO)
