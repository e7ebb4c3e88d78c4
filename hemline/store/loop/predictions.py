"""Predictions: one model version's mask for one task, stored once and sent once."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from hemline.store.database.clock import DatabaseTime, database_now
from hemline.store.database.columns import Json
from hemline.store.database.insert import insert_into
from hemline.store.loop.tasks import put_off
from hemline.store.states import ProblemSource
from hemline.store.tables.loop import Prediction, Task


def find_prediction(session: Session, task_id: int, model_version_id: int) -> Prediction | None:
    return session.scalar(
        select(Prediction).where(
            Prediction.task_id == task_id, Prediction.model_version_id == model_version_id
        )
    )


def save_prediction(
    session: Session,
    *,
    task_id: int,
    model_version_id: int,
    image_digest: str,
    mask_digest: str,
    score: float,
    region_scores: Json,
    left_blank: bool = False,
    blank_as_dearer: bool = False,
) -> Prediction:
    """Stores the prediction and returns the stored row, which may be one that was there before.

    Of two for the same photo the first stays, so what was sent and what is stored are the same;
    one for another photo replaces it and counts as not sent.
    """
    values = {
        "image_digest": image_digest,
        "mask_digest": mask_digest,
        "score": score,
        "region_scores": region_scores,
        "sent_at": None,
        "left_blank": left_blank,
        "prefill_dearer": blank_as_dearer,
        "blank_as_dearer": blank_as_dearer,
        "created_at": DatabaseTime(),
    }
    statement = insert_into(
        session, Prediction, task_id=task_id, model_version_id=model_version_id, **values
    ).on_conflict_do_update(
        index_elements=["task_id", "model_version_id"],
        set_=values,
        where=Prediction.image_digest != image_digest,
    )
    saved = session.scalars(
        statement.returning(Prediction), execution_options={"populate_existing": True}
    ).one_or_none()
    if saved is not None:
        return saved
    return session.scalars(
        select(Prediction).where(
            Prediction.task_id == task_id, Prediction.model_version_id == model_version_id
        )
    ).one()


def get_prediction(session: Session, prediction_id: int) -> Prediction | None:
    """The prediction with its task and model version."""
    related = (joinedload(Prediction.task), joinedload(Prediction.model_version))
    return session.get(Prediction, prediction_id, options=related)


def distrust(session: Session, prediction_id: int) -> None:
    """What is stored of the prediction cannot be read: the next one for its task replaces it."""
    session.execute(
        update(Prediction).where(Prediction.id == prediction_id).values(image_digest="")
    )


def claim_send(
    session: Session, prediction_id: int, *, window_s: float, now: datetime | None = None
) -> bool:
    """True for exactly one of those who want to send it now, and for nobody else for `window_s`.

    Label Studio stores what `/predict` answers each time it asks; whoever gets False answers
    without a result.
    """
    now = now or database_now(session)
    window = timedelta(seconds=window_s)
    statement = (
        update(Prediction)
        .where(
            Prediction.id == prediction_id,
            Prediction.sent_at.is_(None) | ~Prediction.sent_at.between(now - window, now + window),
        )
        .values(sent_at=now)
    )
    return session.scalar(statement.returning(Prediction.id)) is not None


def claim_unsent(session: Session, prediction_ids: Sequence[int]) -> set[int]:
    """Which of them nobody has sent yet, and are not kept back meanwhile; they are this caller's to
    send from now on."""
    claimed = session.scalars(
        update(Prediction)
        .where(
            Prediction.id.in_(prediction_ids),
            Prediction.sent_at.is_(None),
            Prediction.left_blank.is_(False),
        )
        .values(sent_at=database_now(session))
        .returning(Prediction.id)
    )
    return set(claimed)


def return_claims(session: Session, prediction_ids: Collection[int]) -> None:
    """They could not be sent after all: somebody else may."""
    session.execute(
        update(Prediction).where(Prediction.id.in_(prediction_ids)).values(sent_at=None)
    )


def forget_sends(session: Session, project_id: int, model_version_id: int) -> None:
    """Counts the version's predictions of unlabelled tasks as not sent: Label Studio lost them
    when another version's took their place."""
    unlabelled = select(Task.id).where(Task.project_id == project_id, Task.is_labeled.is_(False))
    session.execute(
        update(Prediction)
        .where(Prediction.model_version_id == model_version_id, Prediction.task_id.in_(unlabelled))
        .values(sent_at=None)
    )


def unsent_predictions(
    session: Session, project_id: int, model_version_id: int, limit: int
) -> Sequence[Prediction]:
    """Predictions of unlabelled tasks that Label Studio was never given, with their tasks; without
    those that are left blank, or that it refused and that are not to be tried again yet."""
    return session.scalars(
        select(Prediction)
        .join(Prediction.task)
        .where(
            Task.project_id == project_id,
            Task.is_labeled.is_(False),
            Prediction.model_version_id == model_version_id,
            Prediction.sent_at.is_(None),
            Prediction.left_blank.is_(False),
            ~put_off(ProblemSource.SENDING),
        )
        .order_by(Prediction.id)
        .limit(limit)
        .options(joinedload(Prediction.task))
    ).all()
