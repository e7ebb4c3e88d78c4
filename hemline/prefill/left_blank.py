"""Tasks that open without their pre-fill on purpose.

What a pre-fill saves can be told only beside masks that were drawn from nothing, of photos that
nobody chose: a share of the tasks, drawn by their numbers alone.
"""

from hashlib import sha256

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from hemline.store.tables.loop import Prediction, Project, Task

MOST = 0.5  # of the tasks: more would be no pre-filling
_AT_ONCE = 500


def is_drawn(ls_project_id: int, ls_task_id: int, share: float) -> bool:
    """Whether a task is among the share (0 to 1) that is left blank; the same task, the same
    answer, and with a larger share still."""
    digest = sha256(f"blank/{ls_project_id}/{ls_task_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < share


def is_left_blank(session: Session, task: Task) -> bool:
    """Whether a task's new prediction is kept back. Not where an earlier one was shown: whoever
    opens the task may have seen it."""
    project = session.execute(
        select(Project.ls_project_id, Project.blank_share).where(Project.id == task.project_id)
    ).one()
    if not is_drawn(project.ls_project_id, task.ls_task_id, project.blank_share):
        return False
    seen = exists().where(Prediction.task_id == task.id, Prediction.sent_at.is_not(None))
    return not session.scalar(select(seen))


def set_blank_share(session: Session, project: Project, share: float) -> None:
    """Leaves that share of a project's tasks blank, 0 to `MOST`, from now on; 0: none. Pre-fills of
    unlabelled tasks that were kept back, and are not any more, are sent with the next ones."""
    session.execute(update(Project).where(Project.id == project.id).values(blank_share=share))
    kept_back = session.execute(
        select(Prediction.id, Task.ls_task_id)
        .join(Task, Task.id == Prediction.task_id)
        .where(
            Task.project_id == project.id,
            Task.is_labeled.is_(False),
            Prediction.left_blank.is_(True),
        )
    )
    shown = [
        prediction_id
        for prediction_id, ls_task_id in kept_back
        if not is_drawn(project.ls_project_id, ls_task_id, share)
    ]
    for start in range(0, len(shown), _AT_ONCE):
        chosen = shown[start : start + _AT_ONCE]
        session.execute(
            update(Prediction).where(Prediction.id.in_(chosen)).values(left_blank=False)
        )
