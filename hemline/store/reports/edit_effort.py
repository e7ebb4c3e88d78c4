"""What pre-fills cost people and what they save: how they were corrected, and in what time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from hemline.masks.figures.work_times import (
    FEWEST_TIMED,
    LONGEST_DRAWN,
    TimeSaved,
    time_saved,
    without_breaks,
)
from hemline.store.effort.begun import BEGUN, is_begun
from hemline.store.loop.annotations import usable_corrections
from hemline.store.reports.label_stats import grouped, monday_of
from hemline.store.tables.loop import Annotation, Task

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


@dataclass(frozen=True, slots=True)
class WorkedLabel:
    """A label and the `seconds` of work that it took, without breaks: from a pre-fill, or from
    nothing where its task was left blank on purpose. `dearer`: correcting its pre-fill was
    predicted to cost more than drawing."""

    seconds: float
    has_prefill: bool
    annotator: str
    garment_type: str
    changed_at: datetime
    dearer: bool = False


def worked_labels(session: Session, project_id: int, limit: int = NEWEST) -> list[WorkedLabel]:
    """The newest labels whose time is known, that began from a pre-fill or were left blank on
    purpose; not those that had no pre-fill for another reason, such as a photo that was away.

    What is a break is told by work of the same kind: drawing takes longer than correcting, though
    a hopeless pre-fill may take as long.
    """
    rows = session.execute(
        select(
            Annotation.lead_time_s,
            Annotation.prediction_id.is_not(None),
            Annotation.annotator,
            Task.garment_type,
            Annotation.changed_at,
            BEGUN.prefill_dearer,
        )
        .join(Task, Task.id == Annotation.task_id)
        .join(BEGUN, is_begun())
        .where(usable_corrections(project_id), Annotation.lead_time_s.is_not(None))
        .order_by(Annotation.changed_at.desc())
        .limit(limit)
    ).all()
    seconds = np.zeros(len(rows))
    no_break_s = 0.0
    for has_prefill in (False, True):
        own = [k for k, row in enumerate(rows) if bool(row[1]) is has_prefill]
        took = [rows[k][0] or 0.0 for k in own]
        seconds[own] = without_breaks(took, [rows[k][2] for k in own], no_break_s=no_break_s)
        if len(own) >= FEWEST_TIMED:
            no_break_s = LONGEST_DRAWN * float(np.median(took))
    return [
        WorkedLabel(took, has_prefill, annotator, garment_type, changed_at, dearer)
        for took, (_, has_prefill, annotator, garment_type, changed_at, dearer) in zip(
            seconds.tolist(), rows, strict=True
        )
    ]


@dataclass(frozen=True, slots=True)
class Savings:
    """What pre-fills saved: in all, by week (its Monday, the oldest first), by garment type and by
    annotator. `blank` is the number of labels without one that they are compared with, in tasks
    that chance left blank. A type or an annotator is compared with their own, and left out where
    these are too few.

    Labels that were predicted to be dearer to correct count apart, on both sides: `left_blank` is
    what drawing saved in those that opened empty, compared with the `checked` ones that opened
    pre-filled all the same.
    """

    blank: int
    total: TimeSaved | None
    weeks: dict[date, TimeSaved]
    garment_types: dict[str, TimeSaved]
    annotators: dict[str, TimeSaved]
    checked: int = 0
    left_blank: TimeSaved | None = None


def savings(worked: Sequence[WorkedLabel]) -> Savings:
    """What the pre-fills of some labels saved, beside those that were left blank."""
    dearer = [label for label in worked if label.dearer]
    usual = [label for label in worked if not label.dearer]
    blank = [label for label in usual if not label.has_prefill]
    prefilled = [label for label in usual if label.has_prefill]
    weeks = grouped(prefilled, lambda label: monday_of(label.changed_at).date())
    by_week = {week: _saved(labels, blank) for week, labels in sorted(weeks.items())}
    return Savings(
        len(blank),
        _saved(usual, blank),
        {week: found for week, found in by_week.items() if found is not None},
        _by_own(usual, lambda label: label.garment_type),
        _by_own(usual, lambda label: label.annotator),
        sum(label.has_prefill for label in dearer),
        time_saved(
            [label.seconds for label in dearer if not label.has_prefill],
            [label.seconds for label in dearer if label.has_prefill],
        ),
    )


def _by_own(
    worked: Sequence[WorkedLabel], key: Callable[[WorkedLabel], str]
) -> dict[str, TimeSaved]:
    found = {name: _saved(labels, labels) for name, labels in grouped(worked, key).items()}
    return {name: own for name, own in sorted(found.items()) if name and own is not None}


def _saved(labels: Sequence[WorkedLabel], blank: Sequence[WorkedLabel]) -> TimeSaved | None:
    return time_saved(
        [label.seconds for label in labels if label.has_prefill],
        [label.seconds for label in blank if not label.has_prefill],
    )


def _edit(untouched: bool, brushed: bool) -> Edit:
    if untouched:
        return Edit.UNTOUCHED
    return Edit.BRUSHED if brushed else Edit.CLICKED
