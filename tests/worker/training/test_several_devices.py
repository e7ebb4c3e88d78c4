"""A run whose training is shared by two processes, and goes on when one of them is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import update

from hemline.store.models.runs import get_run
from hemline.store.states import RunState
from hemline.store.tables.loop import ModelVersion, TrainingRun
from tests.worker.conftest import brush
from tests.worker.discs import disc, write_recipe
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.services import Services
from worker.training.supervise import run_folder, train_run

pytestmark = [pytest.mark.slow, pytest.mark.environment(HEMLINE_TRAINING_DEVICES="2")]

EPOCHS = 12


def run_of(services: Services) -> TrainingRun:
    with services.store.reading() as session:
        return get_run(session, 1)


@pytest.fixture
def queued(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Callable[[dict[str, Any]], None],
    champion: ModelVersion,
    tmp_path: Path,
) -> None:
    write_recipe(tmp_path / "small.toml", epochs=EPOCHS)
    for number in range(1, 23):
        saved = fake.annotate(number, brush(disc(number - 1)[1]))
        deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)


def test_a_killed_process_costs_an_attempt_and_the_next_goes_on(
    services: Services, queued: None
) -> None:
    launcher = subprocess.Popen(
        [sys.executable, "-m", "worker.training.process", "1", "2"],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while run_of(services).epoch < 2:
            assert launcher.poll() is None
            time.sleep(0.05)
        ranks = psutil.Process(launcher.pid).children()
        assert sorted(rank.environ()["RANK"] for rank in ranks) == ["0", "1"]
        for rank in ranks:
            if rank.environ()["RANK"] == "1":
                rank.send_signal(signal.SIGKILL)
        _, errors = launcher.communicate()
    finally:
        launcher.kill()
    assert launcher.returncode == 1
    last_words = errors.splitlines()[-1]
    assert "run 1: training process 2 of 2 (pid " in last_words
    assert "ended by SIGKILL" in last_words
    assert "Traceback" not in errors
    assert not any(psutil.pid_exists(rank.pid) for rank in ranks)
    killed = run_of(services)
    assert (killed.state, killed.attempts) == (RunState.RUNNING, 1)
    with services.store.session() as session:
        session.execute(update(TrainingRun).values(lease_until=TrainingRun.created_at))
    train_run(services, 1)
    run = run_of(services)
    assert (run.state, run.problem, run.epoch) == (RunState.SUCCEEDED, None, EPOCHS)
    assert run.model_version is not None
    assert len(run.model_version.figures["curve"]) == EPOCHS
    log = (run_folder(services.settings, 1) / "log").read_text()
    assert f" epoch {killed.epoch + 1} of {EPOCHS}:" in log
    assert " epoch 1 of " not in log
    assert "ended with status 0" not in log


def test_a_run_that_cannot_be_shared_fails_with_the_reason(
    services: Services, queued: None, tmp_path: Path
) -> None:
    recipe = write_recipe(tmp_path / "small.toml", epochs=EPOCHS)
    recipe.write_text(recipe.read_text().replace("batch = 4", "batch = 1"))
    train_run(services, 1)
    run = run_of(services)
    assert run.state is RunState.FAILED
    assert "batches of 1 photos, which 2 processes cannot share" in (run.problem or "")
