"""A run trains in a process of its own, is judged, and promotes or fails with a reason."""

import io
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text

from hemline.masks.codecs.png import decode_class_mask
from hemline.settings import get_settings
from hemline.store.database.columns import utcnow
from hemline.store.loop.jobs import list_jobs
from hemline.store.models.evaluations import evaluations_of
from hemline.store.models.models import champion as find_champion
from hemline.store.models.runs import acquire_run, get_run
from hemline.store.states import JobState, ModelState, RunState, RunTrigger
from hemline.store.tables.loop import ModelVersion, Project, TrainingRun
from tests.worker.conftest import brush
from tests.worker.discs import disc, write_recipe
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.services import Services
from worker.training.supervise import MAX_ATTEMPTS, train_run
from worker.training.triggers import request_training

pytestmark = pytest.mark.slow

Deliver = Callable[[dict[str, Any]], None]


def correct(services: Services, fake: FakeLabelStudio, deliver: Deliver, tasks: range) -> None:
    """True masks for tasks, taken in."""
    for number in tasks:
        saved = fake.annotate(number, brush(disc(number - 1)[1]))
        deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)


def run_of(services: Services, run_id: int) -> TrainingRun:
    with services.store.reading() as session:
        return get_run(session, run_id)


def ask(services: Services) -> int:
    request = request_training(services, 7, RunTrigger.COMMAND)
    assert request.run_id is not None, request.sentence
    return request.run_id


@pytest.mark.learned
def test_a_better_candidate_is_promoted_with_its_lineage(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
    tmp_path: Path,
) -> None:
    write_recipe(tmp_path / "small.toml", epochs=8)
    fake.files["/data/upload/7/G01_Front.png"] = b"no photo any more"
    correct(services, fake, deliver, range(1, 23))
    with services.store.reading() as session:
        (run_id,) = [run.id for run in (get_run(session, 1),)]
    train_run(services, run_id)
    run = run_of(services, run_id)
    assert (run.state, run.problem, run.epoch) == (RunState.SUCCEEDED, None, 8)
    with services.store.reading() as session:
        version = find_champion(session, project.id)
        assert version is not None
        (evaluation,) = evaluations_of(session, version.id)
        (job,) = list_jobs(session)
    assert run.model_version_id == version.id
    assert version.number == 2
    assert version.parent_id == champion.id
    assert version.snapshot_id == run.snapshot_id
    assert evaluation.promoted
    assert evaluation.champion_id == champion.id
    assert evaluation.figures["garments"] >= 5
    items = evaluation.figures["items"]
    kept = [item for item in items if "mask" in item]
    changed = [item for item in items if item["dice"] != item["champion_dice"]]
    assert kept == changed != []
    for item in kept:
        mask, theirs = (
            decode_class_mask(services.artifacts.get(item[name]))
            for name in ("mask", "champion_mask")
        )
        assert mask.shape == theirs.shape == disc(0)[1].shape
        assert (mask != theirs).any()
    assert [left["id"] for left in version.figures["left_out"]] == ["task-3"]
    assert job.state is JobState.QUEUED
    train_run(services, run_id)
    assert run_of(services, run_id).attempts == run.attempts


@pytest.mark.learned
def test_a_bag_is_promoted_and_the_next_is_trained_from_it(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
    tmp_path: Path,
) -> None:
    path = write_recipe(tmp_path / "small.toml", epochs=8)
    path.write_text(path.read_text() + "[bagging]\nfolds = 2\n", encoding="utf-8")
    correct(services, fake, deliver, range(1, 21))
    train_run(services, 1)
    run = run_of(services, 1)
    assert (run.state, run.problem, run.epoch) == (RunState.SUCCEEDED, None, 16)
    with services.store.reading() as session:
        bag = find_champion(session, project.id)
    assert bag is not None
    assert len(bag.figures["folds"]) == 2
    correct(services, fake, deliver, range(21, 25))
    again = run_of(services, ask(services))
    train_run(services, again.id)
    run = run_of(services, again.id)
    assert (run.state, run.problem) == (RunState.SUCCEEDED, None)
    assert run.model_version is not None
    assert run.model_version.parent_id == bag.id
    for old, new in zip(bag.figures["folds"], run.model_version.figures["folds"], strict=True):
        assert {tuple(name) for name in old["garments"]} <= {
            tuple(name) for name in new["garments"]
        }


@pytest.mark.learned
def test_a_candidate_that_is_not_better_is_rejected(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEMLINE_PROMOTION_P", "0.0001")  # no six garments can reach it
    get_settings.cache_clear()
    correct(services, fake, deliver, range(1, 21))
    train_run(services, 1)
    run = run_of(services, 1)
    assert run.state is RunState.SUCCEEDED
    assert run.model_version is not None
    assert run.model_version.state is ModelState.REJECTED
    with services.store.reading() as session:
        still = find_champion(session, project.id)
        assert still is not None
        assert still.id == champion.id
        assert list_jobs(session) == []


def test_without_enough_gold_no_training_starts_and_a_sentence_says_why(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, champion: ModelVersion
) -> None:
    correct(services, fake, deliver, range(1, 5))
    request = request_training(services, 7, RunTrigger.BUTTON)
    assert request.run_id is None
    assert "gold garments" in request.sentence
    assert "5 are needed" in request.sentence


def test_gold_photos_that_are_gone_fail_the_run_with_a_reason(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    champion: ModelVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    correct(services, fake, deliver, range(1, 21))
    black = io.BytesIO()
    Image.new("RGB", (10, 10)).save(black, "PNG")
    for url in list(fake.files)[1:]:
        fake.files[url] = black.getvalue()
    shutil.rmtree(services.settings.home_path / "photos")
    monkeypatch.setenv("HEMLINE_LOST_PHOTOS", "0.99")  # read by the process that trains
    train_run(services, 1)
    run = run_of(services, 1)
    assert run.state is RunState.FAILED
    assert "gold garments are usable" in (run.problem or "")
    assert "left out" in (run.problem or "")


def test_a_training_waits_while_label_studio_is_away(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, champion: ModelVersion
) -> None:
    correct(services, fake, deliver, range(1, 21))
    shutil.rmtree(services.settings.home_path / "photos")
    fake.stop()
    train_run(services, 1)
    run = run_of(services, 1)
    assert (run.state, run.attempts) == (RunState.RUNNING, 0)
    assert run.lease_until is not None
    assert run.lease_until > utcnow() + timedelta(seconds=30)
    assert "cannot be reached" in (run.problem or "")


def test_a_run_that_somebody_has_is_left_alone(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, champion: ModelVersion
) -> None:
    correct(services, fake, deliver, range(1, 21))
    with services.store.session() as session:
        assert acquire_run(session, 1, "another", 60)
    train_run(services, 1)
    run = run_of(services, 1)
    assert (run.lease_owner, run.attempts, run.epoch) == ("another", 1, 0)


def test_a_run_that_crashes_each_time_fails_with_the_reason(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    champion: ModelVersion,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    correct(services, fake, deliver, range(1, 21))
    package = tmp_path / "crashing" / "lightning"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import os\nos.abort()\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{package.parent}:{Path.cwd()}")
    for _ in range(MAX_ATTEMPTS):
        train_run(services, 1)
        with services.store.session() as session:
            session.execute(text("UPDATE training_run SET lease_until = '2020-01-01 00:00:00'"))
    run = run_of(services, 1)
    assert (run.state, run.attempts) == (RunState.FAILED, MAX_ATTEMPTS)
    assert f"given up after {MAX_ATTEMPTS} attempts" in (run.problem or "")
    assert "status -6" in (run.problem or "")
