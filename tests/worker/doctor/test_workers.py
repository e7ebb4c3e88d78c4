"""Which workers answer, and which queues nobody works on."""

import time
from pathlib import Path

import pytest
import redis

from hemline.settings import Settings
from tests.worker.worker_host import WorkerHost
from worker.doctor.diagnosis import Diagnosis
from worker.doctor.workers import check_workers
from worker.host.embedded_redis import EmbeddedRedis
from worker.services import Services

_PATIENCE_S = 120.0


def test_a_worker_that_runs(services: Services, settings: Settings, tmp_path: Path) -> None:
    host = WorkerHost(tmp_path / "log")
    try:
        (line,) = _when_ok(settings)
        keys = _keys(settings)
        list(check_workers(settings))
        left = _keys(settings) - keys
    finally:
        host.stop()
    assert "works on all queues" in line.found
    assert not {key for key in left if "reply" in key}


def test_no_worker(services: Services, settings: Settings) -> None:
    redis = EmbeddedRedis(settings)
    redis.ensure()
    try:
        (line,) = check_workers(settings)
    finally:
        redis.stop()
    assert (line.mark, line.way_out) == ("fault", "start `hemline worker`")


def test_a_queue_that_nobody_works_on(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "ingest@one": [{"name": "ingest"}, {"name": "housekeeping"}],
        "predict@one": [{"name": "predict"}],
        "export@two": [{"name": "export"}],
    }
    monkeypatch.setattr("celery.app.control.Inspect.active_queues", lambda self: answers)
    (line,) = check_workers(settings)
    assert (line.mark, line.found) == ("warning", "no worker answers for train (trainings)")


def _when_ok(settings: Settings) -> list[Diagnosis]:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        lines = list(check_workers(settings)) if EmbeddedRedis(settings).answers() else []
        if (lines and lines[0].mark == "ok") or time.monotonic() > deadline:
            return lines
        time.sleep(0.5)


def _keys(settings: Settings) -> set[str]:
    client = redis.Redis(unix_socket_path=str(settings.redis_socket))
    try:
        keys = client.keys("*")
        return {key if isinstance(key, str) else key.decode() for key in keys}
    finally:
        client.close()
