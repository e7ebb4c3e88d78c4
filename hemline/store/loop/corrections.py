"""Corrections: the pre-fill a correction was made from, and what corrections say of their task."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from hemline.store.database.insert import table_of
from hemline.store.loop.annotations import delete_annotations
from hemline.store.review.label_review import review_deleted
from hemline.store.tables.loop import Annotation, ModelVersion, Prediction, Task


def shown_prediction(session: Session, task_id: int, at: datetime | None) -> Prediction | None:
    """The prediction an annotator saw who began at `at`: the one sent last before, with its model.

    Without `at`, or when none was sent before it, the one sent last. None that was taken back.
    """
    statement = (
        select(Prediction)
        .where(
            Prediction.task_id == task_id,
            Prediction.sent_at.is_not(None),
            Prediction.left_blank.is_(False),
        )
        .order_by(Prediction.sent_at.desc())
        .limit(1)
        .options(_model())
    )
    if at is not None:
        before = session.scalar(statement.where(Prediction.sent_at <= at))
        if before is not None:
            return before
    return session.scalar(statement)


def kept_back_by_chance(session: Session, task_id: int) -> Prediction | None:
    """The newest prediction that nobody was shown since chance left its task blank, with its
    model."""
    return session.scalar(
        select(Prediction)
        .where(
            Prediction.task_id == task_id,
            Prediction.left_blank.is_(True),
            Prediction.blank_as_dearer.is_(False),
        )
        .order_by(Prediction.id.desc())
        .limit(1)
        .options(_model())
    )


def get_prediction(session: Session, prediction_id: int) -> Prediction | None:
    """The prediction of that id, with its model."""
    return session.scalar(_PREDICTION, {"prediction": prediction_id})


def annotations_of(session: Session, task_id: int) -> Sequence[Annotation]:
    """The task's annotations that are not deleted."""
    return session.scalars(
        select(Annotation)
        .where(Annotation.task_id == task_id, Annotation.deleted_at.is_(None))
        .order_by(Annotation.ls_annotation_id)
    ).all()


def refresh_labelled(session: Session, task_ids: Sequence[int]) -> None:
    """A task is labelled while it has an annotation, a skip included, that is not deleted."""
    submitted = exists().where(Annotation.task_id == Task.id, Annotation.deleted_at.is_(None))
    session.execute(update(Task).where(Task.id.in_(task_ids)).values(is_labeled=submitted))


def mark_labelled(session: Session, task_id: int) -> None:
    """A task that an annotation which is not deleted was stored of; as `refresh_labelled`."""
    session.execute(_LABELLED, {"task": task_id})


def withdraw_annotations(
    session: Session, project_id: int, ls_annotation_ids: Sequence[int], deleted_at: datetime
) -> list[int]:
    """Marks annotations as deleted and brings their tasks up to date; returns the ids it knows."""
    known = session.scalars(
        select(Annotation).where(
            Annotation.project_id == project_id,
            Annotation.ls_annotation_id.in_(ls_annotation_ids),
        )
    ).all()
    delete_annotations(session, project_id, ls_annotation_ids, deleted_at)
    refresh_labelled(session, [annotation.task_id for annotation in known])
    review_deleted(session, known)
    return [annotation.ls_annotation_id for annotation in known]


def _model() -> ORMOption:
    """The model's row without what is large and tells nothing of a mask."""
    return (
        joinedload(Prediction.model_version).defer(ModelVersion.recipe).defer(ModelVersion.figures)
    )


_PREDICTION = select(Prediction).where(Prediction.id == bindparam("prediction")).options(_model())
_LABELLED = (
    update(table_of(Task))
    .where(Task.id == bindparam("task"), Task.is_labeled.is_(False))
    .values(is_labeled=True)
)
