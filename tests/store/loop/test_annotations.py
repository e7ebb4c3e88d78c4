"""Annotations: late and repeated deliveries, what counts as a correction, what is trained on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hemline.store.database.engine import Store
from hemline.store.loop.annotations import (
    corrections_since,
    delete_annotations,
    find_annotation,
    record_annotation,
    training_items,
)
from hemline.store.loop.tasks import delete_tasks, upsert_task
from hemline.store.tables.loop import Annotation, Project, Task

DAY = datetime(2026, 5, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


@pytest.fixture
def tasks(store: Store, project: Project) -> list[Task]:
    with store.session() as session:
        return [
            upsert_task(
                session, project.id, ls_task_id=number, data={}, image_url="", garment="", view=""
            )
            for number in range(10, 14)
        ]


def _record(store: Store, task: Task, number: int = 1, **columns: Any) -> Annotation:
    columns = {"mask_digest": "1" * 64, "ls_updated_at": at(0), "now": at(0), **columns}
    with store.session() as session:
        return record_annotation(
            session,
            project_id=task.project_id,
            task_id=task.id,
            ls_annotation_id=number,
            **columns,
        )


def _corrections(store: Store, project: Project, when: datetime | None = None) -> int:
    with store.reading() as session:
        return corrections_since(session, project.id, when)


def _trained_on(store: Store, project: Project) -> list[tuple[int, int]]:
    with store.reading() as session:
        items = training_items(session, project.id)
    return [(item.task.ls_task_id, item.ls_annotation_id) for item in items]


def test_all_columns_are_stored(store: Store, task: Task) -> None:
    columns: dict[str, Any] = {
        "mask_digest": "1" * 64,
        "width": 640,
        "height": 480,
        "annotator": "ada@example.com",
        "lead_time_s": 12.5,
        "was_cancelled": False,
        "ground_truth": True,
        "untouched": True,
        "dice": 0.97,
        "problem": "one region had another label",
        "ls_updated_at": at(1),
    }
    _record(store, task, 5, **columns)
    with store.reading() as session:
        stored = find_annotation(session, task.project_id, 5)
    assert stored is not None
    assert {name: getattr(stored, name) for name in columns} == columns
    assert stored.task_id == task.id
    assert stored.deleted_at is None


def test_a_repeated_delivery_changes_nothing(store: Store, task: Task) -> None:
    first = _record(store, task)
    again = _record(store, task, now=at(3))
    assert (again.id, again.changed_at) == (first.id, at(0))


def test_changed_at_moves_with_a_save_of_another_mask_alone(store: Store, task: Task) -> None:
    def saved(hour: float, mask: str | None, **columns: Any) -> datetime:
        columns = {"ls_updated_at": at(hour), "now": at(hour), **columns}
        return _record(store, task, mask_digest=mask, **columns).changed_at

    one, two = "1" * 64, "2" * 64
    _record(store, task)
    assert saved(1, one, ground_truth=True) == at(0)
    assert saved(2, two) == at(2)
    assert saved(3, None) == at(2)
    assert saved(4, two) == at(2)
    assert saved(5, one) == at(5)
    assert saved(6, two, ls_updated_at=None) == at(6)


def test_what_is_read_again_with_other_labels_is_no_new_correction(
    store: Store, project: Project, tasks: list[Task]
) -> None:
    """A label is renamed, and renamed back; then another comes before it."""
    for mask, hour in (("1" * 64, 0), (None, 1), ("1" * 64, 2), ("2" * 64, 3)):
        for number, task in enumerate(tasks):
            _record(store, task, number, mask_digest=mask, now=at(hour))
    assert _corrections(store, project, at(0.5)) == 0
    assert _corrections(store, project) == len(tasks)


def test_what_becomes_usable_is_a_new_correction(
    store: Store, project: Project, task: Task
) -> None:
    _record(store, task, mask_digest=None)
    _record(store, task, now=at(2))
    assert _corrections(store, project, at(1)) == 1


def test_changed_at_moves_when_a_skip_is_taken_back(store: Store, task: Task) -> None:
    _record(store, task, was_cancelled=True)
    assert _record(store, task, was_cancelled=False, now=at(1)).changed_at == at(1)


def test_a_late_delivery_does_not_undo_a_newer_one(store: Store, task: Task) -> None:
    _record(store, task, mask_digest="2" * 64, ls_updated_at=at(2))
    late = _record(store, task, mask_digest="1" * 64, ls_updated_at=at(1))
    assert (late.mask_digest, late.ls_updated_at) == ("2" * 64, at(2))
    undated = _record(store, task, mask_digest="3" * 64, ls_updated_at=None)
    assert undated.mask_digest == "3" * 64


def test_deleted_stays_deleted_unless_it_lives_again(store: Store, task: Task) -> None:
    _record(store, task, ls_updated_at=at(1))
    with store.session() as session:
        assert delete_annotations(session, task.project_id, [1, 2], at(2)) == 1
        assert delete_annotations(session, task.project_id, [1], at(5)) == 0
    assert _record(store, task, ls_updated_at=at(1)).deleted_at == at(2)
    assert _record(store, task, ls_updated_at=at(3)).deleted_at is None


def test_only_usable_annotations_are_corrections(
    store: Store, project: Project, tasks: list[Task]
) -> None:
    _record(store, tasks[0], 1)
    _record(store, tasks[0], 2)  # the same task
    _record(store, tasks[1], 3, was_cancelled=True)
    _record(store, tasks[2], 4, mask_digest=None, problem="wrong size")
    _record(store, tasks[3], 5)
    assert _corrections(store, project) == 2
    with store.session() as session:
        delete_annotations(session, project.id, [5], at(1))
    assert _corrections(store, project) == 1
    assert _trained_on(store, project) == [(10, 2)]


def test_corrections_are_counted_after_a_moment(
    store: Store, project: Project, tasks: list[Task]
) -> None:
    for hour, task in enumerate(tasks):
        _record(store, task, hour, now=at(hour))
    assert _corrections(store, project, at(1)) == 2
    assert _corrections(store, project, at(3)) == 0
    _record(store, tasks[0], 0, mask_digest="9" * 64, ls_updated_at=at(4), now=at(4))
    assert _corrections(store, project, at(3)) == 1


def test_the_last_saved_is_trained_on(store: Store, project: Project, tasks: list[Task]) -> None:
    _record(store, tasks[0], 1, ls_updated_at=at(5))
    _record(store, tasks[0], 2, ls_updated_at=at(3))
    _record(store, tasks[1], 3, ls_updated_at=None, now=at(1))
    _record(store, tasks[1], 4, ls_updated_at=None, now=at(1))
    assert _trained_on(store, project) == [(10, 1), (11, 4)]


def test_ground_truth_comes_first(store: Store, project: Project, tasks: list[Task]) -> None:
    _record(store, tasks[0], 1, ls_updated_at=at(1), ground_truth=True)
    _record(store, tasks[0], 2, ls_updated_at=at(3))
    assert _trained_on(store, project) == [(10, 1)]
    with store.session() as session:
        delete_annotations(session, project.id, [1], at(4))
    assert _trained_on(store, project) == [(10, 2)]


def test_a_deleted_task_takes_its_annotations_along(
    store: Store, project: Project, tasks: list[Task]
) -> None:
    _record(store, tasks[0], 1)
    with store.session() as session:
        delete_tasks(session, project.id, [10])
        assert find_annotation(session, project.id, 1) is None


def test_processes_that_record_at_once_store_one(
    store: Store, store_url: str, task: Task, contenders: Any
) -> None:
    results = contenders.run(
        store_url, "annotate", [(task.project_id, task.id, digit * 64) for digit in "1234"]
    )
    assert len(set(results)) == 1
