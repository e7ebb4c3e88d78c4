"""The trace of an opening, sent by a real backend: request, photo, network, store. No secrets."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hemline.labelstudio.project.config import render_label_config
from tests.backend.running import RunningBackend, draw_photos, until
from tests.labelstudio.web_server import WebServer, sends, serve
from tests.telemetry.collector import Collector, collecting

GARMENT = render_label_config(["garment"])
CANARY = "c4nary-0f-tr4ces"
KEY = "7.1795225515"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
BASIC = base64.b64encode(f"annotator:{CANARY}-pass".encode()).decode()
HEADERS = {
    "Authorization": f"Basic {BASIC}",
    "X-Hemline-Secret": f"{CANARY}-webhook",
    "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture(scope="module")
def photos() -> Iterator[WebServer]:
    with serve() as web:
        yield web


@pytest.fixture(scope="module")
def server(
    collector: Collector, photos: WebServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningBackend]:
    home = tmp_path_factory.mktemp("traced")
    draw_photos(home, 1)
    photo = (home / "photos" / "G1_Front.png").read_bytes()
    photos.answers[f"/{CANARY}/a.png?sig={CANARY}"] = sends(photo)
    with RunningBackend(
        home,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="100",
        HEMLINE_IMAGE_HOSTS=photos.host,
        BASIC_AUTH_USER="annotator",
        BASIC_AUTH_PASS=f"{CANARY}-pass",
        HEMLINE_WEBHOOK_SECRET=f"{CANARY}-webhook",
        LABEL_STUDIO_API_KEY=f"{CANARY}-token",
        HEMLINE_SECRET_KEY=f"{CANARY}-cookie-key",
    ) as running:
        until(lambda: _setup(running), 60)
        yield running


def _setup(server: RunningBackend) -> object:
    body = {"project": KEY, "schema": GARMENT, "access_token": f"{CANARY}-access"}
    return server.ask("POST", "/setup", body, HEADERS)[1]["model_version"]


def _open(server: RunningBackend, image: str, number: int) -> dict[str, Any]:
    task = {"id": number, "data": {"image": image}, "annotations": [], "predictions": []}
    body = {"tasks": [task], "project": KEY, "label_config": GARMENT, "params": {}}
    status, answer = server.ask("POST", "/predict", body, HEADERS)
    assert status == 200, answer
    item: dict[str, Any] = answer["results"][0]
    return item


def test_an_opening_is_one_trace(
    server: RunningBackend, photos: WebServer, collector: Collector
) -> None:
    assert "result" in _open(server, f"{photos.url}/{CANARY}/a.png?sig={CANARY}", 1)
    until(lambda: len(collector.named("POST /predict")) == 1, 20)
    (request,) = collector.named("POST /predict")
    assert (request.trace, request.parent) == (TRACE, "00f067aa0ba902b7")
    assert request.notes["http.response.status_code"] == 200
    assert request.service == "hemline-backend"
    spans = [one for one in collector.spans() if one.trace == TRACE]
    ways = {tuple(collector.above(one)) for one in spans}
    assert {
        ("GET photo", "photo", "POST /predict"),
        ("network", "POST /predict"),
        ("store: write", "POST /predict"),
    } <= ways
    assert request.pid != server.process.pid  # sent from the process that was forked


def test_a_photo_that_is_gone_is_told_without_its_address(
    server: RunningBackend, photos: WebServer, collector: Collector
) -> None:
    address = f"{photos.url}/b.png?X-Amz-Signature={CANARY}&token={CANARY}"
    assert "problem" in _open(server, address, 2)
    until(lambda: [one for one in collector.named("photo") if one.failed], 20)
    (failed,) = [one for one in collector.named("photo") if one.failed]
    assert "answered 404" in str(failed.failed)
    assert failed.notes["error.type"] == "ImageError"


def test_a_webhook_is_stored_with_its_trace(server: RunningBackend, collector: Collector) -> None:
    body = {
        "action": "ANNOTATION_CREATED",
        "annotation": {"id": 1, "task": 1, "result": []},
        "task": {"id": 1, "data": {"image": f"https://u:{CANARY}@h/x.jpg"}},
        "project": {"id": 7, "label_config": GARMENT, "task_data_password": CANARY},
    }
    assert server.ask("POST", "/webhook", body, HEADERS)[0] == 201
    until(lambda: collector.named("POST /webhook"), 20)
    (webhook,) = collector.named("POST /webhook")
    until(lambda: collector.named("send worker.ingest"), 20)
    (sending,) = collector.named("send worker.ingest")
    assert collector.above(sending) == ["send worker.ingest", "POST /webhook"]
    assert webhook.trace == TRACE


def test_log_lines_name_their_trace_and_probes_have_none(
    server: RunningBackend, collector: Collector
) -> None:
    assert server.ask("GET", "/livez")[0] == 200
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line[:1] == "{"]
    requests = [line for line in lines if line.get("path") == "/predict"]
    assert requests
    assert {line["trace_id"] for line in requests} == {TRACE}
    assert not [one for one in collector.spans() if one.name.endswith(("/livez", "/readyz"))]


def test_no_secret_is_in_what_was_sent(server: RunningBackend, collector: Collector) -> None:
    """The last of this file: all that the tests above had the backend do."""
    until(lambda: len(collector.spans()) > 20, 20)
    assert BASIC.encode() not in collector.sent
    assert CANARY.encode() not in collector.sent


def test_the_process_ends_in_time_with_a_collector_that_is_away(tmp_path: Path) -> None:
    with collecting() as gone:
        pass
    with RunningBackend(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=gone.url) as running:
        running.ask("POST", "/setup", {"project": KEY, "schema": GARMENT})
    assert running.process.returncode == 0
