"""Connecting a project of a real Label Studio to a backend that only says what a backend says."""

import dataclasses
import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from hemline.errors import LabelConfigError, LabelStudioError
from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project import connect as connecting
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.project.connect import SECRET_HEADER
from hemline.labelstudio.project.live_version import show_version
from hemline.settings import Settings
from hemline.system.ports import pick_free_port
from tests.labelstudio.web_server import WebServer, sends, serve
from tests.plugins.label_studio_user import LabelStudioUser

pytestmark = pytest.mark.labelstudio

REGION = {
    "id": "r1",
    "type": "brushlabels",
    "from_name": "mask",
    "to_name": "image",
    "original_width": 2,
    "original_height": 1,
    "image_rotation": 0,
    "value": {"format": "rle", "rle": [0, 0, 0, 8, 58, 0, 64], "brushlabels": ["garment"]},
}


connect = functools.partial(connecting.connect, patience_s=0.0)


@dataclasses.dataclass
class Backend:
    web: WebServer
    version: str | None = None

    @property
    def url(self) -> str:
        return self.web.url

    def webhooks(self) -> list[tuple[dict[str, str], dict[str, Any]]]:
        web = self.web
        return [
            (headers, json.loads(body))
            for path, headers, body in zip(web.requests, web.headers, web.bodies, strict=True)
            if path == "/webhook"
        ]


@contextmanager
def running_backend(version: str | None = None) -> Iterator[Backend]:
    with serve() as web:
        backend = Backend(web, version)

        def setup(handler: BaseHTTPRequestHandler) -> None:
            sends(json.dumps({"model_version": backend.version}).encode())(handler)

        def predict(handler: BaseHTTPRequestHandler) -> None:
            tasks = json.loads(web.bodies[-1])["tasks"]
            answer = {"result": [REGION], "score": 0.5, "model_version": backend.version}
            sends(json.dumps({"results": [answer] * len(tasks)}).encode())(handler)

        web.answers = {
            "/health": sends(b'{"status": "UP"}'),
            "/setup": setup,
            "/predict": predict,
            "/webhook": sends(b"{}"),
        }
        yield backend


@pytest.fixture
def backend() -> Iterator[Backend]:
    with running_backend() as running:
        yield running


@pytest.fixture
def project(ls_client: LabelStudioUser) -> Iterator[int]:
    project_id = ls_client.create_project("connect tests", render_label_config(["garment"]))["id"]
    yield project_id
    ls_client.delete_project(project_id)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, webhook_secret="a-secret")


def state(client: LabelStudioUser, project: int) -> dict[str, Any]:
    """What connect sets, less the moments that each look at it changes."""
    fields = client.get_project(project)
    return {
        "project": {
            name: fields[name] for name in ("sampling", "show_collab_predictions", "model_version")
        },
        "backends": [
            (item["id"], item["url"], item["title"], item["auth_method"])
            for item in client.list_backends(project)
        ],
        "clicks": [item["is_interactive"] for item in client.list_backends(project)],
        "label_config": fields["label_config"],
        "instructions": fields["expert_instruction"],
        "webhooks": [
            (item["id"], item["url"], item["headers"], item["is_active"])
            for item in client.list_webhooks(project)
        ],
        "views": [(item["id"], item["data"]["title"]) for item in client.list_views(project)],
    }


def test_connect_sets_everything_once(
    ls_client: LabelStudioUser, project: int, settings: Settings, backend: Backend
) -> None:
    backend.version = f"hemline-{project}-v1"

    made = connect(ls_client, settings, project, backend_url=backend.url)
    once = state(ls_client, project)
    again = connect(ls_client, settings, project, backend_url=backend.url + "/")

    assert once["project"] == {
        "sampling": "Uncertainty sampling",
        "show_collab_predictions": True,
        "model_version": f"hemline-{project}-v1",
    }
    assert once["backends"] == [(made.backend_id, backend.url, f"hemline-{project}-v1", "NONE")]
    assert once["webhooks"] == [
        (made.webhook_id, f"{backend.url}/webhook", {SECRET_HEADER: "a-secret"}, True)
    ]
    assert [title for _, title in once["views"]] == ["All tasks", "To label"]
    assert once["clicks"] == [True]
    assert parse_label_config(once["label_config"]).clicks == ("hemline_click", "hemline_box")
    assert "Correct with a click:" in once["instructions"]
    assert again == made
    assert state(ls_client, project) == once


def test_a_project_from_before_is_upgraded_with_its_annotations(
    ls_client: LabelStudioUser, project: int, settings: Settings, backend: Backend
) -> None:
    ls_client.update_project(project, expert_instruction="Mind the hem.")
    without = connect(ls_client, settings, project, backend_url=backend.url, clicks=False)
    assert not without.clicks
    before = state(ls_client, project)
    assert before["clicks"] == [False]
    assert before["instructions"] == "Mind the hem."
    (task,) = ls_client.import_tasks(project, [{"data": {"image": "/a.png"}}])
    ls_client.create_annotation(task, [REGION])

    connected = connect(ls_client, settings, project, backend_url=backend.url)

    assert connected.clicks
    after = state(ls_client, project)
    assert after["clicks"] == [True]
    assert parse_label_config(before["label_config"]).clicks == ()
    assert parse_label_config(after["label_config"]).clicks
    assert after["instructions"].startswith("Mind the hem.")
    assert len(ls_client.get_task(project, task)["annotations"]) == 1


def test_key_points_of_its_own_are_left_alone_and_said(
    ls_client: LabelStudioUser, settings: Settings, backend: Backend
) -> None:
    own = render_label_config(["garment"]).replace(
        "</View>",
        '<KeyPointLabels name="kp" toName="image"><Label value="hem"/></KeyPointLabels></View>',
    )
    project = ls_client.create_project("Own key points", own)["id"]
    made = connect(ls_client, settings, project, backend_url=backend.url)
    assert "key points of its own" in made.clicks_problem
    assert state(ls_client, project)["clicks"] == [False]
    assert state(ls_client, project)["label_config"] == own.strip()


def test_a_submitted_annotation_comes_with_the_secret(
    ls_client: LabelStudioUser, project: int, settings: Settings, backend: Backend
) -> None:
    connect(ls_client, settings, project, backend_url=backend.url)
    [task] = ls_client.import_tasks(project, [{"data": {"image": "/data/upload/x.jpg"}}])
    ls_client.create_annotation(task, [REGION])

    received = {
        payload["action"]: headers.get(SECRET_HEADER) for headers, payload in backend.webhooks()
    }
    assert received["ANNOTATION_CREATED"] == "a-secret"


def test_a_project_without_a_model_is_connected_under_its_own_name(
    ls_client: LabelStudioUser, project: int, settings: Settings, backend: Backend
) -> None:
    made = connect(ls_client, settings, project, backend_url=backend.url)

    assert made.model_version == ""
    assert [item["title"] for item in ls_client.list_backends(project)] == [f"hemline-{project}"]


def test_the_first_model_is_waited_for(
    ls_client: LabelStudioUser, project: int, settings: Settings, backend: Backend
) -> None:
    def load(step: str) -> None:
        if step == "first model":
            backend.version = f"hemline-{project}-v1"

    made = connect(
        ls_client, settings, project, backend_url=backend.url, on_step=load, patience_s=30.0
    )

    assert made.model_version == backend.version
    assert ls_client.get_project(project)["model_version"] == backend.version


def test_the_first_model_is_shown_live(
    ls_client: LabelStudioUser, project: int, settings: Settings, backend: Backend
) -> None:
    connect(ls_client, settings, project, backend_url=backend.url)
    ls_client.import_tasks(project, [{"data": {"image": "/data/upload/x.jpg"}}] * 2)
    backend.version = f"hemline-{project}-v1"

    assert show_version(ls_client, project, backend.version)

    task = ls_client.next_task(project)  # no prediction was imported: this one is predicted now
    assert task is not None
    assert [item["model_version"] for item in task["predictions"]] == [backend.version]


def test_a_new_version_is_shown_instead_of_the_old(
    ls_client: LabelStudioUser, project: int, settings: Settings, backend: Backend
) -> None:
    backend.version = f"hemline-{project}-v1"
    connect(ls_client, settings, project, backend_url=backend.url)
    ls_client.import_tasks(project, [{"data": {"image": "/data/upload/x.jpg"}}])
    opened = ls_client.next_task(project)
    assert opened is not None
    backend.version = f"hemline-{project}-v2"

    assert show_version(ls_client, project, backend.version)

    assert ls_client.get_project(project)["model_version"] == backend.version
    task = ls_client.next_task(project)
    assert task is not None
    assert [item["model_version"] for item in task["predictions"]] == [backend.version]


def test_a_version_is_shown_while_the_backend_is_away(
    ls_client: LabelStudioUser, project: int, settings: Settings
) -> None:
    with running_backend(f"hemline-{project}-v1") as backend:
        connect(ls_client, settings, project, backend_url=backend.url)
    [task] = ls_client.import_tasks(project, [{"data": {"image": "/data/upload/x.jpg"}}])

    assert not show_version(ls_client, project, f"hemline-{project}-v2")
    prediction = {"task": task, "result": [REGION], "score": 0.5}
    ls_client.import_predictions(project, [prediction | {"model_version": f"hemline-{project}-v2"}])
    assert show_version(ls_client, project, f"hemline-{project}-v2")
    assert ls_client.get_project(project)["model_version"] == f"hemline-{project}-v2"


def test_a_backend_that_moved_leaves_nothing_behind(
    ls_client: LabelStudioUser, project: int, settings: Settings, backend: Backend
) -> None:
    with running_backend(f"hemline-{project}-v1") as old:
        connect(ls_client, settings, project, backend_url=old.url)

    made = connect(ls_client, settings, project, backend_url=backend.url)

    after = state(ls_client, project)
    assert [item[1] for item in after["backends"]] == [backend.url]
    assert [item[:2] for item in after["webhooks"]] == [(made.webhook_id, f"{backend.url}/webhook")]


def test_what_others_connected_stays(
    ls_client: LabelStudioUser, project: int, settings: Settings, backend: Backend
) -> None:
    with running_backend("sam") as other:
        ls_client.create_backend(project, other.url, "Segment anything")
        mine = ls_client.create_webhook(project, "http://127.0.0.1:1/log", {"X-Key": "1"})

        connect(ls_client, settings, project, backend_url=backend.url)

        after = state(ls_client, project)
        assert {item[1] for item in after["backends"]} == {backend.url, other.url}
        assert {item[1] for item in after["webhooks"]} == {
            f"{backend.url}/webhook",
            f"{other.url}/webhook",
            mine["url"],
        }


def test_one_that_was_connected_by_hand_is_taken_over(
    ls_client: LabelStudioUser, project: int, settings: Settings, backend: Backend
) -> None:
    backend.version = f"hemline-{project}-v1"
    by_hand = ls_client.create_backend(project, backend.url, "probe")
    ls_client.create_webhook(project, f"{backend.url}/webhook", {})

    made = connect(ls_client, settings, project, backend_url=backend.url)

    after = state(ls_client, project)
    assert made.backend_id == by_hand["id"]
    assert after["backends"][0][2] == after["project"]["model_version"] == backend.version
    assert [item[2] for item in after["webhooks"]] == [{SECRET_HEADER: "a-secret"}]


def test_basic_auth_is_given_to_label_studio(
    ls_client: LabelStudioUser, project: int, settings: Settings, backend: Backend
) -> None:
    guarded = settings.model_copy(update={"basic_auth_user": "me", "basic_auth_pass": "pass"})

    connect(ls_client, guarded, project, backend_url=backend.url)

    assert backend.web.headers[-1]["Authorization"] == "Basic bWU6cGFzcw=="


def test_no_backend_there(ls_client: LabelStudioUser, project: int, settings: Settings) -> None:
    url = f"http://127.0.0.1:{pick_free_port()}"
    with pytest.raises(LabelStudioError, match=f"cannot use the backend at {url}: is it running"):
        connect(ls_client, settings, project, backend_url=url)


def test_a_host_name_without_a_dot_is_explained() -> None:
    refused = LabelStudioRefused('400: {"url": ["Enter a valid URL."]}', 400)
    assert "host's name needs a dot" in str(connecting._explained(refused, "http://backend:9090"))


def test_a_label_config_without_a_brush(
    ls_client: LabelStudioUser, settings: Settings, backend: Backend
) -> None:
    config = (
        '<View><Image name="i" value="$image"/>'
        '<Choices name="c" toName="i"><Choice value="a"/></Choices></View>'
    )
    project = ls_client.create_project("no brush", config)["id"]

    with pytest.raises(LabelConfigError, match="BrushLabels"):
        connect(ls_client, settings, project, backend_url=backend.url)
    assert ls_client.list_backends(project) == []


def test_guards_against_private_addresses_are_named(settings: Settings) -> None:
    """Label Studio with its own defaults: a stand-in says what 1.23 says then."""
    config = render_label_config(["garment"])
    refusal = sends(
        json.dumps({"detail": "URL resolves to a reserved network address"}).encode(), 403
    )
    with serve() as web, LabelStudioClient(web.url, "0" * 40) as client:

        def ml(handler: BaseHTTPRequestHandler) -> None:
            (refusal if handler.command == "POST" else sends(b"[]"))(handler)

        project = sends(json.dumps({"id": 1, "label_config": config}).encode())
        web.answers = {
            "/api/projects/1/": project,
            "/api/ml/?project=1": ml,
            "/api/ml/": ml,
        }
        with pytest.raises(LabelStudioError, match="ML_BLOCK_LOCAL_IP=false"):
            connect(client, settings, 1, backend_url="http://127.0.0.1:9090")


def test_a_first_model_of_several_labels_is_waited_for(
    ls_client: LabelStudioUser, settings: Settings, backend: Backend
) -> None:
    project = ls_client.create_project("outfits", render_label_config(["top", "skirt"]))["id"]

    def load(step: str) -> None:
        if step == "first model":
            backend.version = f"hemline-{project}-v1"

    asked = functools.partial(
        connect, ls_client, settings, project, backend_url=backend.url, on_step=load
    )
    assert asked().model_version == ""  # its labels mean nothing to the starter
    assert asked(first_model=True, patience_s=30.0).model_version == backend.version
