"""The newest labels of a project with all that causes and people are counted by."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from hemline.reasons import Reason
from hemline.store.loop.annotations import usable_corrections
from hemline.store.review.review_order import reason_column
from hemline.store.states import ReviewKind, Verdict
from hemline.store.tables.loop import Annotation, Prediction, Task
from hemline.store.tables.review import PredictionSignals, ReviewItem

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)

_ITS_ITEM = and_(ReviewItem.task_id == Annotation.task_id, ReviewItem.kind == ReviewKind.LABEL)
NEWEST = 5000  # labels that pages look at: enough for a median, and quick at any size


@dataclass(frozen=True, slots=True)
class LabelCause:
    """One label: Dice of its pre-fill, 0 to 1 or None, and the reasons it was flagged for."""

    changed_at: datetime
    garment_type: str
    dice: float | None
    reasons: frozenset[Reason]


@dataclass(frozen=True, slots=True)
class Week:
    """All labels of the week that `begins` on a Monday: how many, and how many of each reason."""

    begins: datetime
    labels: int
    reasons: Mapping[Reason, int]


@dataclass(frozen=True, slots=True)
class LabelWork:
    """One label: who made it, how long it took, and how the pre-fill stood.

    `expected` is what was expected of the pre-fill before anybody saw it: its predicted Dice, or
    its score where there is none yet, 0 to 1; None without a pre-fill.
    """

    annotation_id: int
    ls_task_id: int
    task_id: int
    garment: str
    view: str
    annotator: str
    mask_digest: str
    lead_time_s: float | None
    untouched: bool
    clicks: int  # clicks and boxes
    brushed: bool
    dice: float | None
    expected: float | None
    changed_at: datetime

    @property
    def clicked(self) -> bool:
        """Corrected with clicks and boxes alone."""
        return self.clicks > 0 and not self.untouched and not self.brushed


def label_causes(session: Session, project_id: int, limit: int = NEWEST) -> list[LabelCause]:
    """The newest labels with their reasons; what a person found fine has none."""
    flags = [reason_column(reason) for reason in Reason]
    rows = session.execute(
        select(
            Annotation.changed_at, Task.garment_type, Annotation.dice, ReviewItem.verdict, *flags
        )
        .join(Task, Task.id == Annotation.task_id)
        .outerjoin(ReviewItem, _ITS_ITEM)
        .where(usable_corrections(project_id))
        .order_by(Annotation.changed_at.desc())
        .limit(limit)
    )
    return [
        LabelCause(
            changed_at=row[0],
            garment_type=row[1],
            dice=row[2],
            reasons=frozenset()
            if row[3] == Verdict.BOTH_FINE
            else frozenset(reason for reason, held in zip(Reason, row[4:], strict=True) if held),
        )
        for row in rows
    ]


def weeks_of_labels(session: Session, project_id: int, limit: int) -> list[Week]:
    """The last `limit` weeks up to the newest label, those with labels, the oldest first."""
    newest = session.scalar(
        select(func.max(Annotation.changed_at)).where(usable_corrections(project_id))
    )
    if newest is None:
        return []
    last = monday_of(newest)
    mondays = [last - timedelta(weeks=back) for back in range(limit)]
    week = case(
        *((Annotation.changed_at >= monday, back) for back, monday in enumerate(mondays)),
    )
    counted = or_(ReviewItem.verdict.is_(None), ReviewItem.verdict != Verdict.BOTH_FINE)
    flags = [
        func.sum(case((and_(reason_column(reason), counted), 1), else_=0)) for reason in Reason
    ]
    rows = session.execute(
        select(week, func.count(), *flags)
        .select_from(Annotation)
        .outerjoin(ReviewItem, _ITS_ITEM)
        .where(usable_corrections(project_id), Annotation.changed_at >= mondays[-1])
        .group_by(week)
    )
    weeks = [
        Week(mondays[back], labels, dict(zip(Reason, map(int, sums), strict=True)))
        for back, labels, *sums in rows
    ]
    return sorted(weeks, key=lambda found: found.begins)


def label_work(session: Session, project_id: int, limit: int = NEWEST) -> list[LabelWork]:
    """The newest labels with the people who made them."""
    rows = session.execute(
        select(
            Annotation.id,
            Task.ls_task_id,
            Task.id,
            Task.garment,
            Task.view,
            Annotation.annotator,
            Annotation.mask_digest,
            Annotation.lead_time_s,
            Annotation.untouched,
            Annotation.clicks + Annotation.boxes,
            Annotation.brushed,
            Annotation.dice,
            func.coalesce(PredictionSignals.predicted_dice, Prediction.score),
            Annotation.changed_at,
        )
        .join(Task, Task.id == Annotation.task_id)
        .outerjoin(Prediction, Prediction.id == Annotation.prediction_id)
        .outerjoin(PredictionSignals, PredictionSignals.prediction_id == Prediction.id)
        .where(usable_corrections(project_id))
        .order_by(Annotation.changed_at.desc())
        .limit(limit)
    )
    return [LabelWork(*tuple(row)) for row in rows]


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """The items by their keys, each group in their order."""
    groups: dict[Key, list[Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def monday_of(moment: datetime) -> datetime:
    """The beginning of its week."""
    day = moment - timedelta(days=moment.weekday())
    return day.replace(hour=0, minute=0, second=0, microsecond=0)
