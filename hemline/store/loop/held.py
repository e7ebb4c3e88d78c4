"""Saves that are held as lost work, and what confirms them: they are corrections from then on."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from hemline.errors import StoreError
from hemline.settings import Settings
from hemline.store.database.clock import database_now
from hemline.store.database.engine import Store
from hemline.store.loop.garments import settle_garments
from hemline.store.loop.splits import assign_split
from hemline.store.review.label_review import review_saved
from hemline.store.tables.loop import Annotation, Task


def confirm_held(
    store: Store,
    settings: Settings,
    project_id: int,
    ls_task_id: int,
    *,
    note: Callable[[Session], None] = lambda session: None,
) -> int:
    """Takes the task's held saves as what they are; returns how many there were.

    `note` writes down who did, in the same transaction.

    Raises:
        StoreError: the task has none.
    """
    settle_garments(store, project_id)
    with store.session() as session:
        held = session.scalars(
            select(Annotation)
            .join(Annotation.task)
            .where(_is_held(project_id), Task.ls_task_id == ls_task_id)
        ).all()
        if not held:
            raise StoreError(
                f"task {ls_task_id} has no save that is held; `hemline problems` lists them"
            )
        for row in held:
            row.mask_digest = row.last_mask_digest = row.held_digest
            row.problem = None
            row.changed_at = database_now(session)
            assign_split(
                session,
                row.task_id,
                gold_share=settings.gold_share,
                validation_share=settings.validation_share,
                gold_minimum=settings.gold_minimum,
            )
            review_saved(session, row, mask_before=None, verdict_before=row.verdict, by="")
        note(session)
        return len(held)


def tasks_with_held(session: Session, project_id: int) -> set[int]:
    """Label Studio's ids of the tasks that have a save that is held."""
    return set(
        session.scalars(select(Task.ls_task_id).join(Task.annotations).where(_is_held(project_id)))
    )


def _is_held(project_id: int) -> ColumnElement[bool]:
    return and_(
        Annotation.project_id == project_id,
        Annotation.problem.is_not(None),  # which has an index
        Annotation.held_digest.is_not(None),
        Annotation.mask_digest.is_(None),
        Annotation.deleted_at.is_(None),
    )
