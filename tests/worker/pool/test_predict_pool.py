"""The pool: each unlabelled task gets the champion's mask, once, whatever happens in between."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from hemline.prefill.left_blank import is_drawn, set_blank_share
from hemline.store.database.columns import utcnow
from hemline.store.loop.jobs import get_job, queue_job
from hemline.store.loop.predictions import claim_send, find_prediction
from hemline.store.loop.projects import known_project
from hemline.store.loop.tasks import delete_tasks, get_task, list_task_problems
from hemline.store.models.models import create_version, list_versions, promote
from hemline.store.models.succession import roll_back
from hemline.store.states import JobKind, JobState
from hemline.store.tables.loop import (
    Attempt,
    Job,
    ModelVersion,
    Prediction,
    Project,
    TaskProblem,
)
from hemline.system.people_wait import PeopleWait, let_people_go_first
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.ingest.reconcile import reconcile_project
from worker.pool import predict_pool as predict_pool_module
from worker.pool.predict_pool import predict_pool
from worker.services import Services

Deliver = Callable[[dict[str, Any]], None]


@pytest.fixture
def job_id(services: Services, project: Project, champion: ModelVersion) -> int:
    """The job that reconcile queues when it finds tasks without a prediction."""
    reconcile_project(services, project)
    with services.store.session() as session:
        return queue_job(session, project.id, JobKind.PREDICT_POOL, {}).id


def job_of(services: Services, job_id: int) -> Job:
    with services.store.reading() as session:
        return get_job(session, job_id)


def given(fake: FakeLabelStudio, version: str) -> list[int]:
    return sorted(row["task"] for row in fake.predictions if row["model_version"] == version)


def is_given_out(services: Services, project: Project, version: ModelVersion, number: int) -> bool:
    """Whether the backend gives out the prediction of a task that somebody opens now."""
    with services.store.session() as session:
        task = get_task(session, project.id, number)
        assert task is not None
        row = find_prediction(session, task.id, version.id)
        assert row is not None
        return claim_send(session, row.id, window_s=5)


def test_all_unlabelled_tasks_are_predicted_and_the_project_follows(
    services: Services, fake: FakeLabelStudio, champion: ModelVersion, job_id: int
) -> None:
    fake.predictions.append({"task": 3, "model_version": "older", "result": [], "score": 0.1})
    predict_pool(services, job_id)
    job = job_of(services, job_id)
    assert (job.state, job.done, job.total) == (JobState.DONE, 24, 24)
    assert given(fake, champion.name) == list(range(1, 25))
    assert given(fake, "older") == []
    assert fake.project["model_version"] == champion.name
    assert all(0 <= row["score"] <= 1 for row in fake.predictions)


def test_each_photo_waits_for_people_first_but_not_for_ever(
    services: Services,
    champion: ModelVersion,
    job_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(predict_pool_module, "_LONGEST_PAUSE_S", 0.05)
    waited: list[float] = []

    def wait(home: Path, *, longest_s: float) -> float:
        waited.append(let_people_go_first(home, longest_s=longest_s))
        return waited[-1]

    monkeypatch.setattr(predict_pool_module, "let_people_go_first", wait)
    with PeopleWait(services.settings.home_path).somebody():
        predict_pool(services, job_id)
    assert (job_of(services, job_id).done, len(waited)) == (24, 24)
    assert min(waited) >= 0.05


def test_labelled_tasks_are_left_alone(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    champion: ModelVersion,
    job_id: int,
) -> None:
    deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(5, brush(disc(4)[1]))))
    ingest_deliveries(services)
    fake.predictions.append({"task": 5, "model_version": "older", "result": [], "score": 0.1})
    predict_pool(services, job_id)
    assert 5 not in given(fake, champion.name)
    assert given(fake, "older") == [5]


def test_a_broken_photo_is_marked_and_the_rest_goes_on(
    services: Services, fake: FakeLabelStudio, champion: ModelVersion, job_id: int
) -> None:
    fake.files["/data/upload/7/G01_Front.png"] = b""
    predict_pool(services, job_id)
    assert job_of(services, job_id).state is JobState.DONE
    assert given(fake, champion.name) == [n for n in range(1, 25) if n != 3]
    with services.store.reading() as session:
        (marked,) = list_task_problems(session)
    assert marked.ls_task_id == 3
    assert "empty" in (marked.problem or "")


def test_a_prediction_that_label_studio_refuses_harms_no_other(
    services: Services, fake: FakeLabelStudio, champion: ModelVersion, job_id: int
) -> None:
    fake.refused_tasks = {4, 17}
    predict_pool(services, job_id)
    assert job_of(services, job_id).state is JobState.DONE
    assert given(fake, champion.name) == [n for n in range(1, 25) if n not in (4, 17)]
    with services.store.reading() as session:
        assert [row.ls_task_id for row in list_task_problems(session)] == [4, 17]
    fake.refused_tasks = set()
    with services.store.session() as session:
        session.execute(update(TaskProblem).values(try_at=utcnow()))
        again = queue_job(session, champion.project_id, JobKind.PREDICT_POOL, {}).id
    predict_pool(services, again)
    with services.store.reading() as session:
        assert list_task_problems(session) == []


def test_a_pre_fill_leaves_the_mark_of_a_correction(
    services: Services, fake: FakeLabelStudio, champion: ModelVersion, job_id: int, deliver: Deliver
) -> None:
    turned = [region | {"image_rotation": 90} for region in brush(disc(4)[1])]
    deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(5, turned)))
    ingest_deliveries(services)
    predict_pool(services, job_id)
    with services.store.reading() as session:
        task = get_task(session, champion.project_id, 5)
        assert task is not None
        assert task.image_digest is not None
        (mark,) = list_task_problems(session)
    assert mark.ls_task_id == 5
    assert "rotated by 90 degrees" in mark.problem


def test_what_the_backend_has_given_out_is_not_given_again(
    services: Services,
    fake: FakeLabelStudio,
    project: Project,
    champion: ModelVersion,
    job_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A task is opened between the removal of its old prediction and the import."""
    remove = services.client.perform_action

    def open_meanwhile(*arguments: Any) -> Any:
        answer = remove(*arguments)
        assert is_given_out(services, project, champion, 2)
        return answer

    monkeypatch.setattr(services.client, "perform_action", open_meanwhile)
    predict_pool(services, job_id)
    assert given(fake, champion.name) == [n for n in range(1, 25) if n != 2]


def test_what_is_opened_during_the_import_is_not_given_out_as_well(
    services: Services,
    fake: FakeLabelStudio,
    project: Project,
    champion: ModelVersion,
    job_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = services.client.import_predictions
    asked: list[bool] = []

    def open_meanwhile(*arguments: Any) -> Any:
        asked.append(is_given_out(services, project, champion, 2))
        return send(*arguments)

    monkeypatch.setattr(services.client, "import_predictions", open_meanwhile)
    predict_pool(services, job_id)
    assert asked == [False]
    assert given(fake, champion.name) == list(range(1, 25))


def test_what_could_not_be_imported_is_there_for_whoever_opens_its_task(
    services: Services,
    fake: FakeLabelStudio,
    project: Project,
    champion: ModelVersion,
    job_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = services.client.import_predictions

    def break_off(*arguments: Any) -> Any:
        fake.stop()
        return send(*arguments)

    monkeypatch.setattr(services.client, "import_predictions", break_off)
    predict_pool(services, job_id)
    assert job_of(services, job_id).state is JobState.RUNNING
    assert is_given_out(services, project, champion, 2)


def test_a_job_waits_while_label_studio_is_away_and_goes_on_after(
    services: Services, fake: FakeLabelStudio, champion: ModelVersion, job_id: int
) -> None:
    fake.stop()
    predict_pool(services, job_id)
    job = job_of(services, job_id)
    assert (job.state, job.attempts) == (JobState.RUNNING, 0)
    assert "cannot be reached" in (job.problem or "")
    assert job.lease_until is not None
    assert job.lease_until > utcnow() + timedelta(seconds=1)
    fake.start()
    predict_pool(services, job_id)  # too early: nobody takes it before its time
    assert given(fake, champion.name) == []
    with services.store.session() as session:
        session.execute(text("UPDATE job SET lease_until = '2020-01-01 00:00:00'"))
    predict_pool(services, job_id)
    assert job_of(services, job_id).state is JobState.DONE
    assert given(fake, champion.name) == list(range(1, 25))


def test_label_studio_goes_away_in_the_middle(
    services: Services,
    fake: FakeLabelStudio,
    champion: ModelVersion,
    job_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the removal of the old predictions and the import: nothing is lost or doubled."""
    remove = services.client.perform_action

    def break_off(*arguments: Any) -> Any:
        answer = remove(*arguments)
        fake.stop()
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(services.client, "perform_action", break_off)
        predict_pool(services, job_id)
    assert job_of(services, job_id).state is JobState.RUNNING
    fake.start()
    with services.store.session() as session:
        session.execute(text("UPDATE job SET lease_until = '2020-01-01 00:00:00'"))
    predict_pool(services, job_id)
    assert given(fake, champion.name) == list(range(1, 25))


def test_going_back_gives_label_studio_the_old_masks_again(
    services: Services,
    fake: FakeLabelStudio,
    project: Project,
    champion: ModelVersion,
    job_id: int,
) -> None:
    predict_pool(services, job_id)
    with services.store.session() as session:
        second = create_version(
            session,
            project.id,
            recipe=champion.recipe,
            labels=["garment"],
            weights_digest=champion.weights_digest,
            code_version="test",
        )
        promote(session, second.id)
        next_job = queue_job(session, project.id, JobKind.PREDICT_POOL, {}).id
    predict_pool(services, next_job)
    assert given(fake, champion.name) == []
    assert given(fake, second.name) == list(range(1, 25))
    with services.store.session() as session:
        succession = roll_back(session, project.id)
    assert succession.champion.id == champion.id
    predict_pool(services, succession.job.id)
    assert given(fake, champion.name) == list(range(1, 25))
    assert given(fake, second.name) == []
    assert fake.project["model_version"] == champion.name


def test_tasks_that_are_left_blank_are_predicted_and_not_given_out(
    services: Services, fake: FakeLabelStudio, champion: ModelVersion, job_id: int
) -> None:
    drawn = [number for number in range(1, 25) if is_drawn(7, number, 0.3)]
    assert drawn
    with services.store.session() as session:
        set_blank_share(session, known_project(session, 7), 0.3)
    predict_pool(services, job_id)
    job = job_of(services, job_id)
    assert (job.state, job.done, job.total) == (JobState.DONE, 24, 24)
    assert given(fake, champion.name) == [n for n in range(1, 25) if n not in drawn]
    with services.store.session() as session:
        set_blank_share(session, known_project(session, 7), 0.0)
        again = queue_job(session, champion.project_id, JobKind.PREDICT_POOL, {}).id
    predict_pool(services, again)
    assert given(fake, champion.name) == list(range(1, 25))


def test_another_champion_stops_it(
    services: Services,
    fake: FakeLabelStudio,
    project: Project,
    champion: ModelVersion,
    job_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is promoted when the first photos are asked for: what was begun is stored, and no more."""
    monkeypatch.setattr(predict_pool_module, "_AT_ONCE", 4)

    def promote_another(*_: object, **__: object) -> float:
        with services.store.session() as session:
            if len(list_versions(session, project.id)) == 1:
                second = create_version(
                    session,
                    project.id,
                    recipe=champion.recipe,
                    labels=["garment"],
                    weights_digest=champion.weights_digest,
                    code_version="test",
                )
                promote(session, second.id)
        return 0.0

    monkeypatch.setattr(predict_pool_module, "let_people_go_first", promote_another)
    predict_pool(services, job_id)
    assert job_of(services, job_id).state is JobState.DONE
    with services.store.reading() as session:
        stored = session.scalars(select(Prediction.model_version_id)).all()
        assert session.scalars(select(Attempt)).all() == []
    assert 4 <= len(stored) <= 12
    assert set(stored) == {champion.id}
    assert fake.predictions == []


def test_a_task_that_is_deleted_while_it_is_predicted_harms_no_other(
    services: Services,
    fake: FakeLabelStudio,
    project: Project,
    champion: ModelVersion,
    job_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def delete_third(*_: object, **__: object) -> float:
        with services.store.session() as session:
            delete_tasks(session, project.id, [3])
        return 0.0

    monkeypatch.setattr(predict_pool_module, "let_people_go_first", delete_third)
    predict_pool(services, job_id)
    assert given(fake, champion.name) == [n for n in range(1, 25) if n != 3]


def test_what_is_at_work_when_label_studio_goes_away_is_no_suspect(
    services: Services, fake: FakeLabelStudio, job_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def go_away(*_: object, **__: object) -> float:
        fake.stop()
        return 0.0

    monkeypatch.setattr(predict_pool_module, "let_people_go_first", go_away)
    predict_pool(services, job_id)
    assert job_of(services, job_id).state is JobState.RUNNING
    with services.store.reading() as session:
        assert session.scalars(select(Attempt)).all() == []
