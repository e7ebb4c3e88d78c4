"""The bucket of the artifacts is away while a project is taken in and pre-filled: everything waits,
nothing is marked, failed or lost, and it goes on when the bucket is back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select

from hemline.settings import Settings, get_settings
from hemline.store.database.clock import database_now
from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.deliveries import count_by_state
from hemline.store.models.runs import stale_runs
from hemline.store.states import DeliveryState, JobState
from hemline.store.tables.loop import Job, ModelVersion, TrainingRun
from hemline.system.queue import Sender
from tests.plugins.s3 import Fault, S3Storage, answers, dies_in_writes
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from tests.worker.test_label_studio_faults import later, marks, predicted, work
from worker.review.signals import compute_signals
from worker.services import Services
from worker.training.process import main as train
from worker.training.triggers import train_on_corrections

FAULTS: dict[str, Fault] = {
    "503": answers("503 Slow Down", "SlowDown"),
    "expired credentials": answers("403 Forbidden", "ExpiredToken"),
    "writes die": dies_in_writes,
}


@pytest.fixture
def settings(settings: Settings, s3: S3Storage, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """With a bucket, and a secret, so that a webhook needs nobody's word."""
    monkeypatch.setenv("HEMLINE_ARTIFACT_URL", s3.url)
    monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET", "a-secret-of-some-length")
    monkeypatch.setattr("hemline.store.database.storage_url._TRIES", 1)
    get_settings.cache_clear()
    return get_settings()


class _NoQueue:
    """The tests do themselves what is sent."""

    def send(self, task: str, *arguments: object, queue: str) -> None:
        pass

    def waiting(self, queue: str) -> int:
        return 0


@pytest.fixture
def services(services: Services) -> Services:
    return replace(services, sender=cast(Sender, _NoQueue()))


def job_states(services: Services) -> set[JobState]:
    with services.store.reading() as session:
        return {job.state for job in session.scalars(select(Job))}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_bucket_comes_back_and_nothing_was_lost(
    services: Services,
    fake: FakeLabelStudio,
    champion: ModelVersion,
    s3: S3Storage,
    fault: str,
    deliver: Callable[[dict[str, Any]], None],
) -> None:
    for number in set(fake.tasks) - {1, 2, 3, 4}:
        del fake.tasks[number]
    s3.fault = FAULTS[fault]
    saved = fake.annotate(4, brush(disc(3)[1]))
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    for _ in range(8):  # more often than an attempt may fail
        work(services)
        compute_signals(services)
        later(services, 60)
    assert predicted(fake) == []
    assert marks(services) == []
    assert job_states(services) <= {JobState.QUEUED, JobState.RUNNING}
    with services.store.reading() as session:
        assert count_by_state(session)[DeliveryState.NEW] == 1
        assert find_annotation(session, 1, saved["id"]) is None
    s3.fault = None
    for _ in range(2):
        later(services, 60)
        work(services)
        compute_signals(services)
    assert predicted(fake) == [1, 2, 3]
    assert marks(services) == []
    assert job_states(services) == {JobState.DONE}
    with services.store.reading() as session:
        assert count_by_state(session)[DeliveryState.DONE] == 1
        kept = find_annotation(session, 1, saved["id"])
        assert kept is not None
        assert kept.mask_digest is not None
    assert len(services.artifacts.fetch(kept.mask_digest)) > 0


def test_a_training_waits_for_the_bucket(
    services: Services, fake: FakeLabelStudio, champion: ModelVersion, s3: S3Storage
) -> None:
    for number in list(fake.tasks):
        fake.annotate(number, brush(disc(number - 1)[1]))
    work(services)
    train_on_corrections(services, 7)
    with services.store.reading() as session:
        (run,) = session.scalars(select(TrainingRun))
    s3.fault = FAULTS["503"]
    train(run.id)
    with services.store.reading() as session:
        run = session.get_one(TrainingRun, run.id)
        assert stale_runs(session, now=database_now(session) + timedelta(minutes=2)) == [run.id]
    assert run.attempts == 0
    assert "check HEMLINE_ARTIFACT_URL" in (run.problem or "")
