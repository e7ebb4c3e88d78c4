"""What channels say of a project's cut-outs: stored by a check, and read by the page about them."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from hemline.store.database.insert import insert_into
from hemline.store.loop.annotations import usable_corrections
from hemline.store.models.models import champion
from hemline.store.states import ChannelOutcome
from hemline.store.tables.channels import ChannelResult
from hemline.store.tables.loop import Annotation, Prediction, Task

_STORED = (
    "annotation_id",
    "prediction_id",
    "edge",
    "key",
    "outcome",
    "refused_by",
    "says",
    "checked_at",
)


@dataclass(frozen=True, slots=True)
class NewResult:
    """A result to store.

    Attributes:
        row_id: of the annotation or the prediction whose mask it is.
        key: digest of all that the result follows from.
        refused_by: the checks that the picture failed.
        says: what is not as the channel asks for, a sentence each.
    """

    task_id: int
    row_id: int
    is_correction: bool
    pack: str
    edge: str
    key: str
    outcome: ChannelOutcome
    refused_by: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelCounts:
    """How a project's cut-outs do in one channel, by its last check.

    Attributes:
        checked_at: when the oldest of the results was last known to be right.
        edge: of the cut-outs.
    """

    pack: str
    edge: str
    passes: int
    refused: int
    not_checked: int
    checked_at: datetime

    @property
    def total(self) -> int:
        return self.passes + self.refused + self.not_checked


def known_keys(session: Session, task_ids: Collection[int]) -> dict[tuple[int, str], str]:
    """The key of each stored result of these tasks, by task and pack."""
    rows = session.execute(
        select(ChannelResult.task_id, ChannelResult.pack, ChannelResult.key).where(
            ChannelResult.task_id.in_(task_ids)
        )
    )
    return {(task_id, pack): key for task_id, pack, key in rows}


def save_results(session: Session, project_id: int, new: Sequence[NewResult], at: datetime) -> None:
    """Stores results in place of those before; `at` is when their masks were read."""
    for result in new:
        statement = insert_into(
            session,
            ChannelResult,
            project_id=project_id,
            task_id=result.task_id,
            annotation_id=result.row_id if result.is_correction else None,
            prediction_id=None if result.is_correction else result.row_id,
            pack=result.pack,
            edge=result.edge,
            key=result.key,
            outcome=result.outcome,
            refused_by="".join(f"|{check}" for check in result.refused_by) + "|",
            says="\n".join(" ".join(sentence.split()) for sentence in result.says),
            checked_at=at,
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["task_id", "pack"],
                set_={name: getattr(statement.excluded, name) for name in _STORED},
            )
        )


def still_right(session: Session, pack: str, task_ids: Collection[int], at: datetime) -> None:
    """The results of these tasks were found to be those of today's masks."""
    session.execute(
        update(ChannelResult)
        .where(ChannelResult.pack == pack, ChannelResult.task_id.in_(task_ids))
        .values(checked_at=at)
    )


def remove_older(
    session: Session, project_id: int, packs: Collection[str], before: datetime
) -> None:
    """Removes what a whole check since `before` did not come across: tasks without a mask now."""
    session.execute(
        delete(ChannelResult).where(
            ChannelResult.project_id == project_id,
            ChannelResult.pack.in_(packs),
            ChannelResult.checked_at < before,
        )
    )


def channel_counts(session: Session, project_id: int) -> list[ChannelCounts]:
    """Each channel that the project was checked for, by name."""
    rows = session.execute(
        select(
            ChannelResult.pack,
            ChannelResult.outcome,
            func.count(),
            func.min(ChannelResult.checked_at),
            func.max(ChannelResult.edge),
        )
        .where(ChannelResult.project_id == project_id)
        .group_by(ChannelResult.pack, ChannelResult.outcome)
    )
    found: dict[str, Counter[ChannelOutcome]] = {}
    oldest: dict[str, datetime] = {}
    edges: dict[str, str] = {}
    for pack, outcome, number, checked_at, edge in rows:
        found.setdefault(pack, Counter())[outcome] = number
        oldest[pack] = min(checked_at, oldest.get(pack, checked_at))
        edges[pack] = edge
    return [
        ChannelCounts(
            pack,
            edges[pack],
            number[ChannelOutcome.PASSES],
            number[ChannelOutcome.REFUSED],
            number[ChannelOutcome.NOT_CHECKED],
            oldest[pack],
        )
        for pack, number in sorted(found.items())
    ]


def count_refusals(
    session: Session, project_id: int, pack: str, checks: Sequence[str]
) -> dict[str, int]:
    """How many cut-outs each of these checks refuses; those it refuses none of are left out."""
    if not checks:
        return {}
    columns = [func.count().filter(_refused_by(check)) for check in checks]
    numbers = session.execute(
        select(*columns).where(
            ChannelResult.project_id == project_id,
            ChannelResult.pack == pack,
            ChannelResult.outcome == ChannelOutcome.REFUSED,
        )
    ).one()
    return {check: number for check, number in zip(checks, numbers, strict=True) if number}


def changed_since(session: Session, project_id: int, pack: str, since: datetime) -> int:
    """Number of tasks whose mask is another one than at the check, or was made after it."""
    best = champion(session, project_id)
    corrected = exists().where(Annotation.task_id == Task.id, usable_corrections(project_id))
    saved = exists().where(
        Annotation.task_id == Task.id,
        or_(Annotation.changed_at > since, Annotation.deleted_at > since),
    )
    changes: list[ColumnElement[bool]] = [saved]
    if best is not None:
        predicted = exists().where(
            Prediction.task_id == Task.id,
            Prediction.model_version_id == best.id,
            Prediction.created_at > since,
        )
        of_another = exists().where(
            ChannelResult.task_id == Task.id,
            ChannelResult.pack == pack,
            ChannelResult.prediction_id == Prediction.id,
            Prediction.model_version_id != best.id,
        )
        changes.append(and_(~corrected, or_(predicted, of_another)))
    return (
        session.scalar(
            select(func.count(Task.id)).where(Task.project_id == project_id, or_(*changes))
        )
        or 0
    )


def list_results(
    session: Session,
    project_id: int,
    pack: str,
    *,
    outcome: ChannelOutcome,
    check: str = "",
    after: int = 0,
    limit: int,
) -> Sequence[ChannelResult]:
    """Results of one outcome, by task, with their tasks and masks.

    Args:
        check: only what this check refuses; empty: all.
        after: our id of the task that the page before ended with.
    """
    statement = select(ChannelResult).where(
        ChannelResult.project_id == project_id,
        ChannelResult.pack == pack,
        ChannelResult.outcome == outcome,
        ChannelResult.task_id > after,
    )
    if check:
        statement = statement.where(_refused_by(check))
    return session.scalars(
        statement.order_by(ChannelResult.task_id)
        .limit(limit)
        .options(
            joinedload(ChannelResult.task),
            joinedload(ChannelResult.annotation),
            joinedload(ChannelResult.prediction).joinedload(Prediction.model_version),
        )
    ).all()


def _refused_by(check: str) -> ColumnElement[bool]:
    return ChannelResult.refused_by.contains(f"|{check}|", autoescape=True)
