"""Signals wait until they are computed, belong to one mask and one photo, and are claimed once."""

from typing import Any

from hemline.store.database.columns import utcnow
from hemline.store.database.engine import Store
from hemline.store.loop.corrections import withdraw_annotations
from hemline.store.loop.predictions import claim_send
from hemline.store.loop.tasks import AUDIT_SHARE
from hemline.store.review.garment_views import MOST_VIEWS, values_of_views
from hemline.store.review.label_studio_sync import scores_to_change
from hemline.store.review.queries import keep_told, known_dice, label_page, photo_page
from hemline.store.review.signals import (
    MAX_ATTEMPTS,
    anything_waits,
    claim_predictions,
    give_up,
    put_back,
    store_prediction_values,
)
from hemline.store.tables.loop import ModelVersion, Project, Task
from hemline.store.tables.review import LabelSignals, PredictionSignals
from tests.store.review.label_rows import (
    NOW,
    add_label,
    add_prediction,
    add_task,
    claim,
    store_label,
)


def test_a_prediction_of_another_photo_replaces_the_signals(
    store: Store, task: Task, version: ModelVersion
) -> None:
    add_prediction(store, task, version)
    with store.session() as session:
        (claimed,) = claim_predictions(session, 1, 10, window_s=NOW)
        assert store_prediction_values(
            session, claimed, version=1, values={"x": 1}, regions={"pale": None}, cluster=4
        )
    add_prediction(store, task, version)  # the same photo again changes nothing
    with store.reading() as session:
        kept = session.get_one(PredictionSignals, claimed.prediction_id)
        assert (kept.values, kept.regions, kept.cluster) == ({"x": 1}, {"pale": None}, 4)
    add_prediction(store, task, version, photo="f")
    with store.session() as session:
        fresh = session.get_one(PredictionSignals, claimed.prediction_id)
        assert (fresh.values, fresh.version, fresh.map_digest) == ({}, 0, "f" * 64)
        assert not store_prediction_values(
            session, claimed, version=1, values={}, regions={}, cluster=None
        )


def test_a_claim_holds_for_a_while_and_attempts_run_out(store: Store, task: Task) -> None:
    add_label(store, task)
    assert len(claim(store)) == 1
    assert claim(store, window_s=60) == []
    for _ in range(MAX_ATTEMPTS - 1):
        assert len(claim(store)) == 1
    assert claim(store) == []
    with store.reading() as session:
        assert not anything_waits(session, 1, window_s=NOW)


def test_a_newer_version_has_attempts_of_its_own(store: Store, task: Task) -> None:
    """What it computes of a mask may well be what the older one could not."""
    add_label(store, task)
    while claim(store):
        pass
    (claimed,) = claim(store, version=2)
    with store.session() as session:
        assert anything_waits(session, 2, window_s=NOW)
        give_up(session, claimed, 2)
        assert not anything_waits(session, 2, window_s=NOW)
    for _ in range(MAX_ATTEMPTS):
        assert len(claim(store, version=3)) == 1
    assert claim(store, version=3) == []
    (claimed,) = claim(store, version=4)
    assert store_label(store, claimed, version=4)
    assert claim(store, version=4) == []
    assert len(claim(store, version=5)) == 1


def test_what_waits_for_something_else_loses_no_attempt(store: Store, task: Task) -> None:
    add_label(store, task)
    for _ in range(2 * MAX_ATTEMPTS):
        (claimed,) = claim(store)
        with store.session() as session:
            put_back(session, claimed)


def test_two_who_claim_at_once_get_different_rows(
    store: Store, project: Project, in_threads: Any
) -> None:
    for number in range(1, 9):
        add_label(store, add_task(store, project, number))
    found = in_threads(4, lambda _: [row.annotation_id for row in claim(store, window_s=60)])
    claimed = [number for rows in found for number in rows]
    assert len(claimed) == len(set(claimed))


def test_an_edited_mask_waits_again_and_drops_the_stale_result(store: Store, task: Task) -> None:
    add_label(store, task)
    (claimed,) = claim(store)
    add_label(store, task, "d")
    assert not store_label(store, claimed)
    (again,) = claim(store)
    assert store_label(store, again)
    assert claim(store) == []
    assert len(claim(store, version=2)) == 1  # newer statistics: everything anew


def test_a_deleted_label_has_no_signals(store: Store, task: Task) -> None:
    row = add_label(store, task)
    with store.session() as session:
        withdraw_annotations(session, task.project_id, [row.ls_annotation_id], utcnow())
        assert session.get(LabelSignals, row.id) is None


def test_pages_give_one_label_a_task_and_every_photo(
    store: Store, project: Project, version: ModelVersion
) -> None:
    for number in range(1, 6):
        task = add_task(store, project, number)
        prediction = add_prediction(store, task, version)
        if number <= 3:
            add_label(store, task, prediction=prediction)
    with store.session() as session:
        for predicted in claim_predictions(session, 1, 10, window_s=NOW):
            store_prediction_values(
                session, predicted, version=1, values={}, regions={}, cluster=None
            )
    for claimed in claim(store):
        store_label(store, claimed)
    seen, after = [], 0
    with store.reading() as session:
        while True:
            rows, last = label_page(session, project.id, 1, after=after, limit=2)
            if last is None:
                break
            seen += [row.task.ls_task_id for row in rows]
            after = last
        photos, last = photo_page(session, project.id, version.id, 1)
    assert seen == [1, 2, 3]
    assert [row.task.ls_task_id for row in photos] == [4, 5]
    assert last == photos[-1].task.id


def test_scores_are_changed_only_where_they_come_first(
    store: Store, project: Project, version: ModelVersion
) -> None:
    figures = [(0.1, 0.9), (0.2, 0.2), (0.3, 0.05), (0.8, 0.85), (0.5, 0.1)]  # score, predicted
    for number, (score, dice) in enumerate(figures, start=1):
        made = add_prediction(store, add_task(store, project, number), version, score=score)
        with store.session() as session:
            keep_told(session, [(made.id, {"predicted_dice": dice})])
            if number != 5:  # Label Studio never got the fifth
                claim_send(session, made.id, window_s=5)
    with store.reading() as session:
        found = scores_to_change(session, project.id, version.id, first=2, limit=10)
        assert scores_to_change(session, project.id, version.id + 1, first=2, limit=10) == []
    assert [(p.task.ls_task_id, dice) for p, dice in found] == [(3, 0.05), (1, 0.9)]


def test_a_corrected_prefill_has_the_numbers_of_its_label_where_they_are_of_it(
    store: Store, project: Project, version: ModelVersion
) -> None:
    """Compared with another prediction, a label says nothing of the pre-fill it was made from."""
    for number in (1, 2):
        task = add_task(store, project, number, garment_type="coat", view="Back")
        prefill = add_prediction(store, task, version)
        add_label(store, task, prediction=prefill, dice=0.9)
        with store.session() as session:
            for predicted in claim_predictions(session, 1, 10, window_s=NOW):
                store_prediction_values(
                    session, predicted, version=1, values={}, regions={}, cluster=None
                )
        (claimed,) = claim(store)
        compared = prefill.id if number == 1 else None
        store_label(store, claimed, values={"hd95": 0.1}, prediction_id=compared)
    with store.reading() as session:
        newest, first = known_dice(session, project.id, 1, limit=10)
    assert (first.garment_type, first.view, first.dice) == ("coat", "Back", 0.9)
    assert first.label_values == {"hd95": 0.1}
    assert newest.label_values is None


def test_the_audit_set_is_drawn_once_and_for_all(store: Store, project: Project) -> None:
    tasks = [add_task(store, project, number) for number in range(1, 121)]
    drawn = {task.ls_task_id for task in tasks if task.in_audit}
    assert len(tasks) * AUDIT_SHARE / 2 < len(drawn) < len(tasks) * AUDIT_SHARE * 2
    again = {number for number in drawn if add_task(store, project, number, view="Back").in_audit}
    assert again == drawn


def test_the_views_of_a_garment_are_told_by_their_labels_or_else_their_predictions(
    store: Store, project: Project, version: ModelVersion
) -> None:
    tasks = [add_task(store, project, number, garment="coat") for number in range(1, 4)]
    add_task(store, project, 4, garment="alone")
    for number in range(10, 11 + MOST_VIEWS):
        add_task(store, project, number, garment="a name for many")
    predictions = [add_prediction(store, task, version) for task in tasks]
    with store.session() as session:
        for claimed in claim_predictions(session, 1, 10, window_s=NOW):
            store_prediction_values(
                session,
                claimed,
                version=1,
                values={"x": claimed.prediction_id},
                regions={},
                cluster=None,
            )
    add_label(store, tasks[0])
    for label in claim(store):
        store_label(store, label)
    with store.reading() as session:
        found = values_of_views(
            session, project.id, ["coat", "alone", "a name for many"], 1, version.id
        )
        without_model = values_of_views(session, project.id, ["coat"], 1, None)
    assert found == {
        "coat": {
            tasks[0].id: {"softmin": 0.5},
            tasks[1].id: {"x": predictions[1].id},
            tasks[2].id: {"x": predictions[2].id},
        }
    }
    assert without_model == {"coat": {tasks[0].id: {"softmin": 0.5}}}
