"""A project of a real Label Studio, connected and then taken apart."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hemline.labelstudio.project.config import render_label_config
from hemline.labelstudio.project.connect import connect
from hemline.settings import Settings
from tests.labelstudio.web_server import WebServer, sends, serve
from tests.plugins.label_studio_user import LabelStudioUser
from worker.doctor.connected_project import check_project
from worker.doctor.label_studio import check_label_studio, check_token


@pytest.fixture
def backend() -> Iterator[WebServer]:
    with serve() as web:
        web.answers = {
            "/health": sends(b'{"status": "UP"}'),
            "/webhook": sends(b"{}"),
        }
        yield web


@pytest.fixture
def project(ls_client: LabelStudioUser) -> Iterator[int]:
    config = render_label_config(["garment"])
    other = ls_client.create_project("another", config)["id"]  # ids of ours and theirs differ
    ls_client.delete_project(other)
    project_id = ls_client.create_project("doctor tests", config)["id"]
    yield project_id
    ls_client.delete_project(project_id)


def test_what_connect_made_is_well(
    ls_client: LabelStudioUser,
    label_studio: object,
    project: int,
    backend: WebServer,
    tmp_path: Path,
) -> None:
    settings = Settings(
        home=tmp_path,
        label_studio_url=ls_client.url,
        label_studio_api_key=ls_client.http._api_key,
        backend_url=backend.url,
        webhook_secret="a-secret-of-webhooks",
    )

    version = f'{{"model_version": "hemline-{project}-v1"}}'
    backend.answers["/setup"] = sends(version.encode())

    def marks() -> list[str]:
        return [line.mark for line in check_project(settings, project)]

    assert [str(line.mark) for line in check_label_studio(settings)] == ["ok"]
    assert [str(line.mark) for line in check_token(settings)] == ["ok"]
    assert marks() == ["ok", "fault", "skipped"]
    connect(ls_client, settings, project, backend_url=backend.url, patience_s=0)
    assert marks() == ["ok", "ok", "ok"]
    backend.answers["/health"] = sends(b"{}", 503)
    assert marks() == ["ok", "fault", "ok"]
    backend.answers["/health"] = sends(b'{"status": "UP"}')
    (hook,) = ls_client.list_webhooks(project)
    ls_client.update_webhook(hook, is_active=False)
    assert marks() == ["ok", "ok", "fault"]
    missing = [line.found for line in check_project(settings, project + 1000)]
    assert missing == ["Label Studio does not show it to the token's user"]
