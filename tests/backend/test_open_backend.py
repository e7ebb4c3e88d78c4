"""A backend without Basic auth: where it may listen, and what strangers cannot do."""

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from backend import server
from backend.app import assemble
from backend.introductions import Introductions
from backend.server import OpenBackendError, serve
from backend.services import BackendServices, connect_services
from backend.serving.task_check import TaskCheck
from hemline.errors import LabelStudioUnavailable, SettingsError
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.config import render_label_config
from hemline.settings import Settings, get_settings
from hemline.store.loop.projects import list_projects
from hemline.store.loop.tasks import get_task
from hemline.store.tables.loop import WebhookDelivery
from hemline.system.ports import pick_free_port
from tests.backend.conftest import make_settings, task

GARMENT = render_label_config(["garment"])


class LabelStudio:
    """Knows project 1 and its tasks; may be away."""

    def __init__(self) -> None:
        self.away = False
        self.config = GARMENT
        self.asked: list[int] = []
        self.photos = {number: f"/data/upload/1/dress{number}.png" for number in range(1, 301)}
        self.tasks_asked: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()

    def get_project(self, number: int) -> dict[str, Any]:
        assert self.gate.wait(30)
        self.asked.append(number)
        if self.away:
            raise LabelStudioUnavailable("Label Studio does not answer")
        if number != 1:
            raise LabelStudioRefused("Label Studio refused GET with 404", 404)
        return {"id": 1, "label_config": self.config}

    def tasks(self, project: int, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
        self.tasks_asked.append(list(numbers))
        if self.away:
            raise LabelStudioUnavailable("Label Studio does not answer")
        for number in numbers:
            if number in self.photos:
                yield {"id": number, "data": {"image": self.photos[number]}}


class _Client(FlaskClient):
    """A client of the app of these services."""

    def __init__(self, services: BackendServices) -> None:
        app = assemble(services)
        super().__init__(app, app.response_class)
        self.services = services


@pytest.fixture
def label_studio() -> LabelStudio:
    return LabelStudio()


@pytest.fixture
def client(backend: Any, label_studio: LabelStudio, tmp_path: Path) -> Iterator[_Client]:
    services = connect_services(
        make_settings(tmp_path),
        backend.store,
        backend.prefiller,
        send=lambda *a, **k: True,
        introductions=Introductions(label_studio.get_project),
        check=TaskCheck(backend.store, label_studio.tasks),
    )
    services.start()
    yield _Client(services)
    services.stop()


def setup(client: Any, key: str) -> Any:
    answer = client.post("/setup", json={"project": key, "schema": GARMENT})
    introductions = client.services.introductions
    introductions._thread.submit(lambda: None).result(30)  # what was begun before has ended
    return answer


def projects(backend: Any) -> list[int]:
    with backend.store.reading() as session:
        return [row.ls_project_id for row in list_projects(session)]


def test_a_project_that_label_studio_knows_is_made_after_the_answer(
    client: Any, backend: Any, label_studio: LabelStudio
) -> None:
    label_studio.gate.clear()  # Label Studio answers nobody until /setup is answered
    answer = client.post("/setup", json={"project": "1.1", "schema": GARMENT})
    assert answer.status_code == 200
    assert answer.json == {"model_version": None}
    assert projects(backend) == []
    label_studio.gate.set()
    assert setup(client, "1.1").status_code == 200
    assert projects(backend) == [1]
    assert label_studio.asked == [1]


def test_projects_that_label_studio_does_not_know_are_not_made(
    client: Any, backend: Any, label_studio: LabelStudio
) -> None:
    for number in range(2, 30):
        assert setup(client, f"{number}.1").status_code == 200
        answer = setup(client, f"{number}.1")
        assert answer.status_code == 422
        assert "has no project" in answer.json["detail"]
    assert projects(backend) == []
    assert label_studio.asked == list(range(2, 30))
    client.services.serving.look()
    assert client.get("/readyz").status_code == 200


def test_a_prediction_makes_no_project_either(client: Any, backend: Any) -> None:
    body = {
        "project": "7.1",
        "label_config": GARMENT,
        "tasks": [{"id": 1, "data": {"image": "/data/upload/7/a.png"}}],
    }
    answer = client.post("/predict", json=body, buffered=True)
    assert answer.status_code == 200
    assert "Label Studio is being asked" in json.dumps(answer.json)
    assert projects(backend) == []


def test_while_label_studio_is_away_nothing_is_made_and_later_it_is(
    client: Any, backend: Any, label_studio: LabelStudio
) -> None:
    label_studio.away = True
    assert setup(client, "1.1").status_code == 200
    assert projects(backend) == []
    label_studio.away = False
    setup(client, "1.1")
    assert projects(backend) == [1]


def test_a_label_config_that_cannot_be_used_is_refused_before_anything_is_asked(
    client: Any, label_studio: LabelStudio
) -> None:
    answer = client.post("/setup", json={"project": "1.1", "schema": "<View/>"})
    assert answer.status_code == 422
    assert label_studio.asked == []


def test_the_button_of_a_project_that_is_not_there_is_not_stored(client: Any, backend: Any) -> None:
    for number in range(1, 61):
        body = {"action": "START_TRAINING", "project": {"id": number}, "filler": "x" * 800_000}
        assert client.post("/webhook", json=body).status_code == 422
    with backend.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(WebhookDelivery)) == 0


def test_of_a_webhook_only_what_is_worked_on_is_stored(backend: Any) -> None:
    filler = {"filler": "x" * 100_000}
    project = {"id": 1, "title": "t", "label_config": GARMENT} | filler
    messages = [
        {"action": "START_TRAINING", "project": project} | filler,
        {"action": "PROJECT_UPDATED", "project": project} | filler,
        {"action": "TASKS_DELETED", "project": project, "tasks": [{"id": 3} | filler]},
        {"action": "ANNOTATIONS_DELETED", "project": project, "annotations": [{"id": 4} | filler]},
        {"action": "TASKS_CREATED", "project": project, "tasks": [{"id": 5, "data": filler}]},
    ]
    for message in messages:
        assert backend.client.post("/webhook", json=message).status_code == 201
    with backend.store.reading() as session:
        stored = session.scalars(select(WebhookDelivery.payload)).all()
    assert len(stored) == len(messages)
    assert max(len(json.dumps(payload)) for payload in stored) < 2000
    assert stored[2]["tasks"] == [{"id": 3}]
    assert stored[3]["annotations"] == [{"id": 4}]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_listening_beyond_this_machine_without_credentials_is_refused(
    tmp_path: Path, host: str
) -> None:
    settings = Settings(home=tmp_path, host=host, port=pick_free_port())
    with pytest.raises(OpenBackendError, match="set BASIC_AUTH_USER and BASIC_AUTH_PASS"):
        serve(settings)


@pytest.mark.parametrize(
    "more",
    [
        {"host": "127.0.0.1"},
        {"host": "localhost"},
        {"host": "0.0.0.0", "basic_auth_user": "u", "basic_auth_pass": "p"},
        {"host": "0.0.0.0", "allow_open": True},
    ],
)
def test_what_may_be_listened_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    started = []

    def make(settings: Settings) -> _Runs:
        started.append(settings)
        return _Runs()

    monkeypatch.setattr(server, "_Server", make)
    monkeypatch.setattr(server, "configure_logging", lambda level: None)
    serve(Settings(home=tmp_path, port=pick_free_port(), webhook_secret="s", **more))
    assert len(started) == 1


class _Runs:
    def run(self) -> None:
        """Serves nobody."""


@pytest.mark.parametrize("given", ["BASIC_AUTH_USER", "BASIC_AUTH_PASS"])
def test_half_of_the_credentials_are_none(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    for name in ("BASIC_AUTH_USER", "BASIC_AUTH_PASS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(given, "lucy-of-the-studio")
    get_settings.cache_clear()
    with pytest.raises(SettingsError, match="set both BASIC_AUTH_USER and BASIC_AUTH_PASS"):
        get_settings()
    get_settings.cache_clear()


def test_nobody_replaces_the_label_config_of_a_known_project(
    client: Any, backend: Any, label_studio: LabelStudio
) -> None:
    setup(client, "1.1")
    other = render_label_config(["hat"])

    def configs() -> list[str]:
        introductions = client.services.introductions
        introductions._thread.submit(lambda: None).result(30)
        with backend.store.reading() as session:
            return [row.label_config for row in list_projects(session)]

    body = {"project": "1.1", "schema": other}
    assert client.post("/setup", json=body).json == {"model_version": None}
    tasks = [{"id": 1, "data": {"image": "/data/upload/1/a.png"}}]
    asked = {"project": "1.1", "label_config": other, "tasks": tasks}
    assert "result" not in client.post("/predict", json=asked).json["results"][0]
    assert configs() == [GARMENT]
    label_studio.config = other  # somebody has changed it in Label Studio
    client.post("/setup", json=body)
    assert configs() == [other]
    assert client.post("/setup", json=body).status_code == 200


def predict(client: Any, *numbers: int, url: str = "/data/upload/1/dress{}.png") -> list[Any]:
    tasks = [task(number, url.format(number)) for number in numbers]
    body = {"project": "1.1", "label_config": GARMENT, "tasks": tasks}
    answer = client.post("/predict", json=body, buffered=True)
    assert answer.status_code == 200
    done = threading.Event()  # what was handed over has been added
    client.services.background.submit(done.set)
    assert done.wait(10)
    results: list[Any] = answer.json["results"]
    return results


def photo_of(backend: Any, number: int) -> str | None:
    with backend.store.reading() as session:
        row = get_task(session, 1, number)
    return row.image_url if row is not None else None


@pytest.fixture
def connected(client: Any) -> Any:
    setup(client, "1.1")
    client.services.serving.wait(1, seconds=10)
    return client


def test_a_new_task_is_predicted_with_the_photo_that_label_studio_has(
    connected: Any, backend: Any, label_studio: LabelStudio
) -> None:
    assert "result" in predict(connected, 1)[0]
    assert photo_of(backend, 1) == label_studio.photos[1]
    assert "result" in predict(connected, 2, url="/data/upload/1/another{}.png")[0]
    assert photo_of(backend, 2) == label_studio.photos[2]


def test_nobody_replaces_the_photo_of_a_task(
    connected: Any, backend: Any, label_studio: LabelStudio
) -> None:
    predict(connected, 1)
    for number in (1, 2):
        predict(connected, number, url="/data/upload/1/forged{}.png")
        assert photo_of(backend, number) == label_studio.photos[number]
    label_studio.photos[1] = "/data/upload/1/newer.png"  # somebody has changed it in Label Studio
    predict(connected, 1, url="/data/upload/1/newer.png")
    assert photo_of(backend, 1) == "/data/upload/1/newer.png"


def test_a_task_that_label_studio_does_not_have_is_not_made(
    connected: Any, backend: Any, label_studio: LabelStudio
) -> None:
    answers = predict(connected, 1, 999)
    assert "result" in answers[0]
    assert answers[1] == {"problem": "Label Studio has no task 999 in this project"}
    assert photo_of(backend, 999) is None


def test_about_what_is_known_nobody_is_asked(connected: Any, label_studio: LabelStudio) -> None:
    predict(connected, 1, 2)
    asked = len(label_studio.tasks_asked)
    predict(connected, 1, 2)
    assert len(label_studio.tasks_asked) == asked == 1


def test_while_label_studio_is_away_no_task_is_made(
    connected: Any, backend: Any, label_studio: LabelStudio
) -> None:
    label_studio.away = True
    assert "did not confirm" in predict(connected, 1)[0]["problem"]
    assert photo_of(backend, 1) is None
    label_studio.away = False
    assert "result" in predict(connected, 1)[0]


def test_many_tasks_are_asked_about_at_once(
    connected: Any, backend: Any, label_studio: LabelStudio
) -> None:
    numbers = range(1, 251)
    assert all("result" in answer for answer in predict(connected, *numbers))
    assert [len(asked) for asked in label_studio.tasks_asked] == [100, 100, 50]


def test_what_is_handed_to_the_worker_is_confirmed_too(
    connected: Any, backend: Any, label_studio: LabelStudio
) -> None:
    connected.services.predictions.hurry()
    connected.services.predictions._stop_at = 0.0  # no time is left
    predict(connected, 1, 2, 999, url="/data/upload/1/forged{}.png")
    assert photo_of(backend, 1) == label_studio.photos[1]
    assert photo_of(backend, 999) is None


def _click(client: Any, task_id: int, url: str) -> Any:
    item = {
        "type": "keypoint",
        "to_name": "image",
        "is_positive": True,
        "id": "c",
        "value": {"x": 50, "y": 50, "width": 0.3},
    }
    body = {
        "tasks": [task(task_id, url)],
        "project": "1.1",
        "label_config": GARMENT,
        "params": {"context": {"result": [item]}},
    }
    answer = client.post("/predict", json=body)
    assert answer.status_code == 200
    return answer.json["results"][0]["result"]


def test_clicks_of_strangers_fetch_no_photo_of_theirs_and_make_no_tasks(
    client: Any, backend: Any, label_studio: LabelStudio
) -> None:
    backend.connect()
    fetched = len(backend.photos.fetched)
    assert _click(client, 999, "/data/upload/1/dress999.png") == []
    label_studio.away = True
    assert _click(client, 2, "http://elsewhere.example/x.png") == []
    label_studio.away = False
    assert len(backend.photos.fetched) == fetched
    assert len(_click(client, 2, "http://elsewhere.example/x.png")) == 1
    assert backend.photos.fetched[fetched:] == ["/data/upload/1/dress2.png"]
    backend.finish_background()
    with backend.store.reading() as session:
        (project,) = list_projects(session)
        assert get_task(session, project.id, 999) is None
