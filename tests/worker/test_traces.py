"""The trace of a correction through real processes: webhook, delivery, task, training."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hemline.settings import Settings, get_settings
from hemline.store.models.runs import last_run
from hemline.store.states import RunState
from hemline.store.tables.loop import ModelVersion, Project
from tests.backend.running import RunningBackend, until
from tests.telemetry.collector import Collector, collecting
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from tests.worker.worker_host import WorkerHost
from worker.services import Services

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SECRET = "c4nary-of-the-webhooks"
TOKEN = "c4nary0f" * 5


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def settings(settings: Settings, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
    monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    get_settings.cache_clear()
    return get_settings()


def test_a_training_is_of_the_trace_of_the_correction_that_started_it(
    services: Services,
    fake: FakeLabelStudio,
    project: Project,
    champion: ModelVersion,
    collector: Collector,
    tmp_path: Path,
) -> None:
    worker = WorkerHost(tmp_path / "worker.log")
    try:
        with RunningBackend(services.settings.home_path) as backend:
            for number in range(24):
                saved = fake.annotate(number + 1, brush(disc(number)[1]))
                status, _ = backend.ask(
                    "POST",
                    "/webhook",
                    fake.payload("ANNOTATION_CREATED", saved),
                    {"X-Hemline-Secret": SECRET},
                )
                assert status == 201

            def is_over() -> bool:
                with services.store.reading() as session:
                    run = last_run(session, project.id, follow_ups=False)
                return run is not None and run.state in (RunState.SUCCEEDED, RunState.FAILED)

            until(is_over, 600)
            until(lambda: collector.named("training run"), 30)
            until(lambda: len(_traces(collector)) == 24, 30)
    finally:
        worker.clean_up()

    (training,) = collector.named("training run")
    assert collector.above(training) == [
        "training run",
        "task worker.train",
        "send worker.train",
        "corrections counted",
        "delivery ANNOTATION_CREATED",
        "POST /webhook",
    ]
    assert collector.above(collector.named("judge")[0])[1:] == collector.above(training)
    assert {one.service for one in collector.spans() if one.trace == training.trace} == {
        "hemline-backend",
        "hemline-worker",
        "hemline-training",
    }
    assert _traces(collector) == {one.trace for one in collector.named("POST /webhook")}
    deliveries = collector.named("delivery ANNOTATION_CREATED")
    by_id = {one.id: one for one in collector.spans()}
    assert {by_id[one.links[0]].name for one in deliveries} == {"task worker.ingest"}
    assert collector.named("GET Label Studio")
    assert f"trace_id={training.trace}" in (
        services.settings.home_path / "runs" / "1" / "log"
    ).read_text(encoding="utf-8")
    for secret in (SECRET, TOKEN):
        assert secret.encode() not in collector.sent


def _traces(collector: Collector) -> set[str]:
    """Of the deliveries, each of which has its own webhook's."""
    return {one.trace for one in collector.named("delivery ANNOTATION_CREATED")}
