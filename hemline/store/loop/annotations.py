"""Annotations: what people submitted, and which of it counts as a correction to train on."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, case, distinct, func, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.orm import Session, contains_eager

from hemline.store.database.clock import DatabaseTime
from hemline.store.database.columns import Base
from hemline.store.database.insert import built_once, table_of
from hemline.store.states import Verdict
from hemline.store.tables.loop import Annotation, Task

_AT_ONCE = 500  # ids in one query
_SAVED = (  # what a newer save replaces
    "prediction_id",
    "mask_digest",
    "covered_digest",
    "held_digest",
    "width",
    "height",
    "annotator",
    "lead_time_s",
    "was_cancelled",
    "ground_truth",
    "untouched",
    "brushed",
    "dice",
    "kept_back_dice",
    "outline_agreement",
    "problem",
    "verdict",
    "ls_updated_at",
)
_ANNOTATION = select(Annotation).where(
    Annotation.project_id == bindparam("project_id"),
    Annotation.ls_annotation_id == bindparam("ls_annotation_id"),
)
_STORED = table_of(Annotation).c
_LABEL = select(_STORED.mask_digest, _STORED.verdict, _STORED.changed_at).where(
    _STORED.project_id == bindparam("project_id"),
    _STORED.ls_annotation_id == bindparam("ls_annotation_id"),
)


def record_annotation(
    session: Session,
    *,
    project_id: int,
    task_id: int,
    ls_annotation_id: int,
    prediction_id: int | None = None,
    mask_digest: str | None = None,
    covered_digest: str | None = None,
    held_digest: str | None = None,
    width: int | None = None,
    height: int | None = None,
    annotator: str = "",
    lead_time_s: float | None = None,
    was_cancelled: bool = False,
    ground_truth: bool = False,
    untouched: bool = False,
    brushed: bool = False,
    dice: float | None = None,
    kept_back_dice: float | None = None,
    outline_agreement: float | None = None,
    problem: str | None = None,
    verdict: Verdict | None = None,
    ls_updated_at: datetime | None = None,
    now: datetime | None = None,
) -> Annotation:
    """Inserts the annotation or brings it up to date, and returns the stored row.

    What is older by `ls_updated_at` than what is stored changes nothing, so deliveries may come in
    any order. `changed_at` moves only when a person makes the mask another one, skips the
    annotation or no longer skips it: what is read again with other labels, and is usable no longer
    or again, counts once. A deleted annotation stays deleted unless this is newer.
    """
    values = {
        "prediction_id": prediction_id,
        "mask_digest": mask_digest,
        "covered_digest": covered_digest,
        "held_digest": held_digest,
        "width": width,
        "height": height,
        "annotator": annotator,
        "lead_time_s": lead_time_s,
        "was_cancelled": was_cancelled,
        "ground_truth": ground_truth,
        "untouched": untouched,
        "brushed": brushed,
        "dice": dice,
        "kept_back_dice": kept_back_dice,
        "outline_agreement": outline_agreement,
        "problem": problem,
        "verdict": verdict,
        "ls_updated_at": ls_updated_at,
    }
    own = {"project_id": project_id, "ls_annotation_id": ls_annotation_id}
    new = values | own | {"task_id": task_id, "last_mask_digest": mask_digest}
    if now is None:
        session.execute(_insert_now(session), new)
    else:
        session.execute(_insert(session), new | {"changed_at": now})
    return session.scalars(_ANNOTATION, own, execution_options={"populate_existing": True}).one()


def delete_annotations(
    session: Session, project_id: int, ls_annotation_ids: Sequence[int], deleted_at: datetime
) -> int:
    """Marks annotations as deleted in Label Studio; returns how many were not marked before."""
    statement = (
        update(Annotation)
        .where(
            Annotation.project_id == project_id,
            Annotation.ls_annotation_id.in_(ls_annotation_ids),
            Annotation.deleted_at.is_(None),
        )
        .values(deleted_at=deleted_at)
    )
    return len(session.scalars(statement.returning(Annotation.id)).all())


def find_annotation(session: Session, project_id: int, ls_annotation_id: int) -> Annotation | None:
    own = {"project_id": project_id, "ls_annotation_id": ls_annotation_id}
    return session.scalar(_ANNOTATION, own)


def label_before(
    session: Session, project_id: int, ls_annotation_id: int
) -> tuple[str | None, Verdict | None, datetime | None]:
    """What is stored of the annotation: the digest of its mask, its reviewer's verdict, and when
    the mask was made."""
    own = {"project_id": project_id, "ls_annotation_id": ls_annotation_id}
    found = session.execute(_LABEL, own).one_or_none()
    if found is None:
        return None, None, None
    return found.mask_digest, found.verdict, found.changed_at


def ls_tasks_of(
    session: Session, project_id: int, ls_annotation_ids: Sequence[int]
) -> dict[int, int]:
    """Label Studio's task of each of its annotations that are known."""
    found: dict[int, int] = {}
    for start in range(0, len(ls_annotation_ids), _AT_ONCE):
        chosen = ls_annotation_ids[start : start + _AT_ONCE]
        rows = session.execute(
            select(Annotation.ls_annotation_id, Task.ls_task_id)
            .join(Task, Task.id == Annotation.task_id)
            .where(Annotation.project_id == project_id, Annotation.ls_annotation_id.in_(chosen))
        )
        found |= {row.ls_annotation_id: row.ls_task_id for row in rows}
    return found


def corrections_since(session: Session, project_id: int, when: datetime | None) -> int:
    """Number of tasks with a usable annotation whose mask changed after `when` (None: ever)."""
    statement = select(func.count(distinct(Annotation.task_id))).where(
        usable_corrections(project_id)
    )
    if when is not None:
        statement = statement.where(Annotation.changed_at > when)
    return session.scalar(statement) or 0


def training_items(session: Session, project_id: int) -> Sequence[Annotation]:
    """The one usable annotation of each task to train on, with its task, by Label Studio's task id.

    Ground truth comes before other annotations, then what was saved last.
    """
    saved_at = func.coalesce(Annotation.ls_updated_at, Annotation.changed_at)
    rank = (
        func.row_number()
        .over(
            partition_by=Annotation.task_id,
            order_by=(
                Annotation.ground_truth.desc(),
                saved_at.desc(),
                Annotation.ls_annotation_id.desc(),
            ),
        )
        .label("rank")
    )
    ranked = select(Annotation.id, rank).where(usable_corrections(project_id)).subquery()
    return session.scalars(
        select(Annotation)
        .join(ranked, and_(ranked.c.id == Annotation.id, ranked.c.rank == 1))
        .join(Annotation.task)
        .order_by(Annotation.task_id)
        .options(contains_eager(Annotation.task))
    ).all()


def usable_corrections(project_id: int) -> ColumnElement[bool]:
    """Annotations of the project that have a mask, and are neither skipped nor deleted."""
    return and_(
        Annotation.project_id == project_id,
        Annotation.mask_digest.is_not(None),
        Annotation.was_cancelled.is_(False),
        Annotation.deleted_at.is_(None),
    )


def _update_if_newer(insert: Callable[[type[Base]], Insert]) -> Insert:
    statement = insert(Annotation)
    new = statement.excluded
    last = Annotation.last_mask_digest
    saved_again = (
        Annotation.ls_updated_at.is_(None)
        | new.ls_updated_at.is_(None)
        | (new.ls_updated_at > Annotation.ls_updated_at)
    )
    another_mask = new.mask_digest.is_not(None) & (
        last.is_(None) | ((last != new.mask_digest) & saved_again)
    )
    changed = another_mask | Annotation.was_cancelled.is_distinct_from(new.was_cancelled)
    return statement.on_conflict_do_update(
        index_elements=["project_id", "ls_annotation_id"],
        set_={
            **{name: new[name] for name in _SAVED},
            "last_mask_digest": func.coalesce(new.mask_digest, last),
            "changed_at": case((changed, new.changed_at), else_=Annotation.changed_at),
            "deleted_at": case(
                (new.ls_updated_at > Annotation.deleted_at, None), else_=Annotation.deleted_at
            ),
        },
        where=Annotation.ls_updated_at.is_(None)
        | new.ls_updated_at.is_(None)
        | (new.ls_updated_at >= Annotation.ls_updated_at),
    )


_insert = built_once(_update_if_newer)
_insert_now = built_once(lambda insert: _update_if_newer(insert).values(changed_at=DatabaseTime()))
