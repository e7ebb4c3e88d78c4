"""Labels that a reviewer found wrong and nobody has mended yet."""

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload

from hemline.store.states import ReviewKind, ReviewState, Verdict
from hemline.store.tables.review import ReviewItem, ReviewVerdict


def sent_back(session: Session, project_id: int, *, limit: int) -> Sequence[ReviewItem]:
    """Their items with their tasks, the newest verdict first.

    A verdict that came with the save that mended the label is about the label before, so its item
    is not among them.
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
