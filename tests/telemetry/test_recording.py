"""What is recorded of a process, what leaves it, and what happens where nothing is."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hemline.errors import SettingsError
from hemline.redaction import keep_secret
from hemline.settings import Settings, get_settings
from hemline.telemetry import record
from hemline.telemetry.deliveries import trace_of, with_trace
from hemline.telemetry.record import check_recording, start_recording, stop_recording
from hemline.telemetry.spans import carrier, past_span, recorder, span, trace_ids
from tests.labelstudio.web_server import serve
from tests.telemetry.collector import Collector, collecting

CANARY = "c4nary-of-a-trace-7"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def recording(collector: Collector, tmp_path: Path) -> Iterator[None]:
    start_recording(Settings(home=tmp_path, otel_endpoint=collector.url + "/"), "backend")
    yield
    stop_recording()


def test_a_block_is_part_of_the_block_around_it(collector: Collector, recording: None) -> None:
    with span("outer", notes={"hemline.project": 7}) as outer:
        with span("inner", kind="client"):
            past_span("statement", 0.25, {"db.system.name": "sqlite"})
        outer.note("late", True)
    stop_recording()
    statement, inner, outer_one = collector.spans()
    assert (inner.parent, statement.parent, outer_one.parent) == (outer_one.id, inner.id, "")
    assert outer_one.notes == {"hemline.project": 7, "late": True}
    assert outer_one.service == "hemline-backend"
    assert outer_one.pid == os.getpid()


def test_what_follows_in_another_process_is_of_the_same_trace(
    collector: Collector, recording: None
) -> None:
    with span("first"):
        sent = carrier()
        ids = trace_ids()
    assert list(sent) == ["traceparent"]
    assert sent["traceparent"].startswith(f"00-{ids['trace_id']}-{ids['span_id']}-")
    with span("task"), span("next", after=sent):
        pass
    with span("task"), span("without", after={}):
        pass
    stop_recording()
    found = {one.name: one for one in collector.spans()}
    assert (found["next"].trace, found["next"].parent) == (ids["trace_id"], ids["span_id"])
    assert len(found["next"].links) == 1  # the task in which it is worked on
    assert found["without"].parent == ""
    assert carrier() == trace_ids() == {}


def test_what_is_raised_marks_the_span_and_is_not_held_up(
    collector: Collector, recording: None
) -> None:
    with pytest.raises(ValueError, match="no such"), span("work"):
        raise ValueError("no such photo")
    with span("answer") as answer:
        answer.fail("answered 503")
    stop_recording()
    one, other = collector.spans()
    assert one.failed == "no such photo"
    assert one.notes == {"error.type": "ValueError"}
    assert other.failed == "answered 503"


def test_nothing_secret_leaves(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By value, as the settings know it, and by form, such as a signed address."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"team=photo,note={CANARY}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization=Bearer%20{CANARY}-h")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "masks")
    monkeypatch.setenv("HEMLINE_HOME", str(tmp_path))
    get_settings.cache_clear()
    keep_secret([CANARY])
    start_recording(get_settings(), "worker")
    get_settings.cache_clear()
    signed = "https://u:1234567a@photos.example/x.jpg?X-Amz-Signature=89abcdef01&sig=456789ab02"
    with (
        pytest.raises(ValueError, match="gone"),
        span(f"name {CANARY}", notes={"note": f"{CANARY}-h", "address": signed}),
    ):
        raise ValueError(f"{signed} is gone, says {CANARY}")
    stop_recording()
    for secret in (CANARY, "1234567a", "89abcdef01", "456789ab02"):
        assert secret.encode() not in collector.sent
    (one,) = collector.spans()
    assert one.name == "name ***"
    assert one.service == "masks"
    assert b"team" in collector.sent
    assert collector.headers[-1]["authorization"] == f"Bearer {CANARY}-h"  # to the collector alone


@pytest.mark.parametrize("headers", ["api-key", "=x", "a=%0A"])
def test_headers_that_are_none_are_refused(headers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", headers)
    get_settings.cache_clear()
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_HEADERS cannot be used: "):
        get_settings()
    get_settings.cache_clear()


def test_a_collector_that_does_not_answer_holds_nothing_up(tmp_path: Path) -> None:
    with serve() as web:
        web.answers["/v1/traces"] = lambda _: time.sleep(60)
        start_recording(Settings(home=tmp_path, otel_endpoint=web.url), "backend")
        began = time.monotonic()
        for _ in range(2000):  # more than are sent at once
            with span("work"):
                pass
        stop_recording()
        assert time.monotonic() - began < 20
    assert recorder() is None


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(record, "find_spec", find_spec)
    check_recording(Settings(home=tmp_path))
    with pytest.raises(SettingsError) as raised:
        check_recording(Settings(home=tmp_path, otel_endpoint="http://collector:4318"))
    assert str(raised.value) == (
        "OTEL_EXPORTER_OTLP_ENDPOINT is set, but what records traces is not installed; run "
        "`pip install 'hemline[otel]'`, or unset it"
    )


def test_a_stored_webhook_keeps_its_trace_and_no_sender_s(
    collector: Collector, recording: None
) -> None:
    payload = {"action": "x", "hemline_trace": {"traceparent": "theirs"}}
    with span("webhook"):
        stored = with_trace(payload)
        assert trace_of(stored) == carrier()
    stop_recording()
    assert with_trace(payload) == {"action": "x"}
    assert trace_of({"action": "x"}) is None
    assert trace_of([]) is None


# As a backend and a worker start, with all that they import for a request and a task.
_OFF = """
import sys
from backend.app import create_app
from hemline.settings import get_settings
from hemline.telemetry.record import start_recording
from worker.app import app
from worker.services import get_services
import worker.tasks, worker.training.process

start_recording(get_settings(), "backend")
create_app(get_settings())
get_services()
print([name for name in sys.modules if name.startswith(("opentelemetry.exporter",
       "opentelemetry.sdk.trace", "opentelemetry.instrumentation", "hemline.telemetry.open"))])
"""


def test_nothing_is_imported_while_it_is_off(tmp_path: Path) -> None:
    """redis imports other parts of OpenTelemetry by itself, where they are installed."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("OTEL_")
    } | {"HEMLINE_HOME": str(tmp_path), "DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "-c", _OFF],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
