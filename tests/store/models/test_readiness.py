"""How far a project is from its next training, counted by SQL as it was counted from rows."""

from datetime import UTC, datetime

import pytest

from hemline.store.loop.annotations import record_annotation, training_items
from hemline.store.loop.tasks import upsert_task
from hemline.store.models.readiness import readiness
from hemline.store.models.runs import fail_run, failures_since, queue_run
from hemline.store.models.snapshots import take_snapshot
from hemline.store.states import RunTrigger, Split

EARLY = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def labelled(store, project):
    """Twelve tasks of four garments; the last two annotations do not count."""
    with store.session() as session:
        for number in range(12):
            task = upsert_task(
                session,
                project.id,
                ls_task_id=number,
                data={},
                image_url=str(number),
                garment=f"g{number // 3}",
                view="Front",
            )
            task.split = [Split.GOLD, Split.TRAIN, Split.GOLD, Split.VALIDATION][number // 3]
            record_annotation(
                session,
                project_id=project.id,
                task_id=task.id,
                ls_annotation_id=number,
                mask_digest="a" * 64,
                was_cancelled=number == 11,
                now=EARLY,
            )
            if number == 3:  # a second annotation of a task is not a second task
                record_annotation(
                    session,
                    project_id=project.id,
                    task_id=task.id,
                    ls_annotation_id=100,
                    mask_digest="b" * 64,
                    now=EARLY,
                )
    return project


def test_it_counts_what_a_training_would_read(store, labelled):
    with store.reading() as session:
        ready = readiness(session, labelled, retrain_after=20, gold_minimum=5)
        items = training_items(session, labelled.id)
    assert ready.corrections == len(items) == 11
    assert ready.gold_garments == 2
    assert ready.has_training_tasks
    assert sum(item.task.split is Split.TRAIN for item in items) == 3
    assert (ready.needed, ready.left, ready.gold_minimum) == (20, 9, 5)


def test_corrections_count_from_the_last_run_and_a_projects_number_comes_first(
    store, artifacts, labelled
):
    with store.session() as session:
        snapshot = take_snapshot(session, artifacts, labelled.id, ["garment"])
        queue_run(session, labelled.id, snapshot.id, RunTrigger.COMMAND)
        labelled.retrain_after = 3
    with store.reading() as session:
        ready = readiness(session, labelled, retrain_after=20, gold_minimum=5)
    assert (ready.corrections, ready.left) == (0, 3)


def test_an_empty_project_has_nothing(store, project):
    with store.reading() as session:
        ready = readiness(session, project, retrain_after=2, gold_minimum=5)
    assert (ready.corrections, ready.gold_garments, ready.left) == (0, 0, 2)
    assert not ready.has_training_tasks


def test_corrections_are_counted_from_the_last_run_that_did_not_fail(store, artifacts, labelled):
    for number in range(3):
        with store.session() as session:
            snapshot = take_snapshot(session, artifacts, labelled.id, ["garment"])
            run = queue_run(session, labelled.id, snapshot.id, RunTrigger.COMMAND)
            assert run is not None
            counted = readiness(session, labelled, retrain_after=20, gold_minimum=5)
            assert fail_run(session, run.id, None, "its photos were away")
            again = readiness(session, labelled, retrain_after=20, gold_minimum=5)
            assert failures_since(session, labelled.id, None) == number + 1
        assert (counted.corrections, again.corrections) == (0, 11)
