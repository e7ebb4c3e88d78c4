"""A webhook whose sender needs no secret changes nothing by itself: Label Studio is asked."""

from collections.abc import Callable
from typing import Any

import pytest

from hemline.labelstudio.project.config import render_label_config
from hemline.settings import get_settings
from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.deliveries import list_failed
from hemline.store.loop.projects import list_projects
from hemline.store.loop.tasks import get_task
from hemline.store.tables.loop import Annotation, Project
from tests.worker.conftest import brush
from tests.worker.discs import disc
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


def forged(fake: FakeLabelStudio, action: str, **fields: Any) -> dict[str, Any]:
    return {"action": action, "project": fake.project, **fields}


def stored(services: Services, number: int) -> Annotation | None:
    with services.store.reading() as session:
        return find_annotation(session, 1, number)


@pytest.fixture
def correction(
    services: Services, fake: FakeLabelStudio, project: Project, deliver: Deliver
) -> dict[str, Any]:
    """One that Label Studio has, and that is taken in."""
    saved = fake.annotate(1, brush(disc(0)[1]))
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    row = stored(services, saved["id"])
    assert row is not None
    assert row.mask_digest is not None
    return saved


def test_a_correction_that_label_studio_does_not_have_is_not_taken_in(
    services: Services, fake: FakeLabelStudio, project: Project, deliver: Deliver
) -> None:
    made_up = fake.annotate(2, brush(disc(1)[1]))
    payload = fake.payload("ANNOTATION_CREATED", made_up)
    fake.delete(made_up["id"])
    deliver(payload)
    ingest_deliveries(services)
    assert stored(services, made_up["id"]) is None


def test_of_a_correction_that_it_has_its_own_mask_counts(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, correction: dict[str, Any]
) -> None:
    before = stored(services, correction["id"])
    mask = brush(disc(5)[1])
    deliver(fake.payload("ANNOTATION_UPDATED", correction | {"result": mask}))
    later = {"result": mask, "updated_at": "2099-01-01T00:00:00Z"}
    deliver(fake.payload("ANNOTATION_UPDATED", correction | later))
    ingest_deliveries(services)
    after = stored(services, correction["id"])
    assert before is not None
    assert after is not None
    assert (after.mask_digest, after.ls_updated_at) == (before.mask_digest, before.ls_updated_at)
    assert after.was_cancelled is False


def test_the_photo_of_a_task_stays_label_studios(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, correction: dict[str, Any]
) -> None:
    payload = fake.payload("ANNOTATION_UPDATED", correction)
    payload["task"] = payload["task"] | {"data": {"image": "/data/upload/7/other.png"}}
    deliver(payload)
    ingest_deliveries(services)
    with services.store.reading() as session:
        task = get_task(session, 1, 1)
    assert task is not None
    assert task.image_url == fake.tasks[1]["data"]["image"]


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 101}]},
        {"action": "ANNOTATION_DELETED", "annotation": {"id": 101}},
        {"action": "TASKS_DELETED", "tasks": [{"id": 1}]},
        {"action": "PROJECT_DELETED"},
    ],
    ids=lambda fields: fields["action"],
)
def test_what_label_studio_still_has_is_not_deleted(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    correction: dict[str, Any],
    fields: dict[str, Any],
) -> None:
    assert correction["id"] == 101
    deliver({"project": fake.project} | fields)
    ingest_deliveries(services)
    row = stored(services, 101)
    assert row is not None
    assert row.deleted_at is None
    with services.store.reading() as session:
        (project,) = list_projects(session)
    assert not project.problem


def test_what_is_gone_there_is_deleted(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, correction: dict[str, Any]
) -> None:
    fake.delete(correction["id"])
    deliver(forged(fake, "ANNOTATIONS_DELETED", annotations=[{"id": correction["id"]}]))
    ingest_deliveries(services)
    row = stored(services, correction["id"])
    assert row is not None
    assert row.deleted_at is not None
    del fake.tasks[1]
    deliver(forged(fake, "TASKS_DELETED", tasks=[{"id": 1}]))
    ingest_deliveries(services)
    with services.store.reading() as session:
        assert get_task(session, 1, 1) is None


def test_a_message_of_very_many_tasks_is_left_to_reconcile(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, correction: dict[str, Any]
) -> None:
    del fake.tasks[1]
    fake.faults = [("GET /api/tasks/", (500, "text/plain", b"", {}))]
    deliver(forged(fake, "TASKS_DELETED", tasks=[{"id": number} for number in range(1, 2001)]))
    assert ingest_deliveries(services) == 1
    with services.store.reading() as session:
        assert get_task(session, 1, 1) is not None
        assert list_failed(session) == []


@pytest.mark.parametrize("status", [401, 403, 503])
def test_while_label_studio_cannot_be_asked_webhooks_wait(
    services: Services, fake: FakeLabelStudio, project: Project, deliver: Deliver, status: int
) -> None:
    saved = fake.annotate(1, brush(disc(0)[1]))
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    fake.faults = [("GET /api/tasks/", (status, "text/plain", b"", {}))]
    ingest_deliveries(services)
    assert stored(services, saved["id"]) is None
    with services.store.reading() as session:
        assert list_failed(session) == []
