"""A disk that is really full: what cannot be stored is refused in words, the rest goes on."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hemline.settings import get_settings
from hemline.store.loop.deliveries import count_by_state
from hemline.store.states import DeliveryState
from tests.backend.conftest import GARMENT, Backend, make_settings
from worker.commands.main import app as commands
from worker.services import get_services

pytestmark = pytest.mark.mount

MIB = 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of 32 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)],
            capture_output=True,
            text=True,
        )
    except OSError as error:
        pytest.skip(f"no disk of its own: {error}")
    if done.returncode != 0:
        pytest.skip(f"no disk of its own, run it as root on a machine: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def backend(
    disk: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Backend]:
    home = disk / "home"
    home.mkdir()
    shutil.copy(sqlite_template, home / "hemline.db")
    for name, value in {"HEMLINE_HOME": str(home), "DATABASE_URL": "", "REDIS_URL": ""}.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    get_services.cache_clear()
    made = Backend(make_settings(home))
    yield made
    made.services.stop()
    get_services().client.close()
    get_services().store.dispose()
    get_services.cache_clear()
    get_settings.cache_clear()


def fill(disk: Path) -> Path:
    """A file that takes all that is left."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (MIB, 4096):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    assert os.statvfs(disk).f_bavail == 0
    return filler


def post(backend: Backend, number: int) -> tuple[int, str | None, str]:
    """Status, Retry-After and answer of a webhook with a correction."""
    correction: dict[str, Any] = {
        "action": "ANNOTATION_CREATED",
        "project": {"id": 1, "label_config": GARMENT},
        "task": {"id": number, "data": {"image": "/data/upload/1/dress1.png"}},
        "annotation": {"id": number, "result": [], "note": "x" * 100_000},
    }
    answer = backend.client.post("/webhook", json=correction)
    return answer.status_code, answer.headers.get("Retry-After"), json.dumps(answer.json)


def ready(backend: Backend, wanted: int) -> str:
    """What /readyz says once it answers so; it looks every two seconds."""
    deadline = time.monotonic() + 60
    while (answer := backend.client.get("/readyz")).status_code != wanted:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)
    return answer.text


def again(backend: Backend, number: int) -> dict[str, Any]:
    """A task's answer, once Label Studio would no longer have it from the request before."""
    deadline = time.monotonic() + 60
    answer: dict[str, Any] = backend.predict(number)[0]
    while "result" not in answer:
        assert time.monotonic() < deadline, answer
        time.sleep(0.5)
        answer = backend.predict(number)[0]
    return answer


def new(backend: Backend) -> int:
    with backend.store.reading() as session:
        return count_by_state(session)[DeliveryState.NEW]


def test_a_full_disk_is_said_and_heals(backend: Backend, disk: Path) -> None:
    assert backend.connect() is not None
    (before,) = backend.predict(1)
    ready(backend, 200)
    assert post(backend, 1)[0] == 201

    filler = fill(disk)
    for number in range(2, 6):
        status, retry_after, said = post(backend, number)
        assert status == 503
        assert retry_after is not None
        assert int(retry_after) > 0
        assert "make room on its disk" in said
    assert "is full" in ready(backend, 503)
    assert "make room on it" in CliRunner().invoke(commands, ["problems"]).output

    # Reads go on, and what is stored is given. A photo that is not, is not lost either.
    assert backend.client.get("/health").status_code == 200
    assert backend.client.get("/metrics").status_code == 200
    assert new(backend) == 1
    assert again(backend, 1)["result"] == before["result"]
    (later,) = backend.predict(2)
    assert "result" in later or "disk" in later["problem"] or "worker" in later["problem"]

    filler.unlink()
    ready(backend, 200)
    assert [post(backend, number)[0] for number in range(1, 6)] == [201] * 5
    assert new(backend) == 5
    assert "is full" not in CliRunner().invoke(commands, ["problems"]).output
    assert "result" in backend.predict(2)[0]
