"""A webhook whose sender needs no secret makes no project and changes none by itself."""

from collections.abc import Callable
from typing import Any

import pytest

from hemline.labelstudio.project.config import render_label_config
from hemline.settings import get_settings
from hemline.store.loop.deliveries import list_failed
from hemline.store.loop.projects import list_projects
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.services import Services

Deliver = Callable[[dict[str, Any]], None]
FORGED = render_label_config(["forged"])


def updated(fake: FakeLabelStudio, number: int) -> dict[str, Any]:
    project = fake.project | {"id": number, "label_config": FORGED}
    return {"action": "PROJECT_UPDATED", "project": project}


def configs(services: Services) -> list[str]:
    with services.store.reading() as session:
        return [row.label_config for row in list_projects(session)]


def test_what_label_studio_says_of_the_project_is_stored(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    deliver(updated(fake, 7))
    ingest_deliveries(services)
    assert configs(services) == [fake.project["label_config"]]


def test_with_a_secret_the_webhook_is_believed(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET", "a-secret-of-some-length")
    get_settings.cache_clear()
    object.__setattr__(services, "settings", get_settings())
    deliver(updated(fake, 7))
    ingest_deliveries(services)
    assert configs(services) == [FORGED]
    with services.store.reading() as session:
        assert list_failed(session) == []
