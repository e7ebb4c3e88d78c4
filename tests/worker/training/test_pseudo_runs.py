"""Trainings on pseudo-labels: when one is queued, when it gives way, what follows it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import update

from hemline.errors import ArtifactsUnavailable
from hemline.labelstudio.project.config import render_label_config
from hemline.masks.codecs.png import encode_class_mask
from hemline.store.database.clock import database_now
from hemline.store.loop.corrections import refresh_labelled
from hemline.store.loop.jobs import get_job, queue_job
from hemline.store.loop.predictions import save_prediction
from hemline.store.loop.tasks import record_photo, upsert_task
from hemline.store.models.models import create_version, promote, reject
from hemline.store.models.runs import acquire_run, fail_run, get_run
from hemline.store.states import JobKind, JobState, RunState, RunTrigger, Split
from hemline.store.tables.loop import ModelVersion, Project, Task, TrainingRun
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from tests.worker.training.test_triggers import correct
from worker.ingest.reconcile import reconcile_project
from worker.pool.predict_pool import predict_pool
from worker.services import Services
from worker.training.pseudo_runs import request_pseudo_labels, train_on_pseudo_labels
from worker.training.supervise import train_run
from worker.training.triggers import request_training, train_on_corrections


@pytest.fixture(autouse=True)
def switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMLINE_PSEUDO_LABELS", "true")


def submit(services: Services, project: Project, tasks: range) -> None:
    correct(services, project, tasks)
    with services.store.session() as session:
        known = session.query(Task).filter(Task.ls_task_id.in_(tasks))
        refresh_labelled(session, [task.id for task in known])


def succeed(services: Services, run_id: int, project: Project, *, promoted: bool) -> ModelVersion:
    """The run has ended with a version."""
    with services.store.session() as session:
        version = create_version(
            session,
            project.id,
            recipe={},
            labels=["garment"],
            weights_digest="a" * 64,
            code_version="test",
        )
        session.execute(
            update(TrainingRun)
            .where(TrainingRun.id == run_id)
            .values(state=RunState.SUCCEEDED, model_version_id=version.id)
        )
        return promote(session, version.id) if promoted else reject(session, version.id)


def predict(services: Services, project: Project, version: ModelVersion, tasks: range) -> None:
    """Sure masks of photos of garments that train."""
    for number in tasks:
        mask = services.artifacts.put(encode_class_mask(disc(number)[1]), "mask")
        with services.store.session() as session:
            task = upsert_task(
                session,
                project.id,
                ls_task_id=number,
                data={},
                image_url=str(number),
                garment="g1",
                view="Back",
            )
            task.in_audit = False
            record_photo(session, task.id, f"{number:064x}", 64, 64)
            save_prediction(
                session,
                task_id=task.id,
                model_version_id=version.id,
                image_digest=f"{number:064x}",
                mask_digest=mask,
                score=0.99,
                region_scores={},
            )


def of(services: Services, run_id: int) -> TrainingRun:
    with services.store.reading() as session:
        return get_run(session, run_id)


def due(services: Services) -> int | None:
    request = train_on_pseudo_labels(services, 7)
    return request.run_id if request is not None else None


@pytest.fixture
def taught(services: Services, project: Project) -> ModelVersion:
    """A champion of 14 corrections that has predicted 20 photos more."""
    submit(services, project, range(1, 15))
    request = train_on_corrections(services, 7)
    assert request is not None
    assert request.run_id is not None
    version = succeed(services, request.run_id, project, promoted=True)
    predict(services, project, version, range(101, 121))
    return version


def test_one_run_follows_a_promotion(services: Services, taught: ModelVersion) -> None:
    run_id = due(services)
    assert run_id is not None
    run = of(services, run_id)
    assert (run.trigger, run.state) == (RunTrigger.PSEUDO_LABELS, RunState.QUEUED)
    assert run.snapshot.counts == {"gold": 7, "train": 7, "pseudo-labels": 20}
    assert due(services) is None
    with services.store.session() as session:
        assert fail_run(session, run_id, None, "the disk is full")
    assert due(services) is None  # nor is it tried again


def test_switched_off_none_follows_but_a_person_can_ask(
    services: Services, taught: ModelVersion, run: Callable[..., str]
) -> None:
    off = replace(services, settings=services.settings.model_copy(update={"pseudo_labels": False}))
    assert due(off) is None
    assert "20 pseudo-labels" in run("retrain", "7", "--pseudo-labels")
    assert "is already queued" in run("retrain", "7", "--pseudo-labels")


def test_too_few_sure_photos_start_none_by_itself(services: Services, project: Project) -> None:
    submit(services, project, range(1, 15))
    request = train_on_corrections(services, 7)
    assert request is not None
    assert request.run_id is not None
    version = succeed(services, request.run_id, project, promoted=True)
    asked = request_pseudo_labels(services, 7)
    assert asked.run_id is None
    assert "sure of 0 unlabelled photos" in asked.sentence
    assert "lower HEMLINE_PSEUDO_LABELS_FROM" in asked.sentence
    predict(services, project, version, range(101, 110))
    assert due(services) is None
    predict(services, project, version, range(110, 111))
    assert due(services) is not None


def test_what_nobody_trained_draws_no_pseudo_labels(
    services: Services, project: Project, champion: ModelVersion
) -> None:
    submit(services, project, range(1, 12))
    predict(services, project, champion, range(101, 121))
    assert due(services) is None
    assert request_pseudo_labels(services, 7).run_id is not None
    assert "not known" in request_pseudo_labels(services, 8).sentence


def test_a_champion_of_other_labels_draws_none(
    services: Services, project: Project, taught: ModelVersion
) -> None:
    config = project.label_config.replace(
        '<Label value="garment"', '<Label value="shirt"/><Label value="garment"'
    )
    assert config != project.label_config
    with services.store.session() as session:
        session.execute(update(Project).values(label_config=config))
    request = request_pseudo_labels(services, 7)
    assert request.run_id is None
    assert "has other labels than the project" in request.sentence


def test_a_starter_that_never_draws_a_label_draws_none(
    services: Services, project: Project, taught: ModelVersion
) -> None:
    """Its masks are no full labels: a photo may show what it leaves out."""
    labels = ["garment", "zipper"]
    with services.store.session() as session:
        version = create_version(
            session,
            project.id,
            recipe={},
            labels=labels,
            label_classes={"garment": ("dress",), "zipper": ()},
            weights_digest="b" * 64,
            code_version="test",
        )
        promote(session, version.id)
        session.get_one(Project, project.id).label_config = render_label_config(labels)
    predict(services, project, version, range(1, 5))
    request = request_pseudo_labels(services, project.ls_project_id)
    assert request.run_id is None
    assert f"the starter {version.name} never draws 'zipper'" in request.sentence


def test_waiting_corrections_come_first(
    services: Services, project: Project, taught: ModelVersion
) -> None:
    submit(services, project, range(21, 33))  # as many as start a run
    assert due(services) is None
    request = train_on_corrections(services, 7)
    assert request is not None
    assert request.run_id is not None


@pytest.mark.parametrize("trigger", [None, RunTrigger.BUTTON])
def test_a_run_that_waits_gives_way_to_corrections(
    services: Services, project: Project, taught: ModelVersion, trigger: RunTrigger | None
) -> None:
    waiting = due(services)
    assert waiting is not None
    submit(services, project, range(21, 32))
    assert train_on_corrections(services, 7) is None  # one too few, and the run still waits
    assert of(services, waiting).state is RunState.QUEUED
    submit(services, project, range(32, 33))
    request = (
        train_on_corrections(services, 7)
        if trigger is None
        else request_training(services, 7, trigger)
    )
    assert request is not None
    assert request.run_id is not None
    run = of(services, waiting)
    assert run.state is RunState.SUPERSEDED
    assert run.finished_at is not None
    assert "newer corrections" in (run.problem or "")
    train_run(services, waiting)  # its task still waits in the queue
    assert of(services, waiting).attempts == 0
    # The champion stays, so it may teach when the pool is next predicted.
    succeed(services, request.run_id, project, promoted=False)
    assert due(services) is not None


def test_a_run_that_has_begun_is_left_to_end(
    services: Services, project: Project, taught: ModelVersion
) -> None:
    running = due(services)
    assert running is not None
    with services.store.session() as session:
        assert acquire_run(session, running, "somebody", 60)
    submit(services, project, range(21, 33))
    request = train_on_corrections(services, 7)
    assert request is not None
    assert request.run_id is None
    assert f"run {running} is already running" in request.sentence
    assert of(services, running).state is RunState.RUNNING


def test_none_follows_one_of_its_own_until_corrections_promote_another(
    services: Services, project: Project, taught: ModelVersion
) -> None:
    first = due(services)
    assert first is not None
    student = succeed(services, first, project, promoted=True)
    predict(services, project, student, range(101, 121))
    assert due(services) is None
    submit(services, project, range(21, 33))
    request = train_on_corrections(services, 7)
    assert request is not None
    assert request.run_id is not None
    third = succeed(services, request.run_id, project, promoted=True)
    predict(services, project, third, range(101, 121))
    assert due(services) is not None


def test_it_neither_uses_up_corrections_nor_makes_them_rest(
    services: Services, project: Project, taught: ModelVersion
) -> None:
    submit(services, project, range(21, 32))
    run_id = due(services)
    assert run_id is not None
    with services.store.session() as session:
        assert fail_run(session, run_id, None, "given up", now=database_now(session))
    submit(services, project, range(32, 33))  # the twelfth since the last run on corrections
    request = train_on_corrections(services, 7)
    assert request is not None
    assert request.run_id is not None


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        (RuntimeError("no"), JobState.DONE),
        (ArtifactsUnavailable("the bucket is away", retry_after_s=9), JobState.RUNNING),  # put off
    ],
)
def test_the_pool_asks_when_it_is_predicted_and_is_done_whatever_comes_of_it(
    services: Services,
    project: Project,
    champion: ModelVersion,
    fake: FakeLabelStudio,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Exception,
    state: JobState,
) -> None:
    asked: list[tuple[int, int]] = []

    def ask(services: Services, ls_project_id: int) -> None:
        asked.append((ls_project_id, len(fake.predictions)))
        raise trouble

    monkeypatch.setattr("worker.pool.predict_pool.follow_up", ask)
    reconcile_project(services, project)
    with services.store.session() as session:
        job_id = queue_job(session, project.id, JobKind.PREDICT_POOL, {}).id
    predict_pool(services, job_id)
    assert asked == [(7, 24)]
    with services.store.reading() as session:
        assert get_job(session, job_id).state is state


def test_the_photos_of_a_queued_run_are_marked(
    services: Services, project: Project, taught: ModelVersion
) -> None:
    assert due(services) is not None
    with services.store.reading() as session:
        marked = session.query(Task).filter(Task.pseudo_labelled).all()
    assert {task.ls_task_id for task in marked} == set(range(101, 121))
    assert all(task.split in (None, Split.TRAIN) for task in marked)
