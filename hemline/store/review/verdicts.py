"""Verdicts: what a reviewer found, who and when; the item is closed until its content changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hemline.errors import StoreError
from hemline.store.database.clock import DatabaseTime, database_now
from hemline.store.database.insert import insert_into
from hemline.store.review.review_order import get_item, item_of_task
from hemline.store.states import ReviewKind, ReviewState, Verdict
from hemline.store.tables.loop import Annotation
from hemline.store.tables.review import LabelSignals, PredictionSignals, ReviewItem, ReviewVerdict


class StaleItemError(StoreError):
    """Somebody else has worked on the item since it was read."""


def give_verdict(
    session: Session,
    item_id: int,
    verdict: Verdict,
    *,
    by: str,
    revision: int | None = None,
    now: datetime | None = None,
) -> ReviewItem:
    """Closes the item with a verdict on what it is about, and keeps what it was given on.

    revision: as the item had it when it was read; None takes it as it is now.
    Raises:
        StaleItemError: the item is another by now; show it again.
        StoreError: there is no such item.
    """
    item = get_item(session, item_id)
    if item is None:
        raise StoreError(f"review item {item_id} is not in the store; reload the order")
    now = now or database_now(session)
    closed = _change(
        session,
        item,
        revision,
        state=ReviewState.CLOSED,
        verdict=verdict,
        verdict_by=by,
        verdict_at=now,
        settled_digest=item.content_digest,
    )
    session.add(_record(session, closed, verdict, by, now))
    session.flush()
    return closed


def reopen(session: Session, item_id: int, *, revision: int | None = None) -> ReviewItem:
    """Takes an item's verdict back, and the record of it. Raises as `give_verdict`."""
    item = get_item(session, item_id)
    if item is None:
        raise StoreError(f"review item {item_id} is not in the store; reload the order")
    last = session.scalar(
        select(ReviewVerdict)
        .where(
            ReviewVerdict.task_id == item.task_id,
            ReviewVerdict.kind == item.kind,
            ReviewVerdict.content_digest == item.settled_digest,
        )
        .order_by(ReviewVerdict.id.desc())
        .limit(1)
    )
    if last is not None:
        session.delete(last)
    return _change(
        session,
        item,
        revision,
        state=ReviewState.OPEN,
        verdict=None,
        verdict_by="",
        verdict_at=None,
        settled_digest=None,
    )


def settle_label(
    session: Session,
    annotation: Annotation,
    verdict: Verdict,
    *,
    judged_digest: str,
    by: str,
    judged_made_at: datetime | None = None,
    now: datetime | None = None,
) -> None:
    """Takes in a verdict that came with a saved annotation.

    judged_digest: the label that it is about. "The label was wrong" is mostly said in the same
    save that mends it, so this is the label before; what is saved now is settled by it.
    judged_made_at: when that label was made, if it was this annotation's.
    """
    now = now or database_now(session)
    content = annotation.mask_digest or judged_digest
    item = item_of_task(session, annotation.task_id, ReviewKind.LABEL) or _new_item(
        session, annotation, content
    )
    record = _record(session, item, verdict, by, now)
    if record.content_digest != judged_digest:
        record.content_digest, record.values, record.risk = judged_digest, {}, None
    if annotation.mask_digest != judged_digest and judged_made_at is not None:
        record.annotator, record.made_at = annotation.annotator, judged_made_at
    record.annotation_id = annotation.id
    session.add(record)
    _change(
        session,
        item,
        None,
        state=ReviewState.CLOSED,
        verdict=verdict,
        verdict_by=by,
        verdict_at=now,
        content_digest=content,
        settled_digest=content,
        annotation_id=annotation.id,
    )


def verdicts_of(session: Session, project_id: int) -> Sequence[ReviewVerdict]:
    """All verdicts on a project's labels and photos, oldest first."""
    return session.scalars(
        select(ReviewVerdict)
        .where(ReviewVerdict.project_id == project_id)
        .order_by(ReviewVerdict.id)
    ).all()


def _change(session: Session, item: ReviewItem, revision: int | None, **values: Any) -> ReviewItem:
    expected = item.revision if revision is None else revision
    changed: ReviewItem | None = session.scalar(
        update(ReviewItem)
        .where(ReviewItem.id == item.id, ReviewItem.revision == expected)
        .values(**values, revision=expected + 1, updated_at=DatabaseTime())
        .returning(ReviewItem),
        execution_options={"populate_existing": True},
    )
    if changed is None:
        raise StaleItemError(
            f"review item {item.id} was changed in the meantime (it is at revision "
            f"{item.revision}, not {expected}); look at it again"
        )
    return changed


def _record(
    session: Session, item: ReviewItem, verdict: Verdict, by: str, now: datetime
) -> ReviewVerdict:
    record = ReviewVerdict(
        project_id=item.project_id,
        task_id=item.task_id,
        kind=item.kind,
        annotation_id=item.annotation_id,
        content_digest=item.content_digest,
        verdict=verdict,
        given_by=by,
        given_at=now,
        risk=None,
        annotator="",
        made_at=None,
        dice=None,
        values={},
    )
    if item.annotation_id is not None:
        signals = session.get(LabelSignals, item.annotation_id)
        if signals is not None and signals.mask_digest == item.content_digest:
            record.values, record.risk = dict(signals.values), signals.risk
        judged = session.get(Annotation, item.annotation_id)
        if judged is not None and judged.mask_digest == item.content_digest:
            record.dice = judged.dice
            record.annotator, record.made_at = judged.annotator, judged.changed_at
    elif item.prediction_id is not None:
        predicted = session.get(PredictionSignals, item.prediction_id)
        record.values = dict(predicted.values) if predicted is not None else {}
    return record


def _new_item(session: Session, annotation: Annotation, content: str) -> ReviewItem:
    """An item for a label that no ranking has seen yet."""
    insert_item = insert_into(
        session,
        ReviewItem,
        project_id=annotation.project_id,
        task_id=annotation.task_id,
        kind=ReviewKind.LABEL,
        priority=0.0,
        annotation_id=annotation.id,
        prediction_id=annotation.prediction_id,
        content_digest=content,
    ).on_conflict_do_nothing(index_elements=["task_id", "kind"])
    session.execute(insert_item)
    item = item_of_task(session, annotation.task_id, ReviewKind.LABEL)
    assert item is not None
    return item
