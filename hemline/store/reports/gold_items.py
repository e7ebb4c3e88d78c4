"""The tasks that a model was judged on: their views, labels and what is stored of their masks."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from hemline.store.tables.loop import Annotation, Prediction, Task

_AT_ONCE = 500  # values in one IN


@dataclass(frozen=True, slots=True)
class GoldItem:
    """A task with its newest usable label, and the predictions of some versions, by version id."""

    task: Task
    annotation: Annotation | None
    predictions: dict[int, Prediction]


def views_of(session: Session, project_id: int, ls_task_ids: Collection[int]) -> dict[int, str]:
    """The view of each task that is known, by Label Studio's id."""
    found: dict[int, str] = {}
    for some in _portions(ls_task_ids):
        rows = session.execute(
            select(Task.ls_task_id, Task.view).where(
                Task.project_id == project_id, Task.ls_task_id.in_(some)
            )
        )
        found.update((number, view) for number, view in rows)
    return found


def gold_items(
    session: Session, project_id: int, ls_task_ids: Sequence[int], version_ids: Collection[int]
) -> dict[int, GoldItem]:
    """A few tasks, at most 500, with their labels and the predictions of those versions."""
    tasks = session.scalars(
        select(Task).where(
            Task.project_id == project_id, Task.ls_task_id.in_(ls_task_ids[:_AT_ONCE])
        )
    ).all()
    ids = [task.id for task in tasks]
    labels = {
        annotation.task_id: annotation
        for annotation in session.scalars(
            select(Annotation)
            .where(
                Annotation.task_id.in_(ids),
                Annotation.mask_digest.is_not(None),
                Annotation.deleted_at.is_(None),
            )
            .order_by(Annotation.ground_truth, Annotation.changed_at)
        )
    }
    predictions: dict[int, dict[int, Prediction]] = {}
    for prediction in session.scalars(
        select(Prediction)
        .where(Prediction.task_id.in_(ids), Prediction.model_version_id.in_(version_ids))
        .options(joinedload(Prediction.model_version))
    ):
        predictions.setdefault(prediction.task_id, {})[prediction.model_version_id] = prediction
    return {
        task.ls_task_id: GoldItem(task, labels.get(task.id), predictions.get(task.id, {}))
        for task in tasks
    }


def _portions(numbers: Collection[int]) -> Iterator[list[int]]:
    rest = iter(numbers)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
