"""An installation in which nothing is wrong, for each test to break one thing of."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from hemline.settings import get_settings
from hemline.store.tables.loop import ModelVersion, Project
from tests.labelstudio.web_server import WebServer, sends, serve
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.commands.main import app
from worker.doctor import workers
from worker.doctor.diagnosis import Diagnosis, healthy
from worker.host.embedded_redis import EmbeddedRedis
from worker.services import Services

SECRET = "a-secret-of-webhooks"
HEALTH = b'{"status": "UP", "model_class": "Hemline"}'

Lines = dict[str, tuple[str, str]]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch, settings: object) -> Iterator[WebServer]:
    """What answers at the backend's address."""
    with serve() as web:
        web.answers["/health"] = sends(HEALTH)
        monkeypatch.setenv("HEMLINE_BACKEND_URL", web.url)
        monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET", SECRET)
        get_settings.cache_clear()
        yield web


@pytest.fixture
def installation(
    services: Services,
    project: Project,
    champion: ModelVersion,
    backend: WebServer,
    fake: FakeLabelStudio,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Services]:
    """Project 7 is connected; Redis runs, and a worker is taken to."""
    url = backend.url
    fake.backends = [{"id": 1, "project": 7, "url": url, "title": champion.name, "state": "CO"}]
    fake.webhooks = [
        {
            "id": 1,
            "project": 7,
            "url": f"{url}/webhook",
            "headers": {"X-Hemline-Secret": SECRET},
            "is_active": True,
            "send_payload": True,
            "send_for_all_actions": True,
        }
    ]
    monkeypatch.setattr(workers, "check_workers", _a_worker)
    redis = EmbeddedRedis(services.settings)
    redis.ensure()
    yield services
    redis.stop()


@pytest.fixture
def doctor() -> Callable[..., Lines]:
    """Runs `hemline doctor --json`: mark and sentence of each check, and `exit` with its code."""

    def doctor(*arguments: str) -> Lines:
        get_settings.cache_clear()
        result = CliRunner().invoke(app, ["doctor", "--json", *arguments], catch_exceptions=False)
        said: dict[str, Any] = json.loads(result.stdout)
        lines: Lines = {}
        for each in said["checks"]:
            assert bool(each["way_out"]) == (each["mark"] in ("warning", "fault")), each
            earlier = lines.get(each["check"], ("", ""))
            sentence = f"{earlier[1]} {each['found']}; {each['way_out']}".strip()
            lines[each["check"]] = (each["mark"], sentence)
        marks = [each["mark"] for each in said["checks"]]
        assert said["faults"] == marks.count("fault")
        assert said["warnings"] == marks.count("warning")
        lines["exit"] = (str(result.exit_code), "")
        return lines

    return doctor


def _a_worker(settings: object) -> Iterator[Diagnosis]:
    yield healthy(workers.NAME, "works on all queues")
