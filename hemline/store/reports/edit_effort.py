"""What pre-fills cost people: accepted untouched, corrected with clicks alone, or brushed."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from hemline.store.loop.annotations import usable_corrections
from hemline.store.tables.loop import Annotation

NEWEST = 50_000  # labels that are read


class Edit(StrEnum):
    """How a label was made of its pre-fill."""

    UNTOUCHED = "untouched"
    CLICKED = "clicked"  # with clicks and boxes alone
    BRUSHED = "brushed"  # with the brush, or another tool by hand, and perhaps clicks

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Edit.UNTOUCHED: "accepted untouched",
    Edit.CLICKED: "corrected with clicks alone",
    Edit.BRUSHED: "brushed",
}


@dataclass(frozen=True, slots=True)
class EditEffort:
    """The labels with a pre-fill that were made in one way. `clicks` counts boxes too;
    `median_seconds` is of the time that people spent, None where it is not known."""

    edit: Edit
    labels: int
    share: float
    clicks: int
    median_seconds: float | None


def edit_effort(session: Session, project_id: int, limit: int = NEWEST) -> list[EditEffort]:
    """Each way of making a label of a pre-fill, of the newest labels; empty without labels."""
    rows = session.execute(
        select(
            Annotation.untouched,
            Annotation.brushed,
            Annotation.clicks + Annotation.boxes,
            Annotation.lead_time_s,
        )
        .where(usable_corrections(project_id), Annotation.prediction_id.is_not(None))
        .order_by(Annotation.changed_at.desc())
        .limit(limit)
    ).all()
    found = []
    for edit in Edit if rows else ():
        those = [row for row in rows if _edit(row[0], row[1]) is edit]
        seconds = [row[3] for row in those if row[3] is not None]
        found.append(
            EditEffort(
                edit,
                len(those),
                len(those) / len(rows),
                sum(row[2] for row in those),
                float(np.median(seconds)) if seconds else None,
            )
        )
    return found


def _edit(untouched: bool, brushed: bool) -> Edit:
    if untouched:
        return Edit.UNTOUCHED
    return Edit.BRUSHED if brushed else Edit.CLICKED
