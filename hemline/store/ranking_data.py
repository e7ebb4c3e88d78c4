"""What a ranking reads: the signals of a project's labels and photos, a page at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased, contains_eager

from hemline.store.tables import (
    Annotation,
    Json,
    LabelSignals,
    ModelState,
    ModelVersion,
    Prediction,
    PredictionSignals,
    Project,
    Task,
    utcnow,
)

_PAGE = 500


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A task's label with its signals, and those of the prediction that it was compared with."""

    task: Task
    annotation: Annotation
    signals: LabelSignals
    predicted: PredictionSignals | None


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """An unlabelled task's photo with the signals of a prediction of it."""

    task: Task
    prediction: Prediction
    signals: PredictionSignals


def signals_to_compare(
    session: Session, task: Task, shown_id: int | None
) -> PredictionSignals | None:
    """Signals of the prediction that a label is best compared with: the champion's of this photo,
    else the one it was made from, else that of the newest version."""
    return session.scalar(
        select(PredictionSignals)
        .join(PredictionSignals.prediction)
        .join(Prediction.model_version)
        .where(Prediction.task_id == task.id, PredictionSignals.map_digest.is_not(None))
        .where(True if task.image_digest is None else Prediction.image_digest == task.image_digest)
        .order_by(
            (ModelVersion.state == ModelState.CHAMPION).desc(),
            func.coalesce(Prediction.id == shown_id, False).desc(),
            ModelVersion.number.desc(),
        )
        .limit(1)
        .options(
            contains_eager(PredictionSignals.prediction).contains_eager(Prediction.model_version)
        )
    )


def label_pages(
    session: Session, project_id: int, version: int, *, page: int = _PAGE
) -> Iterator[list[LabelRow]]:
    """The one label of each task whose signals are there, by task. One page is in memory."""
    compared = aliased(PredictionSignals)
    saved_at = func.coalesce(Annotation.ls_updated_at, Annotation.changed_at)
    statement = (
        select(Task, Annotation, LabelSignals, compared)
        .join(Annotation, Annotation.task_id == Task.id)
        .join(LabelSignals, LabelSignals.annotation_id == Annotation.id)
        .join(compared, compared.prediction_id == LabelSignals.prediction_id, isouter=True)
        .where(Task.project_id == project_id, LabelSignals.version == version)
        .order_by(Task.id, Annotation.ground_truth.desc(), saved_at.desc(), Annotation.id.desc())
    )
    after = 0
    while True:
        tasks = session.scalars(
            select(Task.id)
            .where(Task.project_id == project_id, Task.id > after, Task.is_labeled)
            .order_by(Task.id)
            .limit(page)
        ).all()
        if not tasks:
            return
        rows = session.execute(statement.where(Task.id > after, Task.id <= tasks[-1])).all()
        yield [LabelRow(*next(group)) for _, group in groupby(rows, key=lambda row: row[0].id)]
        after = tasks[-1]
        session.expunge_all()


def photo_pages(
    session: Session, project_id: int, model_version_id: int, version: int, *, page: int = _PAGE
) -> Iterator[list[PhotoRow]]:
    """Unlabelled tasks with that model's prediction and its signals, by task."""
    after = 0
    while True:
        rows = session.execute(
            select(Task, Prediction, PredictionSignals)
            .join(Prediction, Prediction.task_id == Task.id)
            .join(PredictionSignals, PredictionSignals.prediction_id == Prediction.id)
            .where(
                Task.project_id == project_id,
                Task.is_labeled.is_(False),
                Task.id > after,
                Prediction.model_version_id == model_version_id,
                PredictionSignals.version == version,
            )
            .order_by(Task.id)
            .limit(page)
        ).all()
        if not rows:
            return
        yield [PhotoRow(*row) for row in rows]
        after = rows[-1][0].id
        session.expunge_all()


def known_dice(session: Session, project_id: int, version: int, limit: int) -> list[Any]:
    """(values, flip_dice, score, Dice with the correction) of the newest corrected pre-fills."""
    return list(
        session.execute(
            select(
                PredictionSignals.values, PredictionSignals.flip_dice, Prediction.score,
                Annotation.dice,
            )
            .join(Prediction, Prediction.id == Annotation.prediction_id)
            .join(PredictionSignals, PredictionSignals.prediction_id == Prediction.id)
            .where(
                Annotation.project_id == project_id,
                Annotation.dice.is_not(None),
                Annotation.deleted_at.is_(None),
                PredictionSignals.version == version,
            )
            .order_by(Annotation.id.desc())
            .limit(limit)
        ).tuples()
    )  # fmt: skip


def count_new_labels(session: Session, project: Project, version: int) -> int:
    """Labels whose signals came since the last ranking."""
    statement = (
        select(func.count())
        .select_from(LabelSignals)
        .join(LabelSignals.annotation)
        .where(Annotation.project_id == project.id, LabelSignals.version == version)
    )
    if project.ranked_at is not None:
        statement = statement.where(LabelSignals.computed_at > project.ranked_at)
    return session.scalar(statement) or 0


def keep_risks(session: Session, risks: Sequence[tuple[int, float]]) -> None:
    """Stores the present risk of labels, by annotation."""
    for annotation_id, risk in risks:
        session.execute(
            update(LabelSignals)
            .where(LabelSignals.annotation_id == annotation_id)
            .values(risk=risk)
        )


def keep_predicted_dice(session: Session, predicted: Sequence[tuple[int, Json]]) -> None:
    """Stores `predicted_dice`, `predicted_dice_low` and `cluster` of predictions, by id."""
    for prediction_id, values in predicted:
        session.execute(
            update(PredictionSignals)
            .where(PredictionSignals.prediction_id == prediction_id)
            .values(**values)
        )


def keep_ranking(session: Session, project_id: int, digest: str) -> None:
    """Remembers the project's fitted ranking, an artifact."""
    session.execute(
        update(Project)
        .where(Project.id == project_id)
        .values(ranking_digest=digest, ranked_at=utcnow())
    )
