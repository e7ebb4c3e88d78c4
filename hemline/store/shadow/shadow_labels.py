"""What people made of photos while a candidate is in shadow: which of it counts, and the figures.

Counted are labels that were made from the champion's pre-fill or from nothing, of garments that
neither model has seen in training, not even in another view.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from hemline.store.database.columns import Json
from hemline.store.database.insert import insert_into
from hemline.store.loop.annotations import usable_corrections
from hemline.store.models.snapshots import Manifest
from hemline.store.tables.loop import (
    Annotation,
    DatasetSnapshot,
    ModelVersion,
    Prediction,
    Task,
)
from hemline.store.tables.shadows import Shadow, ShadowLabel


@dataclass(frozen=True, slots=True)
class LabelToCompare:
    """A label, and the champion's prediction of its photo, with task and model."""

    annotation: Annotation
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class ComparedLabel:
    """A label that was compared: Dice of both models, and where it came from."""

    ls_task_id: int
    garment: str
    row: ShadowLabel


class SeenInTraining:
    """The photos of a candidate's snapshot, and those that a champion was taught on without
    anybody's correction. Any view of a garment stands for all of them."""

    def __init__(self, manifest: Manifest, taught: Sequence[Task]) -> None:
        self._tasks = {item.task for item in manifest.items} | {task.ls_task_id for task in taught}
        garments = {item.garment for item in manifest.items} | {task.garment for task in taught}
        self._garments = garments - {""}
        self._photos = {item.image_digest for item in manifest.items} - {None}

    def has(self, task: Task) -> bool:
        return (
            task.ls_task_id in self._tasks
            or task.garment in self._garments
            or task.image_digest in self._photos
        )


def seen_in_training(session: Session, project_id: int, manifest: Manifest) -> SeenInTraining:
    """What neither a candidate with this snapshot nor the champion may be judged on."""
    taught = session.scalars(
        select(Task).where(Task.project_id == project_id, Task.pseudo_labelled)
    ).all()
    return SeenInTraining(manifest, taught)


def labels_to_compare(session: Session, shadow: Shadow, limit: int) -> list[LabelToCompare]:
    """Labels that were not compared yet, or changed since; in the order they came."""
    rows = session.execute(
        _waiting(shadow, Annotation, Prediction)
        .join(ModelVersion, ModelVersion.id == Prediction.model_version_id)
        .order_by(Annotation.changed_at, Annotation.id)
        .limit(limit)
        .options(
            contains_eager(Annotation.task),
            contains_eager(Prediction.model_version)
            .defer(ModelVersion.recipe)
            .defer(ModelVersion.figures),
        )
    )
    return [LabelToCompare(annotation, prediction) for annotation, prediction in rows]


def any_label_to_compare(session: Session, shadow: Shadow) -> bool:
    """Whether `labels_to_compare` has any."""
    return session.scalar(_waiting(shadow, Annotation.id).limit(1)) is not None


def keep_comparison(
    session: Session,
    shadow: Shadow,
    label: LabelToCompare,
    *,
    dice: float | None = None,
    champion_dice: float | None = None,
    labels: Json | None = None,
    champion_labels: Json | None = None,
    problem: str | None = None,
) -> None:
    """Stores how near both models came to a label, or why that cannot be told."""
    annotation = label.annotation
    values = {
        "annotation_id": annotation.id,
        "label_digest": annotation.mask_digest,
        "from_nothing": annotation.prediction_id is None,
        "untouched": annotation.untouched,
        "dice": dice,
        "champion_dice": champion_dice,
        "labels": labels or {},
        "champion_labels": champion_labels or {},
        "problem": problem,
    }
    session.execute(
        insert_into(
            session, ShadowLabel, shadow_id=shadow.id, task_id=annotation.task_id, **values
        ).on_conflict_do_update(index_elements=["shadow_id", "task_id"], set_=values)
    )


def compared_labels(session: Session, shadow_id: int) -> list[ComparedLabel]:
    """The labels of a shadow that were compared and still count, by task."""
    rows = session.execute(
        select(Task.ls_task_id, _garment(), ShadowLabel)
        .join(Task, Task.id == ShadowLabel.task_id)
        .join(Annotation, Annotation.id == ShadowLabel.annotation_id)
        .where(*_counts(shadow_id))
        .order_by(Task.ls_task_id)
    )
    return [ComparedLabel(ls_task_id, garment, row) for ls_task_id, garment, row in rows]


def count_compared_garments(session: Session, shadow_id: int) -> int:
    """How many garments those labels are of."""
    number = session.scalar(
        select(func.count(func.distinct(_garment())))
        .select_from(ShadowLabel)
        .join(Task, Task.id == ShadowLabel.task_id)
        .join(Annotation, Annotation.id == ShadowLabel.annotation_id)
        .where(*_counts(shadow_id))
    )
    return number or 0


def _waiting(shadow: Shadow, *wanted: Any) -> Select[Any]:
    """Labels made since the candidate's snapshot was taken, from the champion's pre-fill or from
    nothing, where the champion has predicted the photo; of each task the first that is usable."""
    compared = and_(ShadowLabel.shadow_id == shadow.id, ShadowLabel.task_id == Annotation.task_id)
    since = (
        select(DatasetSnapshot.created_at)
        .join(ModelVersion, ModelVersion.snapshot_id == DatasetSnapshot.id)
        .where(ModelVersion.id == shadow.model_version_id)
        .correlate(None)
        .scalar_subquery()
    )
    return (
        select(*wanted)
        .select_from(Annotation)
        .join(Annotation.task)
        .join(
            Prediction,
            and_(
                Prediction.task_id == Annotation.task_id,
                Prediction.model_version_id == shadow.champion_id,
            ),
        )
        .outerjoin(ShadowLabel, compared)
        .where(
            usable_corrections(shadow.project_id),
            Annotation.changed_at > since,
            or_(
                Annotation.prediction_id.is_(None),
                Annotation.prediction_id == Prediction.id,
            ),
            or_(
                ShadowLabel.task_id.is_(None),
                and_(
                    ShadowLabel.annotation_id == Annotation.id,
                    ShadowLabel.label_digest != Annotation.mask_digest,
                ),
            ),
        )
    )


def _counts(shadow_id: int) -> tuple[ColumnElement[bool], ...]:
    """Of a label that was compared, and is still the one that its task has."""
    return (
        ShadowLabel.shadow_id == shadow_id,
        ShadowLabel.dice.is_not(None),
        ShadowLabel.label_digest == Annotation.mask_digest,
        Annotation.was_cancelled.is_(False),
        Annotation.deleted_at.is_(None),
    )


def _garment() -> ColumnElement[str]:
    """What a photo is counted as; one whose garment nobody knows is a garment of its own."""
    return case((Task.garment != "", "garment " + Task.garment), else_=cast(Task.id, String))
