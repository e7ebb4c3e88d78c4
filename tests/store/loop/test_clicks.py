"""Clicks that were answered, and the annotations that they ended up in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hemline.store.database.engine import Store
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.clicks import ClickCounts, claim_clicks, clicked_pixels, record_clicks
from hemline.store.loop.predictions import save_prediction
from hemline.store.loop.tasks import (
    forget_click_marks,
    list_task_problems,
    mark_clicks,
    projects_to_try_again,
)
from hemline.store.reports.edit_effort import Edit, edit_effort
from hemline.store.tables.loop import Annotation, ModelVersion, Project, Task

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def _annotate(store: Store, task: Task, number: int, **fields: Any) -> int:
    with store.session() as session:
        return record_annotation(
            session,
            project_id=task.project_id,
            task_id=task.id,
            ls_annotation_id=number,
            mask_digest=f"{number:064x}",
            **fields,
        ).id


def _click(store: Store, task: Task, *boxes: bool, annotator: str = "", minutes: float = 0) -> None:
    with store.session() as session:
        record_clicks(
            session,
            task.id,
            boxes,
            annotator=annotator,
            pixels_digest=f"{minutes:064}",
            now=NOW + timedelta(minutes=minutes),
        )


def _claim(
    store: Store, task: Task, annotation: int, annotator: str, minutes: float
) -> ClickCounts:
    with store.session() as session:
        until = NOW + timedelta(minutes=minutes)
        return claim_clicks(session, annotation, task.id, annotator, until=until)


def test_an_annotation_has_the_clicks_before_it_was_saved(store: Store, task: Task) -> None:
    first = _annotate(store, task, 1)
    _click(store, task, False, False)  # before any draft says whose they are
    _click(store, task, False, True, annotator="7", minutes=1)
    _click(store, task, False, annotator="8", minutes=1)
    assert _claim(store, task, first, "7", 2) == ClickCounts(clicks=3, boxes=1)
    assert _claim(store, task, first, "7", 2) == ClickCounts(clicks=3, boxes=1)
    second = _annotate(store, task, 2)
    assert _claim(store, task, second, "8", 2) == ClickCounts(clicks=1)


def test_clicks_after_it_was_saved_come_with_the_next_save(store: Store, task: Task) -> None:
    first = _annotate(store, task, 1)
    _click(store, task, False, annotator="7")
    _click(store, task, True, annotator="7", minutes=10)
    assert _claim(store, task, first, "7", 1) == ClickCounts(clicks=1)
    assert _claim(store, task, first, "7", 11) == ClickCounts(clicks=1, boxes=1)


def test_what_clicks_were_answered_with_is_known(store: Store, task: Task) -> None:
    _click(store, task, False, False)
    _click(store, task, False, minutes=1)
    with store.reading() as session:
        assert len(clicked_pixels(session, task.id)) == 2
        assert clicked_pixels(session, task.id + 1) == set()


def test_a_mark_of_clicks_is_tried_by_nobody_and_gone_after_a_week(
    store: Store, project: Project, task: Task
) -> None:
    with store.session() as session:
        mark_clicks(session, task.id, "the photo is gone")
    with store.session() as session:
        later = datetime.now(UTC) + timedelta(days=8)
        assert projects_to_try_again(session, now=later) == []
        forget_click_marks(session)
        (mark,) = list_task_problems(session)
        assert mark.problem == "a click did nothing: the photo is gone"
        forget_click_marks(session, now=later)
        assert list_task_problems(session) == []


def test_effort_is_told_apart(store: Store, task: Task, version: ModelVersion) -> None:
    with store.session() as session:
        prediction = save_prediction(
            session,
            task_id=task.id,
            model_version_id=version.id,
            image_digest="a" * 64,
            mask_digest="b" * 64,
            score=0.5,
            region_scores={},
        ).id
    made = [
        {"untouched": True, "lead_time_s": 2.0},
        {"brushed": True, "lead_time_s": 60.0},
        {"brushed": True, "lead_time_s": 40.0},
        {"lead_time_s": 9.0},
    ]
    for number, fields in enumerate(made, start=1):
        annotation = _annotate(store, task, number, prediction_id=prediction, **fields)
    _annotate(store, task, 9, brushed=True)  # had no pre-fill
    with store.session() as session:
        row = session.get_one(Annotation, annotation)
        row.clicks, row.boxes = 3, 1
    with store.reading() as session:
        found = {each.edit: each for each in edit_effort(session, task.project_id)}
    assert [(each.labels, each.share, each.clicks) for each in found.values()] == [
        (1, 0.25, 0),
        (1, 0.25, 4),
        (2, 0.5, 0),
    ]
    assert found[Edit.BRUSHED].median_seconds == 50.0
