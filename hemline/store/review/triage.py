"""Triage: pre-fills that are taken as they are, unseen, and what an audit of them found."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hemline.store.database.clock import DatabaseTime
from hemline.store.tables.loop import Annotation, Prediction, Project, Task
from hemline.store.tables.review import PredictionSignals


def set_triage(session: Session, project_id: int, above: float | None, audit_share: float) -> None:
    """Accepts pre-fills whose Dice is predicted to be above a figure; None: none, and those that
    were accepted wait for a person again."""
    session.execute(
        update(Project)
        .where(Project.id == project_id)
        .values(accept_above=above, accept_threshold=above, audit_share=audit_share)
    )
    if above is None:
        session.execute(update(Task).where(Task.project_id == project_id).values(accepted_at=None))


def move_threshold(session: Session, project_id: int, threshold: float) -> None:
    session.execute(
        update(Project).where(Project.id == project_id).values(accept_threshold=threshold)
    )


def accept(session: Session, task_ids: Sequence[int]) -> None:
    """Marks tasks as accepted; when, is kept of those that were already."""
    session.execute(
        update(Task)
        .where(Task.id.in_(task_ids), Task.accepted_at.is_(None))
        .values(accepted_at=DatabaseTime())
    )


def take_back(session: Session, task_ids: Sequence[int]) -> None:
    """They are no longer good enough to be accepted."""
    session.execute(
        update(Task)
        .where(Task.id.in_(task_ids), Task.accepted_at.is_not(None))
        .values(accepted_at=None)
    )


def corrected_above(
    session: Session, project: Project, threshold: float, limit: int
) -> list[tuple[int, float, bool]]:
    """(Label Studio's task id, Dice, whether since the last ranking) of the newest corrections of
    pre-fills whose lower bound was above the threshold."""
    rows = session.execute(
        select(Task.ls_task_id, Annotation.dice, Annotation.changed_at)
        .join(Annotation, Annotation.task_id == Task.id)
        .join(Prediction, Prediction.id == Annotation.prediction_id)
        .join(PredictionSignals, PredictionSignals.prediction_id == Prediction.id)
        .where(
            Task.project_id == project.id,
            Annotation.dice.is_not(None),
            Annotation.deleted_at.is_(None),
            PredictionSignals.predicted_dice_low >= threshold,
        )
        .order_by(Annotation.changed_at.desc())
        .limit(limit)
    ).all()
    since = project.ranked_at
    return [
        (row.ls_task_id, float(row.dice or 0), since is None or row.changed_at > since)
        for row in rows
    ]
