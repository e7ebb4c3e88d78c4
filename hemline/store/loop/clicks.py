"""Clicks and boxes that were answered, and the annotations that were made with them.

What Label Studio keeps shows none of them: the region that they changed is the one that was there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session

from hemline.store.database.clock import database_now
from hemline.store.database.insert import table_of
from hemline.store.tables.clicks import AnsweredClick

_CLOCKS_APART = timedelta(minutes=1)  # of Label Studio's machine and ours


@dataclass(frozen=True, slots=True)
class ClickCounts:
    """What an annotation was made with; clicks that were undone count too."""

    clicks: int = 0
    boxes: int = 0


def record_clicks(
    session: Session,
    task_id: int,
    boxes: Sequence[bool],
    *,
    annotator: str = "",
    pixels_digest: str,
    now: datetime | None = None,
) -> None:
    """Stores gestures that were answered together.

    Args:
        boxes: for each whether it was a box; else it was a click.
        annotator: Label Studio's id of the user; empty where it is not known yet.
        pixels_digest: `hemline.masks.codecs.region.pixels_digest` of the region as it was answered.
    """
    moment = now or database_now(session)
    session.add_all(
        AnsweredClick(
            task_id=task_id,
            annotator=annotator,
            is_box=is_box,
            pixels_digest=pixels_digest,
            answered_at=moment,
        )
        for is_box in boxes
    )


def clicked_pixels(session: Session, task_id: int) -> set[str]:
    """Digests of the regions that clicks on the task were answered with."""
    return set(session.scalars(_PIXELS, {"task": task_id}))


def claim_clicks(
    session: Session,
    annotation_id: int,
    task_id: int,
    annotator: str,
    *,
    until: datetime | None,
) -> ClickCounts:
    """Gives the annotation the clicks that its annotator, or somebody unknown, made on the task up
    to `until`, when it was saved, and that no other annotation has; all that it has now."""
    if session.scalar(_ANY, {"task": task_id}) is None:
        return ClickCounts()
    until = (until or database_now(session)) + _CLOCKS_APART
    session.execute(
        update(AnsweredClick)
        .where(
            AnsweredClick.task_id == task_id,
            AnsweredClick.annotation_id.is_(None),
            AnsweredClick.answered_at <= until,
            or_(AnsweredClick.annotator == "", AnsweredClick.annotator == annotator),
        )
        .values(annotation_id=annotation_id)
    )
    boxes = func.coalesce(func.sum(case((AnsweredClick.is_box, 1), else_=0)), 0)
    number, boxed = session.execute(
        select(func.count(), boxes).where(AnsweredClick.annotation_id == annotation_id)
    ).one()
    return ClickCounts(int(number) - int(boxed), int(boxed))


_CLICKS = table_of(AnsweredClick).c
_OF_TASK = _CLICKS.task_id == bindparam("task")
_PIXELS = select(_CLICKS.pixels_digest).where(_OF_TASK).distinct()
_ANY = select(_CLICKS.id).where(_OF_TASK).limit(1)
