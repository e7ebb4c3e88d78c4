"""Writes the review order: where a task's item stands, and when there is none any more."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, delete, update
from sqlalchemy.orm import Session

from hemline.reasons import Evidence, FoundCheck, Reason
from hemline.store.database.clock import DatabaseTime
from hemline.store.database.insert import insert_into, table_of
from hemline.store.states import ReviewKind, ReviewState
from hemline.store.tables.review import ReviewItem


@dataclass(frozen=True, slots=True)
class RankedItem:
    """What a ranking says of one task in one of the two orders.

    Attributes:
        priority: label risk or usefulness, 0 to 1; what is no number counts as 0.
        content_digest: of the label's mask, or of the photo: a verdict holds for that one only.
        reasons: with the evidence of each, the most telling first.
        checks: of the mask, those that stand out.
        views_disagree: a batch may hold several views of the garment.
        risk: of a label, before what verdicts on others say of it; not written with the item.
    """

    project_id: int
    task_id: int
    kind: ReviewKind
    priority: float
    content_digest: str
    annotation_id: int | None = None
    prediction_id: int | None = None
    reasons: Sequence[Evidence] = ()
    checks: Sequence[FoundCheck] = ()
    views_disagree: bool = False
    risk: float | None = None


def write_item(session: Session, item: RankedItem) -> None:
    """Writes the task's item; it is opened again if its content is not the one that a verdict was
    given on."""
    held = {evidence.reason for evidence in item.reasons}
    values: dict[str, Any] = {
        "priority": _unit(item.priority),
        "annotation_id": item.annotation_id,
        "prediction_id": item.prediction_id,
        "content_digest": item.content_digest,
        "views_disagree": item.views_disagree,
        "reasons": {found.reason.value: found.as_json() for found in item.reasons},
        "checks": {found.check.value: found.as_json() for found in item.checks},
        **{reason.value: reason in held for reason in Reason},
    }
    statement = insert_into(
        session,
        ReviewItem,
        project_id=item.project_id,
        task_id=item.task_id,
        kind=item.kind,
        **values,
    )
    settled = ReviewItem.settled_digest == statement.excluded.content_digest
    kept = {
        "state": (ReviewItem.state, ReviewState.OPEN),
        "verdict": (ReviewItem.verdict, None),
        "verdict_by": (ReviewItem.verdict_by, ""),
        "verdict_at": (ReviewItem.verdict_at, None),
        "settled_digest": (ReviewItem.settled_digest, None),
    }
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["task_id", "kind"],
            set_={
                **{name: statement.excluded[name] for name in values},
                **{name: case((settled, old), else_=new) for name, (old, new) in kept.items()},
                "revision": case(
                    (
                        ReviewItem.content_digest == statement.excluded.content_digest,
                        ReviewItem.revision,
                    ),
                    else_=ReviewItem.revision + 1,
                ),
                "updated_at": DatabaseTime(),
            },
        )
    )


def write_items(session: Session, items: Iterable[RankedItem]) -> None:
    """`write_item` for each; keep the number to what one transaction should hold, a few hundred."""
    for item in items:
        write_item(session, item)


def drop_item(session: Session, task_id: int, kind: ReviewKind) -> None:
    """Takes a task out of an order: a label is gone, or a photo has one now. Verdicts stay."""
    session.execute(_DROP, {"task": task_id, "which": kind})


def close_items(session: Session, task_ids: Sequence[int], kind: ReviewKind) -> None:
    """Closes items without a verdict: nobody needs to look at what was accepted."""
    session.execute(
        update(ReviewItem)
        .where(ReviewItem.task_id.in_(task_ids), ReviewItem.kind == kind)
        .values(
            state=ReviewState.CLOSED,
            settled_digest=ReviewItem.content_digest,
            revision=ReviewItem.revision + 1,
            updated_at=DatabaseTime(),
        )
    )


def _unit(value: float) -> float:
    """Within 0 to 1: a number that is none never takes the top of an order."""
    return 0.0 if math.isnan(value) else min(1.0, max(0.0, value))


_DROP = delete(table_of(ReviewItem)).where(
    ReviewItem.task_id == bindparam("task"), ReviewItem.kind == bindparam("which")
)
