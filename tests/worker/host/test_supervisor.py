"""The embedded Redis and the supervisor, with real processes."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from hemline.settings import Settings
from hemline.system.queue import Sender
from worker.host.embedded_redis import EmbeddedRedis
from worker.host.supervisor import next_delay


def wait_for(condition: Callable[[], object], *, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.05)


def redis_of(settings: Settings) -> list[psutil.Process]:
    socket = str(settings.redis_socket)
    found = []
    for process in psutil.process_iter(["cmdline", "name", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        if socket in line and "redis-server" in line and process.info["status"] != "zombie":
            found.append(process)
    return found


def test_the_embedded_redis_keeps_its_queue_and_leaves_nothing_behind(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    redis = EmbeddedRedis(settings)
    redis.ensure()
    sender = Sender(settings.broker)
    assert sender.send("worker.sweep", queue="housekeeping")
    assert sender.waiting("housekeeping") == 1
    redis.stop()
    assert redis_of(settings) == []
    redis.ensure()
    assert Sender(settings.broker).waiting("housekeeping") == 1
    redis.stop()


def test_a_second_worker_of_the_home_uses_the_redis_that_runs(tmp_path: Path) -> None:
    first, second = EmbeddedRedis(Settings(home=tmp_path)), EmbeddedRedis(Settings(home=tmp_path))
    first.ensure()
    second.ensure()
    assert len(redis_of(Settings(home=tmp_path))) == 1
    second.stop()
    assert first.answers()
    first.stop()
    second.ensure()
    assert second.answers()
    second.stop()


def test_a_queue_that_cannot_be_read_is_moved_aside(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    (folder / "appendonly.aof").write_bytes(b"this is no queue")
    redis = EmbeddedRedis(Settings(home=tmp_path))
    redis.ensure()
    assert redis.answers()
    redis.stop()
    assert [path.name for path in folder.glob("unreadable-*/*")] == ["appendonly.aof"]


def test_redis_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    script = (
        "import sys, time\n"
        "from hemline.settings import Settings\n"
        "from worker.host.embedded_redis import EmbeddedRedis\n"
        f"EmbeddedRedis(Settings(home={str(tmp_path)!r})).ensure()\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    with owner.stdout:
        assert owner.stdout.readline() == b"up\n"
    assert len(redis_of(settings)) == 1
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    wait_for(lambda: not redis_of(settings))


def test_sending_without_a_broker_returns_false_and_is_quiet_for_a_while(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hemline.system.queue.time", SimpleNamespace(monotonic=lambda: 100.0))
    sender = Sender(f"redis+socket://{tmp_path / 'nobody.sock'}")
    assert not sender.send("worker.ingest", queue="ingest")
    assert not sender.send("worker.ingest", queue="ingest")
    assert sender.waiting("ingest") is None
    assert [record.name for record in caplog.records].count("hemline.system.queue") == 1


def test_a_process_that_keeps_dying_is_started_ever_more_rarely() -> None:
    delays = []
    delay = 0.0
    for _ in range(9):
        delay = next_delay(delay, lived_s=1.0)
        delays.append(delay)
    assert delays[:4] == [0.5, 1.0, 2.0, 4.0]
    assert delays[-1] == 30.0
    assert next_delay(30.0, lived_s=3600.0) == 0.5
