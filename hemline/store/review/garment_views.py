"""Masks of a garment's views, as their signals tell of them: views should agree."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hemline.store.database.columns import Json
from hemline.store.tables.loop import Annotation, Prediction, Task
from hemline.store.tables.review import LabelSignals, PredictionSignals

MOST_VIEWS = 24  # of a garment; more are no views, but photos whose names say nothing


def values_of_views(
    session: Session,
    project_id: int,
    garments: Collection[str],
    version: int,
    model_version_id: int | None,
) -> dict[str, dict[int, Json]]:
    """Garment to task to the signals of its label, or else of that model's prediction.

    Of those of the garments alone that have two to `MOST_VIEWS` tasks; ask for some hundreds.
    """
    several = select(Task.garment).where(
        Task.project_id == project_id, Task.garment.in_(garments), Task.garment != ""
    )
    several = several.group_by(Task.garment).having(func.count().between(2, MOST_VIEWS))
    names = session.scalars(several).all()
    if not names:
        return {}
    of_garments = (Task.project_id == project_id, Task.garment.in_(names))
    predicted = session.execute(
        select(Task.garment, Task.id, PredictionSignals.values)
        .join(Prediction, Prediction.task_id == Task.id)
        .join(PredictionSignals, PredictionSignals.prediction_id == Prediction.id)
        .where(
            *of_garments,
            Prediction.model_version_id == model_version_id,
            PredictionSignals.version == version,
        )
    )
    saved_at = func.coalesce(Annotation.ls_updated_at, Annotation.changed_at)
    labelled = session.execute(
        select(Task.garment, Task.id, LabelSignals.values)
        .join(Annotation, Annotation.task_id == Task.id)
        .join(LabelSignals, LabelSignals.annotation_id == Annotation.id)
        .where(*of_garments, Task.is_labeled.is_(True), LabelSignals.version == version)
        .order_by(Annotation.ground_truth, saved_at, Annotation.id)
    )
    found: dict[str, dict[int, Json]] = defaultdict(dict)
    for rows in (predicted, labelled):  # the label that counts is the last of its task
        for garment, task_id, values in rows:
            found[garment][task_id] = values
    return dict(found)
