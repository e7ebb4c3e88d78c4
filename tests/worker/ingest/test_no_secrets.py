"""What Label Studio tells or answers brings no secret into a log, a stored problem or an answer."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from hemline.logs import RedactingFormatter
from hemline.redaction import keep_secret
from hemline.store.database.columns import Base
from hemline.store.loop.jobs import queue_job
from hemline.store.states import JobKind
from hemline.store.tables.loop import TaskProblem
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.ingest.reconcile import reconcile_all
from worker.pool.predict_pool import predict_pool
from worker.services import Services

KEY = "c4nary-of-a-setting"
ADDRESS = "http://user:c4nary@127.0.0.1:9/x.jpg?X-Amz-Signature=c4nary"
WORDS = f"no: {ADDRESS}, Cookie: sessionid=c4nary, {KEY}"
PATHS = ("GET /api/tasks/", "GET /api/projects/7/", "POST /api/projects/7/import", "GET /data/")

pytestmark = pytest.mark.usefixtures("champion")


@pytest.fixture(autouse=True)
def _quick(fake: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_secret([KEY])
    monkeypatch.setattr("hemline.labelstudio.http._PAUSES_S", (0.0,))
    for number in set(fake.tasks) - {1, 2, 3}:
        del fake.tasks[number]


def work(services: Services) -> None:
    ingest_deliveries(services)
    reconcile_all(services)
    with services.store.session() as session:
        job = queue_job(session, 1, JobKind.PREDICT_POOL, {})
    predict_pool(services, job.id)


def written(services: Services, caplog: pytest.LogCaptureFixture) -> str:
    """The log's lines as they are written, and every stored problem."""
    lines = RedactingFormatter(logging.Formatter())
    found = [lines.format(record) for record in caplog.records]
    with services.store.reading() as session:
        for table in Base.metadata.tables.values():
            for column in table.columns:
                if "problem" in column.name or column.name == "decision":
                    found += [str(value) for value in session.scalars(select(column)) if value]
    return "\n".join(found)


def test_what_tasks_annotations_and_projects_hold_gets_nowhere(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Callable[[dict[str, Any]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    fake.project |= {"token": "c4nary", "task_data_password": "c4nary", "description": WORDS}
    fake.tasks[2]["data"] = {"image": ADDRESS, "note": WORDS}
    broken = [brush(disc(0)[1])[0] | {"value": {"rle": WORDS, "format": "rle"}}]
    for task, result in ((1, broken), (3, [{"id": WORDS, "type": WORDS, "value": 7}])):
        saved = fake.annotate(task, result, lead_time=WORDS, completed_by={"email": "a@x.org"})
        deliver(fake.payload("ANNOTATION_CREATED", saved))
    work(services)
    with services.store.reading() as session:
        assert session.scalars(select(TaskProblem)).all()
    told = written(services, caplog)
    assert "127.0.0.1:9" in told
    assert "c4nary" not in told
    assert "c4nary" not in str(fake.predictions)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("status", [400, 401, 404])
def test_what_label_studio_answers_gets_nowhere(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Callable[[dict[str, Any]], None],
    caplog: pytest.LogCaptureFixture,
    path: str,
    status: int,
) -> None:
    caplog.set_level(logging.INFO)
    answer = b'{"detail": "%s"}' % WORDS.encode()
    deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(3, brush(disc(2)[1]))))
    fake.faults = [(path, (status, "application/json", answer, {"Set-Cookie": "s=c4nary"}))]
    work(services)
    told = written(services, caplog)
    assert str(status) in told or "LABEL_STUDIO_API_KEY" in told
    assert "c4nary" not in told
