"""What a saved or a deleted annotation means for the review order, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hemline.store.review.returned import returned_saved, withdraw_returns
from hemline.store.review.review_order import item_of_task
from hemline.store.review.signals import expect_label, is_usable
from hemline.store.review.verdicts import settle_label
from hemline.store.review.write_order import drop_item
from hemline.store.states import ReviewKind, Verdict
from hemline.store.tables.loop import Annotation


def label_of_task(session: Session, task_id: int) -> Annotation | None:
    """The annotation that counts as the task's label: ground truth, else what was saved last."""
    saved_at = func.coalesce(Annotation.ls_updated_at, Annotation.changed_at)
    return session.scalar(
        select(Annotation)
        .where(
            Annotation.task_id == task_id,
            Annotation.mask_digest.is_not(None),
            Annotation.was_cancelled.is_(False),
            Annotation.deleted_at.is_(None),
        )
        .order_by(
            Annotation.ground_truth.desc(), saved_at.desc(), Annotation.ls_annotation_id.desc()
        )
        .limit(1)
    )


def review_saved(
    session: Session,
    saved: Annotation,
    *,
    mask_before: str | None,
    verdict_before: Verdict | None,
    by: str,
    made_before: datetime | None = None,
) -> None:
    """Takes in a verdict that came along, and has the mask's signals computed if it is another.

    A verdict that the annotation carried already is not given again. One in an annotation of its
    own is about the label that the task had. `made_before`: when the mask before was made.
    """
    if saved.verdict is not None and saved.verdict != verdict_before:
        item = item_of_task(session, saved.task_id, ReviewKind.LABEL)
        judged = mask_before or (item.content_digest if item else None)
        # In the first save there is no label before it that could have been wrong.
        if judged is None and saved.verdict != Verdict.LABEL_WRONG:
            judged = saved.mask_digest
        if judged is not None:
            settle_label(
                session,
                saved,
                saved.verdict,
                judged_digest=judged,
                by=by,
                judged_made_at=made_before,
            )
    returned_saved(session, saved, by=by or saved.annotator)
    if saved.verdict not in (verdict_before, None, Verdict.LABEL_WRONG):
        withdraw_returns(session, saved.task_id)
    expect_label(session, saved)
    is_label = is_usable(saved) or label_of_task(session, saved.task_id) is not None
    drop_item(session, saved.task_id, ReviewKind.PHOTO if is_label else ReviewKind.LABEL)


def review_deleted(session: Session, deleted: Sequence[Annotation]) -> None:
    """Takes tasks without a label out of the labels' order."""
    for annotation in deleted:
        session.refresh(annotation)
        withdraw_returns(session, annotation.task_id, annotation.id)
        expect_label(session, annotation)
        if label_of_task(session, annotation.task_id) is None:
            drop_item(session, annotation.task_id, ReviewKind.LABEL)
