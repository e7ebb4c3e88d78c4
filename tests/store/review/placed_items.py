"""Items in a review order, and the tasks and annotations that they are about."""

from dataclasses import replace
from typing import Any

from hemline.store.database.engine import Store
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.tasks import upsert_task
from hemline.store.review.review_order import (
    item_of_task,
)
from hemline.store.review.write_order import RankedItem, write_items
from hemline.store.states import ReviewKind
from hemline.store.tables.loop import Annotation, Project, Task
from hemline.store.tables.review import ReviewItem

LABEL = ReviewKind.LABEL


def add_task(store: Store, project: Project, number: int, view: str = "Front") -> Task:
    with store.session() as session:
        return upsert_task(
            session,
            project.id,
            ls_task_id=number,
            data={},
            image_url=f"/{number}.jpg",
            garment=f"D{number}",
            view=view,
        )


def ranked(task: Task, priority: float, **fields: Any) -> RankedItem:
    return replace(
        RankedItem(task.project_id, task.id, LABEL, priority, content_digest="a" * 64), **fields
    )


def put(store: Store, *placed: RankedItem) -> None:
    with store.session() as session:
        write_items(session, placed)


def item_of(store: Store, task: Task) -> ReviewItem:
    with store.reading() as session:
        item = item_of_task(session, task.id, LABEL)
    assert item is not None
    return item


def annotate(store: Store, task: Task, digest: str) -> Annotation:
    with store.session() as session:
        return record_annotation(
            session,
            project_id=task.project_id,
            task_id=task.id,
            ls_annotation_id=task.ls_task_id,
            mask_digest=digest,
            annotator="ann@x.org",
            dice=0.8,
        )
