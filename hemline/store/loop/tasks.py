"""Tasks: the photos of a project, what is known of each, and which wait for a prediction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from hemline.store.database.clock import DatabaseTime, database_now
from hemline.store.database.columns import Json
from hemline.store.database.insert import insert_into
from hemline.store.states import ProblemSource
from hemline.store.tables.loop import Annotation, Prediction, Project, Task, TaskProblem

# How long a marked task waits for the first try and at most: twice as long each time.
_PASSING_WAITS_S = 10.0, 60.0  # what is well again is found so within two minutes
_WAITS_S = 60.0, 6 * 3600.0
_AT_ONCE = 500  # ids in one query
_CLICK_MARK_S = 7 * 86_400.0  # nobody may click on that task again, and so clear its mark

AUDIT_SHARE = 0.05  # of the tasks: the frozen set that versions are compared on


@dataclass(frozen=True, slots=True)
class Problem:
    """A mark on a task, or on one of its annotations, which is then left out."""

    ls_project_id: int
    ls_task_id: int
    ls_annotation_id: int | None
    garment: str
    view: str
    problem: str


def upsert_task(
    session: Session,
    project_id: int,
    *,
    ls_task_id: int,
    data: Json,
    image_url: str,
    garment: str,
    view: str,
    garment_by: str = "",
    garment_type: str = "",
    photo_session: str = "",
) -> Task:
    """Inserts the task or updates it.

    Another image URL forgets the photo and the marks of the one before. The garment stays once
    the task has a split, because a split is of a garment and never changes.
    """
    values = {
        "data": data,
        "image_url": image_url,
        "garment": garment,
        "view": view,
        "garment_by": garment_by,
        "garment_type": garment_type,
        "photo_session": photo_session,
    }
    another_photo = select(Task.id).where(
        Task.project_id == project_id, Task.ls_task_id == ls_task_id, Task.image_url != image_url
    )
    session.execute(delete(TaskProblem).where(TaskProblem.task_id.in_(another_photo)))
    statement = insert_into(
        session,
        Task,
        project_id=project_id,
        ls_task_id=ls_task_id,
        in_audit=_is_drawn(project_id, ls_task_id),
        **values,
    )
    new = statement.excluded
    same_photo = Task.image_url == new.image_url
    updates: dict[str, Any] = {
        name: case((same_photo, getattr(Task, name)), else_=None)
        for name in ("image_digest", "width", "height")
    }
    updates |= {
        "data": new.data,
        "image_url": new.image_url,
        "garment": case((Task.split.is_(None), new.garment), else_=Task.garment),
        "garment_by": case(
            (Task.split.is_(None) | (Task.garment == new.garment), new.garment_by),
            else_=Task.garment_by,
        ),
        "view": new.view,
        "garment_type": new.garment_type,
        "photo_session": new.photo_session,
        "updated_at": DatabaseTime(),
    }
    statement = statement.on_conflict_do_update(
        index_elements=["project_id", "ls_task_id"], set_=updates
    )
    return session.scalars(
        statement.returning(Task), execution_options={"populate_existing": True}
    ).one()


def get_task(session: Session, project_id: int, ls_task_id: int) -> Task | None:
    return session.scalar(_TASK, {"project": project_id, "ls_task": ls_task_id})


def stored_data(session: Session, project_id: int, ls_task_ids: Sequence[int]) -> dict[int, Json]:
    """The data of those of these tasks that are known, by Label Studio's id."""
    found: dict[int, Json] = {}
    for start in range(0, len(ls_task_ids), _AT_ONCE):
        chosen = ls_task_ids[start : start + _AT_ONCE]
        rows = session.execute(
            select(Task.ls_task_id, Task.data).where(
                Task.project_id == project_id, Task.ls_task_id.in_(chosen)
            )
        )
        found |= {row.ls_task_id: row.data for row in rows}
    return found


def ls_task_ids(session: Session, project_id: int) -> set[int]:
    """Label Studio's ids of the tasks that are known."""
    return set(session.scalars(select(Task.ls_task_id).where(Task.project_id == project_id)))


def list_task_problems(
    session: Session, project_id: int | None = None, *, limit: int = 1000
) -> list[Problem]:
    """All marks on tasks and their annotations, by project and task."""
    marks = _marks(project_id).subquery()
    statement = (
        select(
            Project.ls_project_id,
            Task.ls_task_id,
            marks.c.ls_annotation_id,
            Task.garment,
            Task.view,
            marks.c.problem,
        )
        .join(Task, Task.id == marks.c.task_id)
        .join(Project, Project.id == Task.project_id)
        .order_by(Project.id, Task.ls_task_id, marks.c.ls_annotation_id, marks.c.source)
        .limit(limit)
    )
    return [Problem(*row) for row in session.execute(statement)]


def count_marked_tasks(session: Session, project_id: int) -> int:
    """Number of tasks with a mark, on themselves or on an annotation."""
    marks = _marks(project_id).subquery()
    return session.scalar(select(func.count(marks.c.task_id.distinct()))) or 0


def problems_of_task(session: Session, task_id: int) -> Sequence[str]:
    """What is wrong with the task itself; its annotations have their own marks."""
    return session.scalars(
        select(TaskProblem.problem)
        .where(TaskProblem.task_id == task_id)
        .order_by(TaskProblem.source)
    ).all()


def known_tasks(session: Session, task_ids: Sequence[int]) -> set[int]:
    """Which of them are in the store, and stay there until this unit of work ends."""
    rows = select(Task.id).where(Task.id.in_(task_ids)).order_by(Task.id)
    return set(session.scalars(rows.with_for_update(read=True, key_share=True)))


def delete_tasks(session: Session, project_id: int, ls_task_ids: Sequence[int]) -> int:
    """Forgets tasks that Label Studio deleted, with their annotations; returns how many."""
    statement = delete(Task).where(Task.project_id == project_id, Task.ls_task_id.in_(ls_task_ids))
    return len(session.scalars(statement.returning(Task.id)).all())


def set_task_problem(
    session: Session,
    task_id: int,
    problem: str,
    source: ProblemSource = ProblemSource.TASK,
    *,
    passing: bool = False,
    after_s: float | None = None,
    now: datetime | None = None,
) -> None:
    """Marks the task with one sentence about `source`, in the place of an earlier one about it.

    It is tried again, each time later: within a minute at most if the problem is a `passing` one (a
    server is away), else within six hours at most; not before `after_s` seconds.
    """
    earlier = session.get(TaskProblem, (task_id, source), populate_existing=True)
    tries = 1 if earlier is None else earlier.tries + 1
    wait_s = max(_wait_s(tries, passing=passing), after_s or 0.0)
    values = {
        "problem": problem,
        "tries": tries,
        "try_at": (now or database_now(session)) + timedelta(seconds=wait_s),
    }
    statement = insert_into(session, TaskProblem, task_id=task_id, source=source, **values)
    session.execute(
        statement.on_conflict_do_update(index_elements=["task_id", "source"], set_=values)
    )


def mark_clicks(session: Session, task_id: int, problem: str) -> None:
    """Marks the task with why a click did nothing; for a week, or until another one does."""
    said = f"a click did nothing: {problem}"
    set_task_problem(session, task_id, said, ProblemSource.CLICK, after_s=_CLICK_MARK_S)


def forget_click_marks(session: Session, *, now: datetime | None = None) -> None:
    """Clears the marks of clicks that are older than a week."""
    session.execute(
        delete(TaskProblem).where(
            TaskProblem.source == ProblemSource.CLICK,
            TaskProblem.try_at <= (now or database_now(session)),
        )
    )


def _wait_s(tries: int, *, passing: bool) -> float:
    first_s, longest_s = _PASSING_WAITS_S if passing else _WAITS_S
    return min(longest_s, first_s * 2.0 ** min(tries - 1, 10))


def projects_to_try_again(session: Session, *, now: datetime | None = None) -> Sequence[int]:
    """Projects with a mark that it is time to look at again, by their row's id."""
    return session.scalars(
        select(Task.project_id)
        .join(TaskProblem, TaskProblem.task_id == Task.id)
        .where(
            TaskProblem.try_at <= (now or DatabaseTime()),
            TaskProblem.source != ProblemSource.CLICK,
        )
        .distinct()
    ).all()


def put_off(*sources: ProblemSource, now: datetime | None = None) -> ColumnElement[bool]:
    """Tasks that are marked about one of `sources` and not to be tried again yet."""
    return exists().where(
        TaskProblem.task_id == Task.id,
        TaskProblem.source.in_(sources),
        TaskProblem.try_at > (now or DatabaseTime()),
    )


def clear_task_problems(session: Session, task_ids: Sequence[int], *sources: ProblemSource) -> None:
    """Clears the tasks' marks about `sources`, and no others."""
    session.execute(
        delete(TaskProblem).where(
            TaskProblem.task_id.in_(task_ids), TaskProblem.source.in_(sources)
        )
    )


def record_photo(session: Session, task_id: int, digest: str, width: int, height: int) -> None:
    """Stores what the fetched photo is: SHA-256 of its bytes, upright size in pixels."""
    session.execute(
        update(Task)
        .where(Task.id == task_id)
        .values(image_digest=digest, width=width, height=height)
    )


def tasks_to_predict(
    session: Session,
    project_id: int,
    model_version_id: int,
    *,
    after_ls_task_id: int = 0,
    limit: int,
) -> Sequence[Task]:
    """Unlabelled tasks without that version's prediction of their photo, by Label Studio's id.

    Tasks with a problem are among them once they are to be tried again, since a photo may be back;
    page with `after_ls_task_id` so that each is tried once.
    """
    return session.scalars(
        select(Task)
        .where(_to_predict(project_id, model_version_id), Task.ls_task_id > after_ls_task_id)
        .order_by(Task.ls_task_id)
        .limit(limit)
    ).all()


def count_tasks_to_predict(session: Session, project_id: int, model_version_id: int) -> int:
    """Number of such tasks."""
    statement = select(func.count()).where(_to_predict(project_id, model_version_id))
    return session.scalar(statement.select_from(Task)) or 0


def _marks(project_id: int | None) -> CompoundSelect[Any]:
    """Marks on tasks, and on annotations that are not deleted; of one project or of all."""
    on_tasks = select(
        TaskProblem.task_id,
        TaskProblem.problem,
        TaskProblem.source.label("source"),
        null().label("ls_annotation_id"),
    ).join(Task, Task.id == TaskProblem.task_id)
    on_annotations = select(
        Annotation.task_id, Annotation.problem, literal("annotation"), Annotation.ls_annotation_id
    ).where(Annotation.problem.is_not(None), Annotation.deleted_at.is_(None))
    if project_id is not None:
        on_tasks = on_tasks.where(Task.project_id == project_id)
        on_annotations = on_annotations.where(Annotation.project_id == project_id)
    return union_all(on_tasks, on_annotations)


def _is_drawn(project_id: int, ls_task_id: int) -> bool:
    """Whether a task is of the audit set: one in twenty, by its number alone, once and for all."""
    drawn = sha256(f"audit/{project_id}/{ls_task_id}".encode()).digest()[0]
    return drawn < AUDIT_SHARE * 256


def labelled_to_predict(
    session: Session,
    project_id: int,
    model_version_id: int,
    *,
    after_ls_task_id: int = 0,
    limit: int,
) -> Sequence[Task]:
    """Tasks with a label and without that version's prediction, which their labels are judged
    beside; paged as `tasks_to_predict`."""
    return session.scalars(
        select(Task)
        .where(
            _to_predict(project_id, model_version_id, labelled=True),
            Task.ls_task_id > after_ls_task_id,
        )
        .order_by(Task.ls_task_id)
        .limit(limit)
    ).all()


def count_labelled_to_predict(
    session: Session, project_id: int, model_version_id: int, *, marked_only: bool = False
) -> int:
    """Number of such tasks; `marked_only`: of those with a mark that is to be looked at again."""
    wanted = _to_predict(project_id, model_version_id, labelled=True)
    if marked_only:
        wanted &= exists().where(TaskProblem.task_id == Task.id)
    return session.scalar(select(func.count()).where(wanted).select_from(Task)) or 0


def _to_predict(
    project_id: int, model_version_id: int, *, labelled: bool = False
) -> ColumnElement[bool]:
    predicted = exists().where(
        Prediction.task_id == Task.id,
        Prediction.model_version_id == model_version_id,
        Task.image_digest.is_(None) | (Prediction.image_digest == Task.image_digest),
    )
    marked = put_off(ProblemSource.TASK, ProblemSource.PHOTO, ProblemSource.PREFILL)
    return and_(Task.project_id == project_id, Task.is_labeled.is_(labelled), ~predicted, ~marked)


_TASK = select(Task).where(
    Task.project_id == bindparam("project"), Task.ls_task_id == bindparam("ls_task")
)
