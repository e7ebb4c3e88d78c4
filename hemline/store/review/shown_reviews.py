"""Which tasks carry their place in the review order in Label Studio, where they can be few only."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hemline.store.database.columns import Json
from hemline.store.tables.loop import Task


def shown_tasks(session: Session, project_id: int) -> Sequence[Task]:
    """Tasks that Label Studio shows a priority or reasons of."""
    return session.scalars(
        select(Task)
        .where(Task.project_id == project_id, Task.shown_priority.is_not(None))
        .order_by(Task.ls_task_id)
    ).all()


def keep_shown(session: Session, task_id: int, data: Json, priority: float | None) -> None:
    """Remembers a task's data as Label Studio has it now; priority None: it shows none any more."""
    session.execute(
        update(Task).where(Task.id == task_id).values(data=data, shown_priority=priority)
    )
