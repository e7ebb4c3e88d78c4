"""Under label-studio-ml, Label Studio gets from Hemline what it gets from it directly."""

import fcntl
import http.client
import importlib
import json
import os
import signal
import subprocess
import sys
import types
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from hemline.labelstudio.project.config import render_label_config
from hemline.labelstudio.project.connect import SECRET_HEADER
from hemline.store.database.engine import Store
from hemline.store.tables.loop import WebhookDelivery
from hemline.system.ports import pick_free_port
from tests.backend.running import RunningBackend, draw_photos, until

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements-label-studio-ml.lock"
EXAMPLE = ROOT / "examples" / "label-studio-ml"
GARMENT = render_label_config(["garment"])
PROJECT = "7.1795225515"
SECRET = {"HEMLINE_WEBHOOK_SECRET": "not-told-to-anybody"}


def install(folder: Path) -> Path:
    """An environment with label-studio-ml, made once for a lock; its Python."""
    environment = folder / sha256(LOCK.read_bytes()).hexdigest()[:16]
    uv = Path(sys.executable).with_name("uv")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (environment / "whole").exists():
            python = environment / "bin" / "python"
            commands: tuple[list[str | Path], ...] = (
                [uv, "venv", "--clear", "--python", sys.executable, environment],
                [uv, "pip", "install", "--python", python, "--require-hashes", "-r", LOCK],
            )
            for command in commands:
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    pytest.skip(f"label-studio-ml cannot be installed: {done.stderr[-500:]}")
            (environment / "whole").touch()
    return environment / "bin" / "python"


class Adapter:
    """`label-studio-ml start` of the example, with Hemline's code beside it as by --no-deps."""

    def __init__(self, python: Path, folder: Path, **env: str) -> None:
        self.port = pick_free_port()
        self.log = folder / "adapter.log"
        self.model_dir = folder / "models"
        # It runs whatever `python` the PATH has.
        path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
        environ = {"PATH": path, "PYTHONPATH": str(ROOT), "MODEL_DIR": str(self.model_dir), **env}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [python.with_name("label-studio-ml"), "start", EXAMPLE, "-p", str(self.port)],
                env=environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ask(self, path: str, body: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=100)
        headers = {"Content-Type": "application/json"}
        method = "GET" if body is None else "POST"
        connection.request(method, path, json.dumps(body).encode() if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text)

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(30)


@pytest.fixture(scope="module")
def hemline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    home = tmp_path_factory.mktemp("backend")
    draw_photos(home, 2)
    with RunningBackend(home, **SECRET) as running:
        yield running


@pytest.fixture(scope="module")
def adapter(
    hemline: RunningBackend, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Adapter]:
    python = install(pytestconfig.cache.mkdir("hemline-label-studio-ml"))
    adapter = Adapter(
        python,
        tmp_path_factory.mktemp("adapter"),
        HEMLINE_BACKEND_URL=f"http://127.0.0.1:{hemline.port}/",
        **SECRET,
    )
    try:
        until(lambda: adapter.ask("/health")[0] == 200, 60)
        yield adapter
    finally:
        adapter.stop()


def body_of(tasks: list[dict[str, Any]], config: str = GARMENT, **params: Any) -> dict[str, Any]:
    """As Label Studio sends it."""
    login = {"login": "somebody", "password": "a secret"}
    return {
        "tasks": tasks,
        "project": PROJECT,
        "label_config": config,
        "params": {**login, "context": None, **params},
    }


@pytest.mark.slow
def test_a_photo_is_masked_as_by_hemline_itself(hemline: RunningBackend, adapter: Adapter) -> None:
    tasks = draw_photos(hemline.home, 2)
    status, answer = adapter.ask("/setup", {"project": PROJECT, "schema": GARMENT})
    assert status == 200, answer
    until(lambda: hemline.setup(PROJECT, GARMENT), 60)
    status, answer = adapter.ask("/predict", body_of(tasks))
    assert status == 200, answer
    for item in answer["results"]:
        (region,) = item["result"]
        assert (region["original_width"], region["original_height"]) == (120, 160)
        assert region["value"]["brushlabels"] == ["garment"]
        assert item["model_version"] == hemline.setup(PROJECT, GARMENT)
    # Hemline itself takes the two for one Label Studio, which has these masks by now.
    _, again = hemline.ask("POST", "/predict", body_of(tasks))
    assert all("has just received this mask" in item["problem"] for item in again["results"])


@pytest.mark.slow
def test_a_label_config_that_cannot_be_pre_filled_is_told(adapter: Adapter) -> None:
    status, answer = adapter.ask("/setup", {"project": "8.1795225515", "schema": "<View/>"})
    assert status == 500
    assert "Hemline at http://127.0.0.1" in answer["detail"]
    assert "refuses /setup (project 8: " in answer["detail"]


@pytest.mark.slow
def test_each_project_keeps_its_own_label_config(hemline: RunningBackend, adapter: Adapter) -> None:
    """label-studio-ml has one model for all, with the config of the last that was set up."""
    other = render_label_config(["Top", "Skirt"])
    for project, config in ((PROJECT, GARMENT), ("9.1795225515", other)):
        assert adapter.ask("/setup", {"project": project, "schema": config})[0] == 200
    until(lambda: hemline.setup(PROJECT, GARMENT), 60)
    status, answer = adapter.ask("/predict", body_of(draw_photos(hemline.home, 3)[2:]))
    assert status == 200
    (region,) = answer["results"][0]["result"]
    assert region["value"]["brushlabels"] == ["garment"]


@pytest.mark.slow
def test_webhooks_of_every_kind_reach_hemline(hemline: RunningBackend, adapter: Adapter) -> None:
    sent: list[dict[str, Any]] = [
        {
            "action": "ANNOTATION_CREATED",
            "annotation": {"id": 5, "task": 1, "result": []},
            "task": {"id": 1, "data": {"image": "/data/upload/1/a.png"}},
            "project": {"id": 7, "label_config": GARMENT},
        },
        {"action": "TASKS_DELETED", "tasks": [{"id": 2}], "project": {"id": 7}},
        {"action": "START_TRAINING", "project": {"id": 7, "label_config": GARMENT}},
    ]
    for body in sent:
        status, answer = adapter.ask("/webhook", body)
        assert status == 201, answer
    store = Store(f"sqlite:///{hemline.home / 'hemline.db'}")

    def arrived() -> list[str]:
        with store.reading() as session:
            return sorted(session.scalars(select(WebhookDelivery.action)))

    try:
        until(lambda: len(arrived()) == len(sent), 60)
        assert arrived() == sorted(body["action"] for body in sent)
    finally:
        store.dispose()
    until(lambda: not list(adapter.model_dir.glob("*/event.json")), 30)


@pytest.mark.slow
def test_hemline_that_is_away_is_named(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    python = install(pytestconfig.cache.mkdir("hemline-label-studio-ml"))
    nowhere = f"http://127.0.0.1:{pick_free_port()}"
    adapter = Adapter(python, tmp_path, HEMLINE_BACKEND_URL=nowhere)
    try:
        until(lambda: adapter.ask("/health")[0] == 200, 60)
        status, answer = adapter.ask("/setup", {"project": PROJECT, "schema": GARMENT})
        assert status == 500
        assert f"Hemline at {nowhere} does not answer /setup" in answer["detail"]
    finally:
        adapter.stop()


class Version2:
    """The model class of label-studio-ml 2 as its README documents it."""

    def __init__(self, project_id: str | None = None, label_config: str | None = None) -> None:
        self.project_id = project_id
        self.label_config = label_config
        self.kept: dict[str, str] = {}
        self.setup()

    def setup(self) -> None:
        """Overridden."""

    def set(self, key: str, value: str) -> None:
        self.kept[key] = value


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The adapter on version 2, with what it asks of Hemline in `asked`."""
    package, model = types.ModuleType("label_studio_ml"), types.ModuleType("label_studio_ml.model")
    vars(model)["LabelStudioMLBase"] = Version2
    monkeypatch.setitem(sys.modules, "label_studio_ml", package)
    monkeypatch.setitem(sys.modules, "label_studio_ml.model", model)
    monkeypatch.delitem(sys.modules, "backend.ml_adapter", raising=False)
    module: Any = importlib.import_module("backend.ml_adapter")
    module.asked = []

    def ask(path: str, body: dict[str, Any]) -> dict[str, Any]:
        module.asked.append((path, body))
        return {"model_version": "hemline-7-v1", "results": [{"result": []}]}

    monkeypatch.setattr(module, "_ask", ask)
    yield module
    monkeypatch.delitem(sys.modules, "backend.ml_adapter", raising=False)


def in_request(path: str, body: dict[str, Any]) -> Any:
    return Flask("label-studio-ml").test_request_context(path, method="POST", json=body)


def test_version_2_sets_up_predicts_and_fits(module: Any) -> None:
    setup = {"project": PROJECT, "schema": GARMENT}
    with in_request("/setup", setup):
        model = module.HemlineModel("7", label_config=GARMENT)
        assert model.kept == {"model_version": "hemline-7-v1"}
    body = body_of([{"id": 1}])
    with in_request("/predict", body):
        model = module.HemlineModel("7", label_config=GARMENT)
        assert model.predict(body["tasks"], context=None, login="somebody") == [{"result": []}]
        click = {"result": [{"type": "keypointlabels"}]}
        model.predict(body["tasks"], context=click)
        model.predict(body["tasks"], context={})
    event = {"annotation": {"id": 5}, "project": {"id": 7}}
    with in_request("/webhook", {"action": "ANNOTATION_CREATED", **event}):
        module.HemlineModel("7", label_config=GARMENT).fit("ANNOTATION_CREATED", event)
    predict = {"tasks": [{"id": 1}], "project": PROJECT, "label_config": GARMENT}
    assert module.asked == [
        ("/setup", setup),
        ("/predict", predict),
        ("/predict", {**predict, "params": {"context": click}}),
        ("/predict", {**predict, "params": {"context": {}}}),
        ("/webhook", {**event, "action": "ANNOTATION_CREATED"}),
    ]


def test_it_works_without_a_request_too(module: Any) -> None:
    model = module.HemlineModel()
    assert model.predict([{"id": 1, "project": 7}]) == [{"result": []}]
    assert module.asked == [("/predict", {"tasks": [{"id": 1, "project": 7}]})]


def test_a_request_cannot_name_a_folder_that_is_removed(module: Any, tmp_path: Path) -> None:
    """/train of version 1.0.9 calls `fit` with whatever params the request has."""
    folder = tmp_path / "precious"
    folder.mkdir()
    model = module.HemlineModel()
    params = {"event": "START_TRAINING", "data": {"project": {"id": 7}}, "workdir": str(folder)}
    model.fit(iter([]), str(tmp_path / "job"), **params)
    assert folder.is_dir()
    model.process_event("START_TRAINING", {"project": {"id": 7}}, "1", {"workdir": str(folder)})
    assert not folder.exists()  # label-studio-ml's own, with a copy of the webhook
    assert [path for path, _ in module.asked] == ["/webhook", "/webhook"]


def test_a_training_without_a_webhook_is_refused_with_a_sentence(module: Any) -> None:
    with pytest.raises(module.AdapterError, match="there is no webhook to hand on"):
        module.HemlineModel().fit(iter([]), "/a/folder")
    assert module.asked == []


def test_the_secret_and_the_password_go_where_hemline_looks(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module.SECRET_HEADER == SECRET_HEADER
    monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET", "secret")
    monkeypatch.setenv("BASIC_AUTH_USER", "ada")
    monkeypatch.setenv("BASIC_AUTH_PASS", "pass:word")
    headers = module._headers()
    assert headers[SECRET_HEADER] == "secret"
    assert headers["Authorization"] == "Basic YWRhOnBhc3M6d29yZA=="
