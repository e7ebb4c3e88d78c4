"""Tasks that open without their pre-fill on purpose.

What a pre-fill saves can be told only beside masks that were drawn from nothing, of photos that
nobody chose: a share of the tasks, drawn by their numbers alone. Others may be left blank because
correcting their pre-fill is predicted to cost more than drawing; these tell nothing of what the
rest save, and are kept apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from hemline.store.tables.loop import Prediction, Project, Task

MOST = 0.5  # of the tasks: more would be no pre-filling
CHECKED = 0.2  # of what is dearer to correct, what opens pre-filled all the same, to see if it is
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class KeptBack:
    """Whether a task's prediction is kept back, and whether for its predicted cost alone."""

    left_blank: bool = False
    as_dearer: bool = False


def is_drawn(ls_project_id: int, ls_task_id: int, share: float) -> bool:
    """Whether a task is among the share (0 to 1) that is left blank; the same task, the same
    answer, and with a larger share still."""
    return _place(f"blank/{ls_project_id}/{ls_task_id}") < share


def is_checked(ls_project_id: int, ls_task_id: int) -> bool:
    """Whether a task opens pre-filled even if that is predicted to be dearer: one in five, which
    show whether the prediction is right. Drawn apart from those that are left blank."""
    return _place(f"dearer/{ls_project_id}/{ls_task_id}") < CHECKED


def kept_back(session: Session, task: Task) -> KeptBack:
    """Whether a task's new prediction is kept back.

    By chance: not where an earlier one was shown, since whoever opens the task may have seen it.
    For its cost: where the last one was, until the new one's own cost is known.
    """
    project = session.execute(
        select(Project.ls_project_id, Project.blank_share, Project.blank_where_dearer).where(
            Project.id == task.project_id
        )
    ).one()
    if is_drawn(project.ls_project_id, task.ls_task_id, project.blank_share):
        seen = exists().where(Prediction.task_id == task.id, Prediction.sent_at.is_not(None))
        if not session.scalar(select(seen)):
            return KeptBack(left_blank=True)
    if not (project.blank_where_dearer and project.blank_share):
        return KeptBack()
    last = session.scalar(
        select(Prediction.blank_as_dearer)
        .where(Prediction.task_id == task.id)
        .order_by(Prediction.id.desc())
        .limit(1)
    )
    return KeptBack(bool(last), bool(last))


def set_blank_share(session: Session, project: Project, share: float) -> None:
    """Leaves that share of a project's tasks blank, 0 to `MOST`, from now on; 0: none. Pre-fills of
    unlabelled tasks that were kept back, and are not any more, are sent with the next ones.

    Without a share none is left blank for its cost either: nothing would tell what drawing costs.
    """
    session.execute(update(Project).where(Project.id == project.id).values(blank_share=share))
    held = session.execute(
        select(Prediction.id, Task.ls_task_id)
        .join(Task, Task.id == Prediction.task_id)
        .where(
            Task.project_id == project.id,
            Task.is_labeled.is_(False),
            Prediction.left_blank.is_(True),
            Prediction.blank_as_dearer.is_(False),
        )
    )
    show_again(
        session,
        [
            prediction_id
            for prediction_id, ls_task_id in held
            if not is_drawn(project.ls_project_id, ls_task_id, share)
        ],
    )
    if not share:
        set_blank_where_dearer(session, project, False)


def set_blank_where_dearer(session: Session, project: Project, on: bool) -> None:
    """Whether tasks are left blank too where correcting is predicted to cost more than drawing,
    from the next ranking on. Off: those that were, and are not labelled, are filled again."""
    session.execute(update(Project).where(Project.id == project.id).values(blank_where_dearer=on))
    if on:
        return
    dearer = session.execute(
        select(Prediction.id, Prediction.blank_as_dearer)
        .join(Task, Task.id == Prediction.task_id)
        .where(
            Task.project_id == project.id,
            Task.is_labeled.is_(False),
            Prediction.prefill_dearer.is_(True),
        )
    ).all()
    judge_dearer(session, [row[0] for row in dearer], False)
    show_again(session, [row[0] for row in dearer if row[1]])


def judge_dearer(session: Session, prediction_ids: Sequence[int], dearer: bool) -> None:
    """Keeps that correcting these is, or is not, predicted to cost more than drawing."""
    _set(session, prediction_ids, prefill_dearer=dearer)


def hold_as_dearer(session: Session, prediction_ids: Sequence[int]) -> None:
    """Keeps predictions back for their cost alone. That they were sent stays known, so that chance
    never draws their tasks."""
    _set(session, prediction_ids, left_blank=True, blank_as_dearer=True)


def release(session: Session, prediction_ids: Sequence[int]) -> None:
    """Holds predictions back no longer that Label Studio still shows."""
    _set(session, prediction_ids, left_blank=False, blank_as_dearer=False)


def sent_tasks(session: Session, prediction_ids: Sequence[int]) -> list[int]:
    """Label Studio's ids of the tasks of those that it was given."""
    found: list[int] = []
    for start in range(0, len(prediction_ids), _AT_ONCE):
        found += session.scalars(
            select(Task.ls_task_id)
            .join(Prediction, Prediction.task_id == Task.id)
            .where(
                Prediction.id.in_(prediction_ids[start : start + _AT_ONCE]),
                Prediction.sent_at.is_not(None),
            )
        )
    return found


def show_again(session: Session, prediction_ids: Sequence[int]) -> None:
    """Keeps predictions back no longer; they are sent with the next ones."""
    _set(session, prediction_ids, left_blank=False, blank_as_dearer=False, sent_at=None)


def _set(session: Session, prediction_ids: Sequence[int], **values: bool | None) -> None:
    """What was labelled meanwhile stays as it was when somebody opened it."""
    waiting = select(Task.id).where(Task.id == Prediction.task_id, Task.is_labeled.is_(False))
    for start in range(0, len(prediction_ids), _AT_ONCE):
        chosen = prediction_ids[start : start + _AT_ONCE]
        session.execute(
            update(Prediction)
            .where(Prediction.id.in_(chosen), waiting.exists())
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def _place(name: str) -> float:
    """A number in 0..1 that follows from a name, each as likely as any other."""
    return int.from_bytes(sha256(name.encode()).digest()[:4], "big") / 2**32
