"""Corrections: which pre-fill was corrected, and what an annotation's end means for its task."""

from datetime import UTC, datetime, timedelta

import pytest

from hemline.store.database.engine import Store
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.corrections import (
    annotations_of,
    get_prediction,
    refresh_labelled,
    shown_prediction,
    withdraw_annotations,
)
from hemline.store.loop.predictions import claim_send, save_prediction
from hemline.store.loop.tasks import get_task, list_task_problems, set_task_problem
from hemline.store.models.models import create_version
from hemline.store.tables.loop import Project, Task

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def sent(store: Store, project: Project, task: Task) -> list[int]:
    """Two predictions of one task by two versions, sent at noon and an hour later."""
    ids = []
    with store.session() as session:
        for hour in range(2):
            version = create_version(
                session,
                project.id,
                recipe={},
                labels=["Garment"],
                weights_digest="a" * 64,
                code_version="0",
            )
            prediction = save_prediction(
                session,
                task_id=task.id,
                model_version_id=version.id,
                image_digest="1" * 64,
                mask_digest="2" * 64,
                score=0.5,
                region_scores={},
            )
            assert claim_send(session, prediction.id, window_s=1, now=NOON + timedelta(hours=hour))
            ids.append(prediction.id)
    return ids


def _annotate(store: Store, task: Task, number: int, problem: str | None = None) -> None:
    with store.session() as session:
        record_annotation(
            session,
            project_id=task.project_id,
            task_id=task.id,
            ls_annotation_id=number,
            mask_digest="3" * 64,
            problem=problem,
        )
        refresh_labelled(session, [task.id])


def _stored(store: Store, task: Task) -> Task:
    with store.reading() as session:
        stored = get_task(session, task.project_id, task.ls_task_id)
    assert stored is not None
    return stored


@pytest.mark.parametrize(
    ("minutes", "which"), [(None, 1), (-5, 1), (0, 0), (30, 0), (60, 1), (500, 1)]
)
def test_the_pre_fill_shown_is_the_one_sent_last_before(
    store: Store, task: Task, sent: list[int], minutes: int | None, which: int
) -> None:
    at = None if minutes is None else NOON + timedelta(minutes=minutes)
    with store.reading() as session:
        shown = shown_prediction(session, task.id, at)
    assert shown is not None
    assert shown.id == sent[which]
    assert shown.model_version.number == which + 1


def test_a_task_that_was_never_pre_filled_showed_nothing(store: Store, task: Task) -> None:
    with store.reading() as session:
        assert shown_prediction(session, task.id, None) is None
        assert get_prediction(session, 1) is None


def test_a_prediction_comes_with_its_model(store: Store, sent: list[int]) -> None:
    with store.reading() as session:
        found = get_prediction(session, sent[1])
    assert found is not None
    assert found.model_version.name == "hemline-7-v2"


def test_a_task_is_labelled_while_it_has_an_annotation(store: Store, task: Task) -> None:
    assert not _stored(store, task).is_labeled
    for number in (1, 2):
        _annotate(store, task, number)
    assert _stored(store, task).is_labeled
    for number, labelled in ((1, True), (2, False)):
        with store.session() as session:
            known = withdraw_annotations(session, task.project_id, [number, 99], NOON)
        assert known == [number]
        assert _stored(store, task).is_labeled is labelled
    with store.reading() as session:
        assert annotations_of(session, task.id) == []


def test_a_problem_goes_with_the_annotation_that_caused_it(store: Store, task: Task) -> None:
    with store.session() as session:
        set_task_problem(session, task.id, "wrong size")
    for number in (1, 2):
        _annotate(store, task, number, problem="wrong size")
    for number, left in ((1, [0, 2]), (2, [0])):
        with store.session() as session:
            withdraw_annotations(session, task.project_id, [number], NOON)
        with store.reading() as session:
            marks = list_task_problems(session)
        assert sorted(mark.ls_annotation_id or 0 for mark in marks) == left
