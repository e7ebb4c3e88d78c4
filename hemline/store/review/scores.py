"""Scores that Label Studio orders by, and where they should be what ranking has learnt since."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from hemline.store.tables.loop import Prediction, Task
from hemline.store.tables.review import PredictionSignals

_SAME = 0.005


def scores_to_change(
    session: Session, project_id: int, model_version_id: int, *, first: int, limit: int
) -> Sequence[tuple[Prediction, float]]:
    """Predictions that Label Studio has with another score than their predicted Dice, as far as
    they are, or would be, among the `first` of its order; with their tasks, and the Dice."""
    predicted = PredictionSignals.predicted_dice
    open_ones = (
        select(Prediction, predicted)
        .join(PredictionSignals, PredictionSignals.prediction_id == Prediction.id)
        .join(Prediction.task)
        .where(
            Task.project_id == project_id,
            Task.is_labeled.is_(False),
            Prediction.model_version_id == model_version_id,
            Prediction.sent_at.is_not(None),
            predicted.is_not(None),
        )
    )
    lowest = open_ones.with_only_columns(predicted).order_by(predicted).limit(first).subquery()
    bound = session.scalar(select(func.max(lowest.c.predicted_dice)))
    if bound is None:
        return []
    rows = session.execute(
        open_ones.where(
            func.abs(Prediction.score - predicted) > _SAME,
            or_(Prediction.score <= bound, predicted <= bound),
        )
        .order_by(predicted, Prediction.id)
        .limit(limit)
        .options(joinedload(Prediction.task))
    ).all()
    return [(row[0], float(row[1] or 0.0)) for row in rows]


def keep_score(session: Session, prediction_id: int, score: float) -> None:
    """Remembers a prediction's score as Label Studio has it now."""
    session.execute(update(Prediction).where(Prediction.id == prediction_id).values(score=score))
