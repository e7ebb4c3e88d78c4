"""The worker's real processes, which fork, with their artifacts in a bucket."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hemline.settings import Settings, get_settings
from hemline.store.tables.loop import ModelVersion
from tests.plugins.s3 import S3Storage
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from tests.worker.worker_host import WorkerHost
from worker.ingest.reconcile import reconcile_all
from worker.services import Services

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def settings(settings: Settings, s3: S3Storage, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HEMLINE_ARTIFACT_URL", s3.url)
    monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET", "a-secret-of-some-length")
    get_settings.cache_clear()
    return get_settings()


def test_what_is_corrected_and_predicted_goes_into_the_bucket(
    services: Services,
    fake: FakeLabelStudio,
    champion: ModelVersion,
    deliver: Callable[[dict[str, Any]], None],
    tmp_path: Path,
) -> None:
    for number in set(fake.tasks) - {1, 2, 3, 4}:
        del fake.tasks[number]
    deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(4, brush(disc(3)[1]))))
    reconcile_all(services)
    worker = WorkerHost(tmp_path / "worker.log")
    try:
        deadline = time.monotonic() + 300
        while sorted(row["task"] for row in fake.predictions) != [1, 2, 3]:
            assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()[-4000:]
            time.sleep(0.2)
    finally:
        worker.clean_up()
    assert not list((services.settings.home_path / "artifacts").glob("*"))
    assert len(set(services.artifacts.digests())) > 4
