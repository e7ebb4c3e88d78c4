"""Tasks that wait and open empty: how many by chance, how many for their cost, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hemline.store.effort.begun import BEGUN, is_begun
from hemline.store.loop.annotations import usable_corrections
from hemline.store.states import ModelState
from hemline.store.tables.loop import Annotation, ModelVersion, Prediction, Project, Task
from hemline.store.tables.review import PredictionSignals


@dataclass(frozen=True, slots=True)
class LearntTimes:
    """What a ranking knows of one kind of work: the `masks` it learnt from, what they usually take,
    how far off predictions are in the mean, and how far one time for all would be, in seconds; None
    where too little is known. `is_told`: the photos are told apart."""

    masks: int
    usual_s: float | None = None
    error_s: float | None = None
    constant_error_s: float | None = None
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class LeftBlank:
    """Tasks without a label that open empty: by chance; `dearer`, since correcting is predicted to
    cost more; and those `checked`, which are dearer and open pre-filled all the same. Medians of
    the dearer ones' predicted seconds; None without any. `drawn` counts the labels drawn from
    nothing, by chance, whose time is known."""

    drawn: int
    by_chance: int
    dearer: int
    checked: int
    correcting_s: float | None
    drawing_s: float | None


def left_blank(session: Session, project_id: int) -> LeftBlank:
    """Of the champion's predictions."""
    rows = session.execute(
        select(
            Prediction.left_blank,
            Prediction.blank_as_dearer,
            PredictionSignals.predicted_seconds,
            PredictionSignals.drawing_seconds,
        )
        .join(Task, Task.id == Prediction.task_id)
        .join(ModelVersion, ModelVersion.id == Prediction.model_version_id)
        .outerjoin(PredictionSignals, PredictionSignals.prediction_id == Prediction.id)
        .where(
            Task.project_id == project_id,
            Task.is_labeled.is_(False),
            ModelVersion.state == ModelState.CHAMPION,
            Prediction.left_blank.is_(True) | Prediction.prefill_dearer.is_(True),
        )
    ).all()
    drawn = session.scalar(
        select(func.count())
        .select_from(Annotation)
        .join(BEGUN, is_begun())
        .where(
            usable_corrections(project_id),
            Annotation.prediction_id.is_(None),
            Annotation.lead_time_s.is_not(None),
            BEGUN.blank_as_dearer.is_(False),
        )
    )
    dearer = [row for row in rows if row[1]]
    return LeftBlank(
        drawn=drawn or 0,
        by_chance=sum(held and not as_dearer for held, as_dearer, _, _ in rows),
        dearer=len(dearer),
        checked=sum(not held for held, _, _, _ in rows),
        correcting_s=_median([row[2] for row in dearer]),
        drawing_s=_median([row[3] for row in dearer]),
    )


def learnt_times(project: Project) -> tuple[LearntTimes, LearntTimes] | None:
    """What the last ranking knows of correcting and of drawing; None before there is one."""
    kept = project.work_times
    if kept is None:
        return None
    return LearntTimes(**kept["correcting"]), LearntTimes(**kept["drawing"])


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
