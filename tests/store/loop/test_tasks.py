"""Tasks: what a photo's change forgets, and which tasks wait for a prediction."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from hemline.store.database.engine import Store
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.predictions import save_prediction
from hemline.store.loop.projects import upsert_project
from hemline.store.loop.splits import assign_split
from hemline.store.loop.tasks import (
    clear_task_problems,
    count_marked_tasks,
    count_tasks_to_predict,
    delete_tasks,
    get_task,
    list_task_problems,
    ls_task_ids,
    problems_of_task,
    projects_to_try_again,
    record_photo,
    set_task_problem,
    tasks_to_predict,
    upsert_task,
)
from hemline.store.states import ProblemSource
from hemline.store.tables.loop import ModelVersion, Project, Task


def _upsert(store: Store, project: Project, number: int, **changes: Any) -> Task:
    values = {"data": {}, "image_url": f"/{number}.jpg", "garment": "D1", "view": "Front"}
    with store.session() as session:
        return upsert_task(session, project.id, ls_task_id=number, **{**values, **changes})


def _predict(store: Store, task: Task, version: ModelVersion, image_digest: str) -> None:
    with store.session() as session:
        save_prediction(
            session,
            task_id=task.id,
            model_version_id=version.id,
            image_digest=image_digest,
            mask_digest="b" * 64,
            score=0.5,
            region_scores={},
        )


def _problems(store: Store) -> list[str]:
    with store.reading() as session:
        return [row.problem for row in list_task_problems(session)]


def _label(session: Session, task: Task, labelled: bool) -> None:
    session.execute(update(Task).where(Task.id == task.id).values(is_labeled=labelled))


def _waiting(store: Store, project: Project, version: ModelVersion, **page: Any) -> list[int]:
    with store.reading() as session:
        found = tasks_to_predict(session, project.id, version.id, **{"limit": 100, **page})
        if not page:
            assert count_tasks_to_predict(session, project.id, version.id) == len(found)
        return [task.ls_task_id for task in found]


def test_an_update_keeps_what_is_known_of_the_same_photo(store: Store, project: Project) -> None:
    task = _upsert(store, project, 1)
    with store.session() as session:
        record_photo(session, task.id, "c" * 64, 640, 480)
        set_task_problem(session, task.id, "too dark")
    again = _upsert(store, project, 1, data={"image": "/1.jpg"}, view="Back")
    assert again.id == task.id
    assert (again.image_digest, again.width, again.height) == ("c" * 64, 640, 480)
    assert (again.view, again.data) == ("Back", {"image": "/1.jpg"})
    assert _problems(store) == ["too dark"]


def test_another_photo_forgets_the_one_before(store: Store, project: Project) -> None:
    task = _upsert(store, project, 1)
    with store.session() as session:
        record_photo(session, task.id, "c" * 64, 640, 480)
        for source in ProblemSource:
            set_task_problem(session, task.id, "truncated", source)
    again = _upsert(store, project, 1, image_url="/other.jpg")
    assert (again.image_digest, again.width, again.height) == (None,) * 3
    assert _problems(store) == []


def test_a_mark_is_cleared_by_news_of_the_same_thing_only(store: Store, task: Task) -> None:
    with store.session() as session:
        for source in (*ProblemSource, ProblemSource.PHOTO):
            set_task_problem(session, task.id, f"{source} is broken", source)
        record_annotation(
            session,
            project_id=task.project_id,
            task_id=task.id,
            ls_annotation_id=3,
            problem="annotation 3 is left out",
        )
    left = ["annotation 3 is left out", *sorted(f"{source} is broken" for source in ProblemSource)]
    assert sorted(_problems(store)) == left
    with store.reading() as session:
        assert count_marked_tasks(session, task.project_id) == 1
        assert list(problems_of_task(session, task.id)) == left[1:]
    for source in ProblemSource:
        with store.session() as session:
            clear_task_problems(session, [task.id], source)
        left.remove(f"{source} is broken")
        assert sorted(_problems(store)) == left
    assert left == ["annotation 3 is left out"]


def test_the_garment_stays_once_the_task_has_a_split(store: Store, project: Project) -> None:
    task = _upsert(store, project, 1)
    assert _upsert(store, project, 1, garment="D2").garment == "D2"
    with store.session() as session:
        assign_split(session, task.id, gold_share=0.2, validation_share=0.1)
    assert _upsert(store, project, 1, garment="D3").garment == "D2"


def test_the_same_number_in_another_project_is_another_task(store: Store, project: Project) -> None:
    with store.session() as session:
        other = upsert_project(session, ls_project_id=8)
    assert _upsert(store, project, 1).id != _upsert(store, other, 1).id


def test_unlabelled_tasks_without_that_versions_prediction_wait(
    store: Store, project: Project, version: ModelVersion
) -> None:
    made = {number: _upsert(store, project, number) for number in (5, 3, 4, 1, 2)}
    assert _waiting(store, project, version) == [1, 2, 3, 4, 5]
    with store.session() as session:
        _label(session, made[2], True)
        set_task_problem(session, made[4].id, "the photo cannot be fetched")
    _predict(store, made[3], version, "c" * 64)
    assert _waiting(store, project, version) == [1, 5]
    with store.reading() as session:
        assert count_tasks_to_predict(session, project.id, version.id) == 2
    with store.session() as session:
        _label(session, made[2], False)
        clear_task_problems(session, [made[4].id], ProblemSource.TASK)
    assert _waiting(store, project, version) == [1, 2, 4, 5]


@pytest.mark.parametrize(
    ("passing", "waits"),
    [(True, [10, 20, 40, 60, 60]), (False, [60, 120, 240, 480, 960])],
)
def test_a_marked_task_is_tried_again_each_time_later(
    store: Store, project: Project, passing: bool, waits: list[int]
) -> None:
    task = _upsert(store, project, 1)
    now = datetime(2026, 5, 1, tzinfo=UTC)
    for wait in waits:
        with store.session() as session:
            set_task_problem(
                session, task.id, "away", ProblemSource.PHOTO, passing=passing, now=now
            )
        for after, due in ((wait - 1, []), (wait + 1, [project.id])):
            with store.reading() as session:
                moment = now + timedelta(seconds=after)
                assert projects_to_try_again(session, now=moment) == due
    with store.session() as session:
        clear_task_problems(session, [task.id], ProblemSource.PHOTO)
        set_task_problem(session, task.id, "x", passing=True, after_s=300, now=now)
    with store.reading() as session:
        assert not projects_to_try_again(session, now=now + timedelta(seconds=299))
        assert projects_to_try_again(session, now=now + timedelta(seconds=301))


def test_a_prediction_of_another_photo_does_not_count(
    store: Store, project: Project, version: ModelVersion
) -> None:
    task = _upsert(store, project, 1)
    _predict(store, task, version, "c" * 64)
    with store.session() as session:
        record_photo(session, task.id, "c" * 64, 10, 10)
    assert _waiting(store, project, version) == []
    with store.session() as session:
        record_photo(session, task.id, "d" * 64, 10, 10)
    assert _waiting(store, project, version) == [1]
    _predict(store, task, version, "d" * 64)
    assert _waiting(store, project, version) == []


def test_waiting_tasks_come_in_pages(store: Store, project: Project, version: ModelVersion) -> None:
    for number in range(1, 8):
        _upsert(store, project, number)
    pages, after = [], 0
    while page := _waiting(store, project, version, after_ls_task_id=after, limit=3):
        pages.append(page)
        after = page[-1]
    assert pages == [[1, 2, 3], [4, 5, 6], [7]]


def test_deleted_tasks_are_forgotten(store: Store, project: Project) -> None:
    for number in (1, 2, 3):
        _upsert(store, project, number)
    with store.session() as session:
        assert delete_tasks(session, project.id, [1, 3, 99]) == 2
        assert get_task(session, project.id, 1) is None
        assert get_task(session, project.id, 2) is not None


def test_tasks_with_a_problem_are_listed(store: Store, project: Project) -> None:
    with store.session() as session:
        other = upsert_project(session, ls_project_id=8)
    for each, number in ((project, 3), (project, 1), (project, 2), (other, 1)):
        task = _upsert(store, each, number)
        if (each, number) != (project, 2):
            with store.session() as session:
                set_task_problem(session, task.id, "broken")
    with store.reading() as session:
        found = [(t.ls_project_id, t.ls_task_id) for t in list_task_problems(session)]
        assert found == [(7, 1), (7, 3), (8, 1)]
        assert len(list_task_problems(session, project.id)) == 2
        assert len(list_task_problems(session, limit=1)) == 1
        assert count_marked_tasks(session, project.id) == 2
        assert ls_task_ids(session, project.id) == {1, 2, 3}
