"""Each of Label Studio's faults while a project is taken in and pre-filled: nothing is raised, what
is wrong is said, and within two minutes of its end every task has its mask."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select

from hemline.labelstudio.project.config import render_label_config
from hemline.settings import Settings, get_settings
from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.jobs import stale_jobs
from hemline.store.loop.projects import get_project
from hemline.store.loop.tasks import list_task_problems
from hemline.store.tables.loop import Job, ModelVersion, Project, TaskProblem, WebhookDelivery
from hemline.system.queue import Sender
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio, Fault
from worker.ingest.inbox import ingest_deliveries
from worker.ingest.reconcile import reconcile_all
from worker.pool.predict_pool import predict_pool
from worker.services import Services
from worker.sweep import sweep_once

TASKS = (1, 2, 3, 4)
PHOTO = "GET /data/upload/"
IMPORT = "POST /api/projects/7/import/predictions"
PAGES = "GET /api/tasks/"
PROJECT = "GET /api/projects/7/"
EVERYTHING = "/"
JSON = "application/json"


def answers(
    status: int, body: bytes = b"", kind: str = "text/plain", **headers: str
) -> tuple[int, str, bytes, dict[str, str]]:
    return status, kind, body, {name.replace("_", "-"): value for name, value in headers.items()}


PAGE = answers(200, b"<!doctype html><title>Back soon</title>", "text/html")
SHORT = answers(200, b"half", "image/png", Content_Length="100")  # a file that was truncated
LOG_IN = answers(302, Location="/user/login/?next=/")

FAULTS: dict[str, tuple[str, Fault]] = {
    **{
        f"photos {status}": (PHOTO, answers(status))
        for status in (400, 403, 404, 408, 425, 429, 500, 502, 503, 520, 524)
    },
    "photos are a page": (PHOTO, PAGE),
    "photos need a log-in": (PHOTO, LOG_IN),
    "photos are cut off": (PHOTO, None),
    "photos are short": (PHOTO, SHORT),
    "photos are slow down": (PHOTO, answers(429, Retry_After="30")),
    "imports 400": (IMPORT, answers(400, b'{"detail": "no"}', JSON)),
    "imports 429": (IMPORT, answers(429)),
    "imports 500": (IMPORT, answers(500)),
    "imports 503": (IMPORT, answers(503)),
    "imports store none": (IMPORT, answers(201, b'{"created": 0}', JSON)),
    "imports are odd": (IMPORT, answers(201, b"[]", JSON)),
    **{f"pages {status}": (PAGES, answers(status)) for status in (400, 404, 408, 500, 503, 520)},
    **{
        f"pages are {body}": (PAGES, answers(200, body.encode(), JSON))
        for body in ("{}", "[]", "null", '{"tasks": [{"id": 1}]}')
    },
    **{
        f"the project is {body}": (PROJECT, answers(200, body.encode(), JSON))
        for body in ("{}", "[]", "null", '{"id": "x"}', '{"id": 7, "label_config": 7}')
    },
    "the project is deleted": (PROJECT, answers(404, b'{"detail": "Not found."}', JSON)),
    "the token is rotated": (EVERYTHING, answers(401, b'{"detail": "Invalid token."}', JSON)),
    "everything 403": (EVERYTHING, answers(403)),
    "everything 429": (EVERYTHING, answers(429, Retry_After="60")),
    "everything 500": (EVERYTHING, answers(500)),
    "everything 503": (EVERYTHING, answers(503)),
    "everything 521": (EVERYTHING, answers(521)),
    "everything is a page": (EVERYTHING, PAGE),
    "everything needs a log-in": (EVERYTHING, LOG_IN),
    "everything is cut off": (EVERYTHING, None),
}


@pytest.fixture
def fake(fake: FakeLabelStudio) -> FakeLabelStudio:
    """With a few of its tasks."""
    for number in set(fake.tasks) - set(TASKS):
        del fake.tasks[number]
    return fake


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """With little patience, and a secret, so that a webhook needs nobody's word."""
    monkeypatch.setenv("HEMLINE_IMAGE_TIMEOUT_S", "2")
    monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET", "a-secret-of-some-length")
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


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hemline.labelstudio.http._PAUSES_S", (0.0,))


def work(services: Services) -> None:
    """What the worker's tasks do when their time has come."""
    ingest_deliveries(services)
    reconcile_all(services)
    sweep_once(services)
    with services.store.reading() as session:
        jobs = stale_jobs(session)
    for job_id in jobs:
        predict_pool(services, job_id)


def later(services: Services, seconds: float) -> None:
    """So many seconds pass, for all that waits for a moment."""
    waits: tuple[tuple[Any, str], ...] = (
        (TaskProblem, "try_at"),
        (Job, "lease_until"),
        (Job, "created_at"),
        (Job, "finished_at"),
        (WebhookDelivery, "worked_at"),
    )
    with services.store.session() as session:
        for table, column in waits:
            for row in session.scalars(select(table)):
                moment = getattr(row, column)
                if moment is not None:
                    setattr(row, column, moment - timedelta(seconds=seconds))


def predicted(fake: FakeLabelStudio) -> list[int]:
    return sorted(row["task"] for row in fake.predictions)


def marks(services: Services) -> list[str]:
    with services.store.reading() as session:
        return [mark.problem for mark in list_task_problems(session)]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_ends_is_healed(
    services: Services,
    fake: FakeLabelStudio,
    champion: ModelVersion,
    fault: str,
    deliver: Callable[[dict[str, Any]], None],
) -> None:
    fake.faults = [FAULTS[fault]]
    saved = fake.annotate(4, brush(disc(3)[1]))
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    for _ in range(2):
        work(services)
        later(services, 20)
    assert predicted(fake) == []
    with services.store.reading() as session:
        assert find_annotation(session, 1, saved["id"]) is not None  # it needs nobody's answer
    fake.faults = []
    for _ in range(2):
        later(services, 60)
        work(services)
    assert predicted(fake) == [1, 2, 3]
    assert marks(services) == []
    with services.store.reading() as session:
        row = get_project(session, 7)
    assert row is not None
    assert row.problem is None


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        *((answers(status), f"Label Studio answered {status}") for status in (403, 404, 503)),
        (None, "Label Studio broke off"),
        (SHORT, "Label Studio broke off"),
    ],
    ids=["403", "404", "503", "hangs up", "short body"],
)
def test_one_photo_that_cannot_be_had_is_marked_and_the_rest_goes_on(
    services: Services, fake: FakeLabelStudio, champion: ModelVersion, fault: Fault, said: str
) -> None:
    fake.faults = [("G00_Back.png", fault)]
    for _ in range(3):
        work(services)
        later(services, 60)
    assert predicted(fake) == [1, 3, 4]
    (mark,) = marks(services)
    assert said in mark


def test_a_deleted_task_is_dropped(
    services: Services, fake: FakeLabelStudio, champion: ModelVersion
) -> None:
    work(services)
    del fake.tasks[2]
    fake.predictions.clear()
    work(services)
    assert marks(services) == []


def test_other_labels_while_photos_are_away(
    services: Services, fake: FakeLabelStudio, champion: ModelVersion, project: Project
) -> None:
    fake.faults = [(PHOTO, answers(503))]
    work(services)
    fake.project["label_config"] = render_label_config(["dress"])
    fake.faults = []
    for _ in range(2):
        later(services, 60)
        work(services)
    assert predicted(fake) == [1, 2, 3, 4]
    labels = {
        row["result"][0]["value"]["brushlabels"][0] for row in fake.predictions if row["result"]
    }
    assert labels <= {"dress"}
