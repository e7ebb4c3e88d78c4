"""A training on pseudo-labels: what it learns from, what judges it, and what a kill leaves."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from hemline.masks.codecs.png import encode_class_mask
from hemline.masks.figures.overlap import IGNORE
from hemline.store.loop.tasks import get_task
from hemline.store.models.snapshots import Manifest, read_manifest
from hemline.store.states import RunState, Split
from hemline.store.tables.loop import ModelVersion, Prediction, Project, Task, TrainingRun
from tests.worker.conftest import show_prefill
from tests.worker.discs import disc, write_recipe
from tests.worker.fake_label_studio import FakeLabelStudio
from tests.worker.training.test_training import correct, run_of
from worker.services import Services
from worker.training.pseudo_runs import request_pseudo_labels
from worker.training.snapshot_samples import open_snapshot
from worker.training.supervise import run_folder, train_run

# Of 12 garments of two views. Those that train have a corrected front, and a back that nobody has
# corrected and the champion is sure of; the last one has both for the taking.
_SPLITS = [Split.GOLD] * 5 + [Split.VALIDATION] * 2 + [Split.TRAIN] * 4
_CORRECTED = range(1, 23)
_SURE = (16, 18, 20, 22)
_ON_CORRECTIONS = 4


@pytest.fixture
def queued(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Callable[[dict[str, Any]], None],
    project: Project,
    champion: ModelVersion,
) -> TrainingRun:
    """A run on 4 corrections and 4 pseudo-labels; 10 photos are gold and 4 choose the epoch."""
    for number in _CORRECTED:
        show_prefill(services, fake, project, champion, number, disc(number - 1)[1], score=0.5)
        with services.store.session() as session:
            task = get_task(session, project.id, number)
            assert task is not None
            task.split = _SPLITS[(number - 1) // 2]
            task.in_audit = False
    for number in _CORRECTED:
        if number not in _SURE:
            correct(services, fake, deliver, range(number, number + 1))
    with services.store.session() as session:
        for number in _SURE:
            task = get_task(session, project.id, number)
            assert task is not None
            task.image_digest = services.photos.fetch(task.image_url, task_id=number).digest
            session.execute(
                update(Prediction)
                .where(Prediction.task_id == task.id)
                .values(score=0.97, image_digest=task.image_digest)
            )
        session.execute(update(TrainingRun).values(state=RunState.FAILED))
    request = request_pseudo_labels(services, 7)
    assert request.run_id is not None, request.sentence
    assert "4 pseudo-labels" in request.sentence
    return run_of(services, request.run_id)


def manifest_of(services: Services, run: TrainingRun) -> Manifest:
    return read_manifest(services.artifacts, run.snapshot)


def mask_digest(services: Services, run: TrainingRun, task: int) -> str:
    (found,) = [item for item in manifest_of(services, run).items if item.task == task]
    return found.mask_digest


def test_the_band_is_ignored_in_pseudo_labels_alone(
    services: Services, queued: TrainingRun
) -> None:
    data = open_snapshot(services, manifest_of(services, queued))
    assert [sample.id for sample in data.pseudo] == [f"task-{number}" for number in _SURE]
    assert [len(part) for part in (data.train, data.validation, data.gold)] == [4, 4, 10]
    for sample, number in zip(data.pseudo, _SURE, strict=True):
        _, mask = sample.load()
        drawn = disc(number - 1)[1]
        ignored = mask == IGNORE
        assert 0 < ignored.sum() < 0.2 * mask.size
        np.testing.assert_array_equal(mask[~ignored], drawn[~ignored])
        assert (mask == 1).any()
    for sample in (*data.train, *data.validation, *data.gold):
        assert IGNORE not in sample.load()[1]


def test_masks_that_are_gone_are_left_out_and_no_correction_is_lost(
    services: Services, queued: TrainingRun
) -> None:
    services.artifacts.remove(mask_digest(services, queued, 16))
    damaged = mask_digest(services, queued, 18)
    Path(services.artifacts.local_path(damaged)).write_bytes(b"not what was stored")
    data = open_snapshot(services, manifest_of(services, queued))
    assert [sample.id for sample in data.pseudo] == ["task-20", "task-22"]
    assert data.lost == 0
    told = dict(data.left_out)
    assert "is missing" in told["task-16"]
    assert "differs from what was stored" in told["task-18"]


@pytest.mark.slow
def test_it_learns_from_both_and_is_judged_by_corrections_alone(
    services: Services, queued: TrainingRun
) -> None:
    services.artifacts.remove(mask_digest(services, queued, 16))
    train_run(services, queued.id)
    run = run_of(services, queued.id)
    assert (run.state, run.problem) == (RunState.SUCCEEDED, None)
    assert run.model_version is not None
    figures = run.model_version.figures
    assert (figures["trained_on"], figures["pseudo_labels"]) == (_ON_CORRECTIONS + 3, 3)
    assert figures["validated_on"] == 4
    assert [left["id"] for left in figures["left_out"]] == ["task-16"]
    log = (run_folder(services.settings, run.id) / "log").read_text(encoding="utf-8")
    assert "1 photos were left out (task-16: artifact" in log


@pytest.mark.slow
def test_without_any_of_its_masks_it_fails_and_says_why(
    services: Services, queued: TrainingRun
) -> None:
    for number in _SURE:
        services.artifacts.remove(mask_digest(services, queued, number))
    train_run(services, queued.id)
    run = run_of(services, queued.id)
    assert run.state is RunState.FAILED
    assert "none of the pseudo-labels can be used" in (run.problem or "")


@pytest.mark.slow
def test_after_a_kill_it_goes_on_with_the_same_masks(
    services: Services, queued: TrainingRun, project: Project, tmp_path: Path
) -> None:
    write_recipe(tmp_path / "small.toml", epochs=30)
    child = subprocess.Popen([sys.executable, "-m", "worker.training.process", str(queued.id)])
    try:
        deadline = time.monotonic() + 300
        while run_of(services, queued.id).epoch < 2:
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    # The pool is predicted anew meanwhile: other masks, of which one would be sure no longer.
    other = services.artifacts.put(encode_class_mask(np.zeros((64, 64), np.uint8)), "mask")
    with services.store.session() as session:
        session.execute(update(Prediction).values(mask_digest=other, score=0.1))
        session.execute(update(TrainingRun).values(lease_until=TrainingRun.created_at))
        session.execute(update(Task).values(is_labeled=True))
    before = manifest_of(services, queued)
    train_run(services, queued.id)
    run = run_of(services, queued.id)
    assert (run.state, run.problem, run.epoch) == (RunState.SUCCEEDED, None, 30)
    assert manifest_of(services, run) == before
    assert run.model_version is not None
    assert run.model_version.figures["trained_on"] == _ON_CORRECTIONS + 4
    log = (run_folder(services.settings, run.id) / "log").read_text(encoding="utf-8")
    assert "starting over" not in log
    assert "epoch 1 of 30" not in log
