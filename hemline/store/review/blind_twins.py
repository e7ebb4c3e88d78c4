"""Blind twins: photos that somebody else draws without seeing any mask, and how far both agree."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, joinedload

from hemline.errors import StoreError
from hemline.store.database.clock import database_now
from hemline.store.review.label_review import label_of_task
from hemline.store.tables.loop import Project, Task
from hemline.store.tables.second_looks import BlindTwin


@dataclass(frozen=True, slots=True)
class TwinAgreement:
    """How far two people agree on photos that each of them drew without the other's mask: means of
    the Dice, 0 to 1, and of the pixels that 95 % of the outlines are near to one another."""

    one: str
    other: str
    twins: int
    dice: float
    outline_px: float


def ask_for_twin(session: Session, task: Task, *, by: str, of: str = "") -> BlindTwin:
    """Asks for a second mask of the task's photo: `of` somebody, or of anybody but who made the
    first.

    Raises:
        StoreError: the task has no label, nobody knows whose it is, `of` made it, or one is asked
            for already.
    """
    label = label_of_task(session, task.id)
    number = task.ls_task_id
    if label is None:
        raise StoreError(f"task {number} has no label that a blind twin could be compared with")
    if not label.annotator:
        raise StoreError(f"nobody knows who made the label of task {number}")
    if of == label.annotator:
        raise StoreError(f"{of} made the label of task {number}; ask somebody else")
    if any(twin.compared_at is None for twin in twins_of_task(session, task.id)):
        raise StoreError(f"a blind twin of task {number} is asked for already")
    twin = BlindTwin(
        project_id=task.project_id,
        task_id=task.id,
        annotation_id=label.id,
        annotator=label.annotator,
        asked_of=of,
        asked_by=by,
    )
    session.add(twin)
    session.flush()
    return twin


def waiting_twins(session: Session, project_id: int) -> Sequence[BlindTwin]:
    """Those that have not been compared yet, with their tasks and the first labels."""
    return session.scalars(
        select(BlindTwin)
        .where(BlindTwin.project_id == project_id, BlindTwin.compared_at.is_(None))
        .order_by(BlindTwin.id)
        .options(joinedload(BlindTwin.task), joinedload(BlindTwin.annotation))
    ).all()


def projects_with_twins(session: Session) -> Sequence[Project]:
    """Those that have any for `waiting_twins`."""
    waits = exists().where(BlindTwin.project_id == Project.id, BlindTwin.compared_at.is_(None))
    return session.scalars(select(Project).where(waits).order_by(Project.id)).all()


def keep_twins_project(session: Session, project: Project, ls_project_id: int | None) -> None:
    """Remembers Label Studio's project of the twins; None: it is gone, and those that wait in it
    are to be made again."""
    session.execute(
        update(Project).where(Project.id == project.id).values(twins_project=ls_project_id)
    )
    if ls_project_id is None:
        session.execute(
            update(BlindTwin)
            .where(BlindTwin.project_id == project.id, BlindTwin.compared_at.is_(None))
            .values(ls_task_id=None)
        )


def keep_twin_task(session: Session, twin: BlindTwin, ls_task_id: int) -> None:
    """Remembers Label Studio's task of a twin."""
    _keep(session, twin, ls_task_id=ls_task_id, problem=None)


def keep_twin_problem(session: Session, twin: BlindTwin, problem: str) -> None:
    """Remembers why a twin waits."""
    _keep(session, twin, problem=problem)


def end_twin(session: Session, twin: BlindTwin, problem: str) -> None:
    """The twin cannot be compared with anything, and waits no longer."""
    _keep(session, twin, problem=problem, compared_at=database_now(session))


def keep_compared(
    session: Session, twin: BlindTwin, *, drawn_by: str, dice: float, outline_px: float
) -> None:
    """Remembers who drew a twin, and how far it agrees with the first label."""
    _keep(
        session,
        twin,
        problem=None,
        drawn_by=drawn_by,
        dice=dice,
        outline_px=outline_px,
        compared_at=database_now(session),
    )


def twins_of_task(session: Session, task_id: int) -> Sequence[BlindTwin]:
    """All twins of a task, the newest first."""
    return session.scalars(
        select(BlindTwin).where(BlindTwin.task_id == task_id).order_by(BlindTwin.id.desc())
    ).all()


def count_waiting_twins(session: Session, project_id: int) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(BlindTwin)
            .where(BlindTwin.project_id == project_id, BlindTwin.compared_at.is_(None))
        )
        or 0
    )


def twin_agreements(session: Session, project_id: int) -> list[TwinAgreement]:
    """Every pair of people with twins that were compared, those with the most twins first."""
    rows = session.execute(
        select(BlindTwin.annotator, BlindTwin.drawn_by, BlindTwin.dice, BlindTwin.outline_px).where(
            BlindTwin.project_id == project_id, BlindTwin.dice.is_not(None)
        )
    )
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for annotator, drawn_by, dice, outline in rows:
        one, other = sorted((annotator, drawn_by))
        pairs[one, other].append((float(dice or 0), float(outline or 0)))
    found = [
        TwinAgreement(*pair, len(values), *np.mean(values, axis=0).tolist())
        for pair, values in pairs.items()
    ]
    return sorted(found, key=lambda pair: (-pair.twins, pair.one, pair.other))


def _keep(session: Session, twin: BlindTwin, **values: object) -> None:
    session.execute(update(BlindTwin).where(BlindTwin.id == twin.id).values(**values))
