"""Splits: which garments train, which choose the epoch, and which are held back to judge."""

from math import ceil, floor

from sqlalchemy import String, bindparam, case, cast, distinct, exists, func, select, update
from sqlalchemy.orm import Session

from hemline.errors import StoreError
from hemline.store.loop.projects import lock_project
from hemline.store.states import Split
from hemline.store.tables.loop import Task

_ROUNDING = 1e-9  # 0.1 + 0.2 must not count as one garment more


def assign_split(
    session: Session,
    task_id: int,
    *,
    gold_share: float,
    validation_share: float,
    gold_minimum: int = 0,
) -> Split:
    """The task's split; given now if it has none, and the same ever after.

    A task takes the split of its garment's other tasks. A new garment fills what is due. Until
    there are `gold_minimum` gold garments, two of three are gold and the third trains, so that 5
    are there after 7 garments: as many as 20 corrections touch at least where each has three views.
    From then on the first of every 1 / gold_share garments is gold, validation is filled as its
    share of garments comes round, and the rest train. A garment that was trained on by a mask of
    the champion's own (a pseudo-label) trains, whatever is due.

    gold_share, validation_share: shares of garments, 0 to 1. Two processes at once agree, because
    they take turns on the project. Raises StoreError if there is no such task.
    """
    task = session.execute(_TASK, {"task": task_id}).one_or_none()
    if task is None:
        raise StoreError(f"task {task_id} is not in the store; open it in Label Studio first")
    given: Split | None = task.split
    if given is not None:
        return given
    lock_project(session, task.project_id)
    known = session.scalar(select(Task.split).where(Task.id == task_id))
    if known is not None:
        return known
    split = _split_of_garment(session, task.project_id, task.garment)
    if split is None and _is_trained_on(session, task_id, task.project_id, task.garment):
        split = Split.TRAIN
    if split is None:
        counts = garments_by_split(session, task.project_id)
        split = _due_split(counts, gold_share, validation_share, gold_minimum)
    # Only this task: another transaction may hold its garment's other rows while it waits for us.
    session.execute(update(Task).where(Task.id == task_id).values(split=split))
    return split


def splits_due(
    total: int, gold_share: float, validation_share: float, gold_minimum: int = 0
) -> dict[Split, int]:
    """How many of so many garments are to be gold and validation, in the order they are filled."""
    early = (2 * total + 1) // 3  # of 1 to 7 garments: 1, 1, 2, 3, 3, 4, 5
    held_back = floor(total * validation_share + 0.5 + _ROUNDING)
    return {
        Split.GOLD: max(min(gold_minimum, early), ceil(total * gold_share - _ROUNDING)),
        Split.VALIDATION: held_back if early >= gold_minimum else 0,
    }


def _split_of_garment(session: Session, project_id: int, garment: str) -> Split | None:
    if not garment:
        return None  # nobody knows what it shows: a garment of its own
    return session.scalar(
        select(Task.split)
        .where(Task.project_id == project_id, Task.garment == garment, Task.split.is_not(None))
        .limit(1)
    )


def _is_trained_on(session: Session, task_id: int, project_id: int, garment: str) -> bool:
    """Whether a photo of the garment was a pseudo-label."""
    of_garment = Task.id == task_id
    if garment:
        of_garment |= (Task.project_id == project_id) & (Task.garment == garment)
    return bool(session.scalar(select(exists().where(of_garment, Task.pseudo_labelled))))


def garments_to_gold(
    garments: dict[Split, int],
    wanted: int,
    *,
    gold_share: float,
    validation_share: float,
    gold_minimum: int,
) -> int:
    """How many new garments have to be corrected until `wanted` of them were made gold."""
    counts, number = dict(garments), 0
    while wanted > 0:
        split = _due_split(counts, gold_share, validation_share, gold_minimum)
        counts[split] = counts.get(split, 0) + 1
        wanted -= split is Split.GOLD
        number += 1
    return number


def garments_by_split(session: Session, project_id: int) -> dict[Split, int]:
    """How many garments of a project are in each split."""
    garment = case((Task.garment != "", "garment " + Task.garment), else_=cast(Task.id, String))
    rows = session.execute(
        select(Task.split, func.count(distinct(garment)))
        .where(Task.project_id == project_id, Task.split.is_not(None))
        .group_by(Task.split)
    )
    return {split: number for split, number in rows if split is not None}


def _due_split(
    garments: dict[Split, int], gold_share: float, validation_share: float, gold_minimum: int = 0
) -> Split:
    due = splits_due(sum(garments.values()) + 1, gold_share, validation_share, gold_minimum)
    return next(
        (split for split, number in due.items() if garments.get(split, 0) < number), Split.TRAIN
    )


_TASK = select(Task.project_id, Task.garment, Task.split).where(Task.id == bindparam("task"))
