"""Masks that were drawn from nothing in tasks that chance left blank, and the time it took."""

from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from hemline.store.database.columns import Json
from hemline.store.effort.begun import BEGUN, is_begun
from hemline.store.loop.annotations import usable_corrections
from hemline.store.tables.loop import Annotation, Task
from hemline.store.tables.review import PredictionSignals


@dataclass(frozen=True, slots=True)
class DrawnLabel:
    """One of them: who drew it in how many seconds, of which garment, and the signals of the
    prediction that was not shown, None where they are not there."""

    seconds: float
    annotator: str
    garment: str
    garment_type: str
    values: Json | None
    regions: Json | None
    flip_dice: float | None


def drawn_labels(session: Session, project_id: int, version: int, limit: int) -> list[DrawnLabel]:
    """The newest of them whose time is known; signals of that version alone."""
    rows = session.execute(
        select(
            Annotation.lead_time_s,
            Annotation.annotator,
            Task.garment,
            Task.garment_type,
            PredictionSignals.values,
            PredictionSignals.regions,
            PredictionSignals.flip_dice,
        )
        .join(Task, Task.id == Annotation.task_id)
        .join(BEGUN, is_begun())
        .outerjoin(
            PredictionSignals,
            and_(
                PredictionSignals.prediction_id == BEGUN.id,
                PredictionSignals.version == version,
            ),
        )
        .where(
            usable_corrections(project_id),
            Annotation.prediction_id.is_(None),
            Annotation.lead_time_s.is_not(None),
            BEGUN.blank_as_dearer.is_(False),
        )
        .order_by(Annotation.changed_at.desc())
        .limit(limit)
    )
    return [
        DrawnLabel(took or 0.0, annotator, garment, garment_type, values, regions, flip_dice)
        for took, annotator, garment, garment_type, values, regions, flip_dice in rows
    ]
