"""What follows from verdicts for other labels: which were judged, and which are near them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from hemline.store.database.clock import DatabaseTime
from hemline.store.database.columns import Json
from hemline.store.states import ReviewKind, ReviewState, Verdict
from hemline.store.tables.loop import Annotation, Project
from hemline.store.tables.review import LabelSignals, ReviewItem, ReviewVerdict

_NEWEST = 200  # verdicts that others are moved by
_MOST = 5000  # labels that are moved at once


@dataclass(frozen=True, slots=True)
class NearLabel:
    """An open label of the order that somebody made near one that was judged: its risk, 0 to 1,
    before any verdict, and its signals."""

    item_id: int
    priority: float
    risk: float
    values: Json
    annotator: str
    made_at: datetime


def judged_labels(session: Session, project_id: int) -> Sequence[ReviewVerdict]:
    """The newest verdicts on labels of which is known who made them, when, and their risk."""
    return session.scalars(
        select(ReviewVerdict)
        .where(
            ReviewVerdict.project_id == project_id,
            ReviewVerdict.kind == ReviewKind.LABEL,
            ReviewVerdict.verdict != Verdict.PHOTO_FAULT,
            ReviewVerdict.risk.is_not(None),
            ReviewVerdict.made_at.is_not(None),
            ReviewVerdict.annotator != "",
        )
        .order_by(ReviewVerdict.id.desc())
        .limit(_NEWEST)
    ).all()


def projects_to_follow(session: Session) -> Sequence[Project]:
    """Those with verdicts on labels since labels were last moved by any."""
    new = exists().where(
        ReviewVerdict.project_id == Project.id,
        ReviewVerdict.kind == ReviewKind.LABEL,
        ReviewVerdict.id > func.coalesce(Project.followed_verdict, 0),
    )
    return session.scalars(select(Project).where(new).order_by(Project.id)).all()


def labels_near(
    session: Session,
    project_id: int,
    judged: Sequence[ReviewVerdict],
    *,
    version: int,
    within: timedelta,
) -> list[NearLabel]:
    """Open labels that the annotators of those judged made within that time of one of them."""
    near = [
        and_(
            Annotation.annotator == row.annotator,
            Annotation.changed_at.between(row.made_at - within, row.made_at + within),
        )
        for row in judged
        if row.made_at is not None
    ]
    if not near:
        return []
    rows = session.execute(
        select(
            ReviewItem.id,
            ReviewItem.priority,
            LabelSignals.risk,
            LabelSignals.values,
            Annotation.annotator,
            Annotation.changed_at,
        )
        .join(Annotation, Annotation.id == ReviewItem.annotation_id)
        .join(LabelSignals, LabelSignals.annotation_id == Annotation.id)
        .where(
            ReviewItem.project_id == project_id,
            ReviewItem.kind == ReviewKind.LABEL,
            ReviewItem.state == ReviewState.OPEN,
            LabelSignals.version == version,
            LabelSignals.risk.is_not(None),
            or_(*near),
        )
        .order_by(ReviewItem.id)
        .limit(_MOST)
    )
    return [NearLabel(row[0], row[1], row[2] or 0.0, *row[3:]) for row in rows]


def move_items(session: Session, priorities: Sequence[tuple[int, float]]) -> None:
    """Gives open items another priority, by id."""
    for item_id, priority in priorities:
        session.execute(
            update(ReviewItem)
            .where(ReviewItem.id == item_id, ReviewItem.state == ReviewState.OPEN)
            .values(priority=priority, updated_at=DatabaseTime())
        )


def newest_verdict(session: Session, project_id: int) -> int | None:
    """The id of a project's last verdict."""
    return session.scalar(
        select(func.max(ReviewVerdict.id)).where(ReviewVerdict.project_id == project_id)
    )


def keep_followed(session: Session, project_id: int, verdict_id: int | None) -> None:
    """Remembers up to which verdict labels have been moved."""
    session.execute(
        update(Project).where(Project.id == project_id).values(followed_verdict=verdict_id)
    )
