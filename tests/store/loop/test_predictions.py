"""Predictions: stored once and sent once, whoever asks at the same time."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from hemline.store.database.columns import utcnow
from hemline.store.database.engine import Store
from hemline.store.loop.predictions import (
    claim_send,
    find_prediction,
    forget_sends,
    save_prediction,
    unsent_predictions,
)
from hemline.store.loop.tasks import upsert_task
from hemline.store.tables.loop import ModelVersion, Prediction, Project, Task


def _save(store: Store, task: Task, version: ModelVersion, **changes: Any) -> Prediction:
    values = {
        "image_digest": "1" * 64,
        "mask_digest": "2" * 64,
        "score": 0.25,
        "region_scores": {"Garment": 0.9},
    }
    with store.session() as session:
        return save_prediction(
            session, task_id=task.id, model_version_id=version.id, **{**values, **changes}
        )


def _label(session: Session, task_id: int) -> None:
    session.execute(update(Task).where(Task.id == task_id).values(is_labeled=True))


@pytest.fixture
def prediction(store: Store, task: Task, version: ModelVersion) -> Prediction:
    return _save(store, task, version)


def test_a_prediction_is_found_by_task_and_version(
    store: Store, task: Task, version: ModelVersion, prediction: Prediction
) -> None:
    with store.reading() as session:
        found = find_prediction(session, task.id, version.id)
        assert found is not None
        assert (found.id, found.score) == (prediction.id, 0.25)
        assert found.region_scores == {"Garment": 0.9}
        assert find_prediction(session, task.id, version.id + 1) is None


def test_of_two_for_one_photo_the_first_stays(
    store: Store, task: Task, version: ModelVersion, prediction: Prediction
) -> None:
    with store.session() as session:
        assert claim_send(session, prediction.id, window_s=60)
    again = _save(store, task, version, mask_digest="3" * 64)
    assert (again.id, again.mask_digest) == (prediction.id, "2" * 64)
    assert again.sent_at is not None


def test_one_for_another_photo_replaces_it_and_is_not_sent(
    store: Store, task: Task, version: ModelVersion, prediction: Prediction
) -> None:
    with store.session() as session:
        assert claim_send(session, prediction.id, window_s=60)
    again = _save(store, task, version, image_digest="9" * 64, mask_digest="3" * 64, score=0.5)
    assert (again.id, again.mask_digest, again.score) == (prediction.id, "3" * 64, 0.5)
    assert again.sent_at is None


def test_a_claim_lasts_for_its_window(store: Store, prediction: Prediction) -> None:
    now = utcnow()
    asked = [0.0, 1.0, 59.0, 61.0, 62.0]
    claimed = []
    for seconds in asked:
        with store.session() as session:
            claimed.append(
                claim_send(
                    session, prediction.id, window_s=60, now=now + timedelta(seconds=seconds)
                )
            )
    assert claimed == [True, False, False, True, False]


def test_sends_that_label_studio_lost_are_forgotten(
    store: Store, task: Task, version: ModelVersion, prediction: Prediction
) -> None:
    with store.session() as session:
        assert claim_send(session, prediction.id, window_s=60)
        forget_sends(session, task.project_id, version.id + 1)
        assert not claim_send(session, prediction.id, window_s=60)
        forget_sends(session, task.project_id, version.id)
        assert claim_send(session, prediction.id, window_s=60)
        _label(session, task.id)
        forget_sends(session, task.project_id, version.id)
        assert not claim_send(session, prediction.id, window_s=60)


def test_a_claim_that_is_rolled_back_was_none(store: Store, prediction: Prediction) -> None:
    def claim_and_fail() -> None:
        with store.session() as session:
            assert claim_send(session, prediction.id, window_s=60)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        claim_and_fail()
    with store.session() as session:
        assert claim_send(session, prediction.id, window_s=60)


def test_unsent_predictions_of_unlabelled_tasks_come_with_their_tasks(
    store: Store, project: Project, version: ModelVersion
) -> None:
    made = []
    for number in range(1, 6):
        with store.session() as session:
            task = upsert_task(
                session, project.id, ls_task_id=number, data={}, image_url="", garment="", view=""
            )
        made.append(_save(store, task, version))
    with store.session() as session:
        assert claim_send(session, made[0].id, window_s=60)
        _label(session, made[1].task_id)
    with store.reading() as session:
        found = unsent_predictions(session, project.id, version.id, 2)
        assert unsent_predictions(session, project.id, version.id + 1, 2) == []
    assert [each.task.ls_task_id for each in found] == [3, 4]


def test_one_of_many_threads_gets_the_claim(
    store: Store, prediction: Prediction, in_threads: Any
) -> None:
    def act(_: int) -> bool:
        with store.session() as session:
            return claim_send(session, prediction.id, window_s=60)

    assert sorted(in_threads(10, act)) == [False] * 9 + [True]


def test_one_of_many_processes_gets_the_claim(
    store_url: str, prediction: Prediction, contenders: Any
) -> None:
    results = contenders.run(store_url, "claim", [(prediction.id,)] * 5)
    assert sorted(results) == [False] * 4 + [True]


def test_processes_that_save_at_once_store_one(
    store: Store, store_url: str, task: Task, version: ModelVersion, contenders: Any
) -> None:
    results = contenders.run(
        store_url, "save", [(task.id, version.id, digit * 64) for digit in "1234"]
    )
    assert len(set(results)) == 1
    with store.reading() as session:
        found = find_prediction(session, task.id, version.id)
    assert found is not None
    assert found.mask_digest == results[0]
