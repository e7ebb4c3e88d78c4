"""What Label Studio shows of the review order, and of scores, and what it should show instead."""

from collections.abc import Sequence

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from hemline.store.database.columns import Json
from hemline.store.states import ReviewKind, ReviewState, Verdict
from hemline.store.tables.loop import Prediction, Task
from hemline.store.tables.review import PredictionSignals, ReviewItem, ReviewVerdict

_SAME = 0.005  # scores that differ by less are one


def found_wrong(session: Session, project_id: int, *, limit: int) -> Sequence[ReviewItem]:
    """Their items with their tasks, the newest verdict first.

    A verdict that came with the save that corrected the label is about the label before, so its
    item is not among them.
    """
    of_this_label = exists().where(
        ReviewVerdict.task_id == ReviewItem.task_id,
        ReviewVerdict.kind == ReviewKind.LABEL,
        ReviewVerdict.verdict == Verdict.LABEL_WRONG,
        ReviewVerdict.content_digest == ReviewItem.content_digest,
    )
    return session.scalars(
        select(ReviewItem)
        .where(
            ReviewItem.project_id == project_id,
            ReviewItem.kind == ReviewKind.LABEL,
            ReviewItem.state == ReviewState.CLOSED,
            ReviewItem.verdict == Verdict.LABEL_WRONG,
            of_this_label,
        )
        .order_by(ReviewItem.verdict_at.desc(), ReviewItem.id.desc())
        .limit(limit)
        .options(joinedload(ReviewItem.task))
    ).all()


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


def shown_tasks(session: Session, project_id: int) -> Sequence[Task]:
    """Tasks that Label Studio shows a priority or reasons of."""
    return session.scalars(
        select(Task)
        .where(Task.project_id == project_id, Task.shown_priority.is_not(None))
        .order_by(Task.ls_task_id)
    ).all()


def keep_shown(session: Session, task_id: int, data: Json, priority: float | None) -> None:
    """Remembers a task's data as Label Studio has it now; priority None: it shows none any more."""
    session.execute(
        update(Task).where(Task.id == task_id).values(data=data, shown_priority=priority)
    )
