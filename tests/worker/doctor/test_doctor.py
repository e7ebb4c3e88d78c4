"""`hemline doctor`: each thing that can be wrong is found and named, and nothing else is."""

import shutil
from collections import namedtuple
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path

import pytest
import redis
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL
from typer.testing import CliRunner

from hemline.settings import get_settings
from hemline.store.tables.loop import ModelVersion
from tests.labelstudio.web_server import WebServer, sends
from tests.plugins.databases import new_database
from tests.worker.doctor.conftest import SECRET, Lines
from tests.worker.fake_label_studio import FakeLabelStudio, Fault
from worker.commands.main import app
from worker.services import Services

Doctor = Callable[..., Lines]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def postgres_url(postgres_server: URL, postgres_template: str) -> Iterator[str]:
    yield from new_database(postgres_server, template=postgres_template)


def wrong(lines: Lines) -> dict[str, str]:
    """Checks that are not ok, less what cannot be: `exit`."""
    return {name: mark for name, (mark, _) in lines.items() if mark != "ok" and name != "exit"}


def test_nothing_is_wrong_where_nothing_is_wrong(installation: Services, doctor: Doctor) -> None:
    lines = doctor()
    assert wrong(lines) == {}
    assert lines["exit"] == ("0", "")
    assert {"settings", "home", "disk", "database", "broker", "worker", "backend"} <= set(lines)
    assert "version 1.23.0" in lines["Label Studio"][1]
    assert "hemline-7-v1" in lines["project 7: model"][1]
    assert "active" in lines["project 7: webhook"][1]


def test_nothing_is_changed(installation: Services, doctor: Doctor) -> None:
    home = installation.settings.home_path

    def state() -> dict[str, str]:
        return {
            str(path): sha256(path.read_bytes()).hexdigest()
            for path in sorted(home.rglob("*"))
            if path.is_file() and not path.name.endswith(("-wal", "-shm"))
        }

    before = state()
    with installation.store.reading() as session:
        held = [tuple(row) for row in session.connection().exec_driver_sql("SELECT * FROM project")]
    doctor()
    assert state() == before
    with installation.store.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT * FROM project")
        assert [tuple(row) for row in rows] == held


def test_an_installation_that_was_never_started(doctor: Doctor, settings: object) -> None:
    lines = doctor()
    home = get_settings().home_path
    assert lines["exit"] == ("1", "")
    assert lines["home"] == (
        "fault",
        f"there is no folder '{home}' yet; run `hemline migrate`, or set HEMLINE_HOME",
    )
    assert "run `hemline migrate`" in lines["database"][1]
    assert lines["broker"][0] == "fault"
    assert "no worker has started it" in lines["broker"][1]
    assert lines["worker"] == ("skipped", "because of 'broker';")
    assert lines["projects"][0] == "skipped"
    assert not home.exists()


def test_settings_that_cannot_be_read(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    lines = doctor()
    assert wrong(lines) == {"settings": "fault", "all other checks": "skipped"}
    assert "PORT is 'many'" in lines["settings"][1]
    assert lines["exit"] == ("1", "")


@pytest.mark.parametrize(
    ("name", "value", "mark", "said"),
    [
        ("HEMLINE_WEBHOOK_SECRET", "", "warning", "HEMLINE_WEBHOOK_SECRET is empty"),
        ("HOST", "0.0.0.0", "fault", "set BASIC_AUTH_USER and BASIC_AUTH_PASS"),
        ("HEMLINE_RECIPE", "nonesuch", "fault", "nonesuch"),
    ],
)
def test_settings_that_are_a_mistake(
    installation: Services,
    doctor: Doctor,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    mark: str,
    said: str,
) -> None:
    monkeypatch.setenv(name, value)
    lines = doctor()
    assert wrong(lines) == {"settings": mark}
    assert said in lines["settings"][1]
    assert lines["exit"][0] == ("1" if mark == "fault" else "0")


def test_an_open_backend_that_is_wanted_is_a_warning(
    installation: Services, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setenv("HEMLINE_ALLOW_OPEN", "true")
    assert wrong(doctor()) == {"settings": "warning"}


@pytest.mark.parametrize(("free", "mark"), [(2**30 - 1, "fault"), (2**30, "warning")])
def test_a_disk_that_is_nearly_full(
    installation: Services,
    doctor: Doctor,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    mark: str,
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(2**40, 2**40 - free, free))
    lines = doctor()
    assert wrong(lines) == {"disk": mark}
    assert "1.0 GiB free" in lines["disk"][1]


def test_a_home_that_cannot_be_written(
    installation: Services, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("worker.doctor.home.tempfile.NamedTemporaryFile", refuse)
    lines = doctor()
    assert wrong(lines) == {"home": "fault"}
    assert "Permission denied" in lines["home"][1]


def test_a_schema_that_is_behind(installation: Services, doctor: Doctor) -> None:
    with installation.store.session() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    lines = doctor()
    assert lines["database"][0] == "fault"
    assert "run `hemline migrate`" in lines["database"][1]
    assert lines["projects"] == ("skipped", "because of 'database';")
    assert lines["Label Studio"][0] == lines["token"][0] == "ok"


def test_a_database_that_is_away_and_its_password(
    installation: Services, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://hemline:pa55word-of-db@127.0.0.1:9/hemline")
    monkeypatch.setenv("REDIS_URL", "redis://:short@127.0.0.1:9/0")
    lines = doctor()
    assert lines["database"][0] == lines["broker"][0] == "fault"
    assert "check DATABASE_URL" in lines["database"][1]
    assert "redis://***@127.0.0.1:9/0" in lines["broker"][1]
    assert "pa55word-of-db" not in str(lines)
    assert "short" not in str(lines)


@pytest.mark.parametrize("mode", ["plain", "json"])
def test_no_secret_is_printed(
    installation: Services, fake: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("HEMLINE_SECRET_KEY", "key-of-the-cookies")
    monkeypatch.setenv("BASIC_AUTH_USER", "hemline")
    monkeypatch.setenv("BASIC_AUTH_PASS", "pass-of-the-backend")
    get_settings.cache_clear()
    said = f"{SECRET} pass-of-the-backend key-of-the-cookies {'a' * 40}"
    fake.project["title"] = said
    fake.backends[0] |= {"state": "ER", "error_message": said}
    result = CliRunner().invoke(app, ["doctor", *(["--json"] if mode == "json" else [])])
    assert result.exit_code == 1
    assert "does not reach" in result.output
    for secret in said.split():
        assert secret not in result.output


def test_a_broker_that_answers_elsewhere(
    installation: Services, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis+socket://{installation.settings.redis_socket}")
    assert wrong(doctor()) == {}


def test_label_studio_is_down(
    installation: Services, doctor: Doctor, fake: FakeLabelStudio
) -> None:
    fake.stop()
    lines = doctor()
    assert lines["Label Studio"][0] == "fault"
    assert fake.url in lines["Label Studio"][1]
    assert wrong(lines) == {
        "Label Studio": "fault",
        "token": "skipped",
        "clock": "skipped",
        "project 7": "skipped",
    }
    assert lines["project 7: model"][0] == "ok"


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ({"release": "1.9.2"}, "upgrade it to 1.23 or later"),
        ({"hello": "world"}, "without a version"),
        (["not", "an", "object"], "without a version"),
    ],
)
def test_an_old_or_strange_label_studio(
    installation: Services, doctor: Doctor, fake: FakeLabelStudio, version: object, said: str
) -> None:
    fake.version = version  # type: ignore[assignment]
    lines = doctor()
    assert wrong(lines) == {"Label Studio": "warning"}
    assert said in lines["Label Studio"][1]
    assert lines["exit"] == ("0", "")


def test_a_wrong_token(installation: Services, doctor: Doctor, fake: FakeLabelStudio) -> None:
    refusal: Fault = (401, "application/json", b'{"detail": "Invalid token."}', {})
    fake.faults.append(("whoami", refusal))
    lines = doctor()
    assert wrong(lines) == {"token": "fault", "project 7": "skipped"}
    assert "copy a new personal access token" in lines["token"][1]


def test_no_token(installation: Services, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "")
    lines = doctor()
    assert wrong(lines) == {"token": "fault", "project 7": "skipped"}
    assert "LABEL_STUDIO_API_KEY is not set" in lines["token"][1]


@pytest.mark.parametrize(
    ("seconds", "mark"),
    [(20, "ok"), (-20, "ok"), (45, "warning"), (-45, "warning"), (3600, "fault"), (-3600, "fault")],
)
def test_a_clock_that_is_off(
    installation: Services, doctor: Doctor, fake: FakeLabelStudio, seconds: int, mark: str
) -> None:
    fake.date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    lines = doctor()
    assert lines["clock"][0] == mark
    if mark != "ok":
        assert ("ahead of" if seconds > 0 else "behind") in lines["clock"][1]


def test_a_date_that_is_none_is_no_clock(
    installation: Services, doctor: Doctor, fake: FakeLabelStudio
) -> None:
    fake.date = "yesterday"
    assert wrong(doctor()) == {"clock": "skipped"}


def test_a_database_server_has_the_same_time(
    settings: object, doctor: Doctor, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    lines = doctor()
    assert lines["database"][0] == "ok"
    assert "the database has the same time" in lines["clock"][1]
    assert lines["projects"][0] == "warning"
    engine = create_engine(make_url(postgres_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    assert "run `hemline migrate`" in doctor()["database"][1]


def test_a_gpu_that_is_asked_for_and_missing(
    installation: Services, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setenv("DEVICE", "cuda")
    lines = doctor()
    assert wrong(lines) == {"runtime": "fault"}
    assert "finds no GPU" in lines["runtime"][1]


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_champion_whose_weights_are_gone(
    installation: Services, champion: ModelVersion, doctor: Doctor, damage: str
) -> None:
    digest = champion.weights_digest
    path = Path(installation.settings.artifacts) / digest[:2] / digest[2:]
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1])
    lines = doctor()
    assert wrong(lines) == {"project 7: model": "fault"}
    assert "hemline verify --repair" in lines["project 7: model"][1]


def test_the_backend_is_down(installation: Services, doctor: Doctor, backend: WebServer) -> None:
    backend.answers["/health"] = sends(b"{}", 503)
    assert wrong(doctor()) == {"backend": "fault"}
    backend.answers["/health"] = sends(b'{"status": "UP"}')
    assert "another program" in doctor()["backend"][1]
    backend.answers["/health"] = sends(b"{}", 401)
    assert "BASIC_AUTH_PASS" in doctor()["backend"][1]


def test_a_backend_that_answers_only_here(
    installation: Services,
    doctor: Doctor,
    backend: WebServer,
    fake: FakeLabelStudio,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", backend.url.rpartition(":")[2])
    monkeypatch.setenv("HEMLINE_BACKEND_URL", "http://127.0.0.1:9")
    fake.backends[0]["url"] = "http://127.0.0.1:9"
    fake.webhooks[0]["url"] = "http://127.0.0.1:9/webhook"
    lines = doctor()
    assert wrong(lines) == {"backend": "warning"}
    assert lines["exit"] == ("0", "")


def test_a_project_that_is_not_connected(
    installation: Services, doctor: Doctor, fake: FakeLabelStudio
) -> None:
    fake.backends[0]["title"] = "someone else's"
    lines = doctor()
    assert wrong(lines) == {"project 7: backend": "fault", "project 7: webhook": "skipped"}
    assert "run `hemline connect 7`" in lines["project 7: backend"][1]


def test_a_backend_at_another_address(
    installation: Services, doctor: Doctor, fake: FakeLabelStudio
) -> None:
    fake.backends[0]["url"] = "http://10.9.8.7:9090"
    fake.webhooks[0]["url"] = "http://10.9.8.7:9090/webhook"
    lines = doctor()
    assert wrong(lines) == {"project 7: backend": "warning"}
    assert "http://10.9.8.7:9090" in lines["project 7: backend"][1]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"url": "http://127.0.0.1:9/webhook"}, "sends no webhooks"),
        ({"is_active": False}, "switched off"),
        ({"send_for_all_actions": False}, "leaves out actions"),
        ({"headers": {}}, "another secret"),
        ({"project": None}, "sends no webhooks"),
    ],
)
def test_a_webhook_that_does_not_come(
    installation: Services,
    doctor: Doctor,
    fake: FakeLabelStudio,
    changed: dict[str, object],
    said: str,
) -> None:
    fake.webhooks[0] |= changed
    lines = doctor()
    assert wrong(lines) == {"project 7: webhook": "fault"}
    assert said in lines["project 7: webhook"][1]


def test_a_project_that_label_studio_lacks(
    installation: Services, doctor: Doctor, fake: FakeLabelStudio
) -> None:
    fake.project["id"] = 8
    lines = doctor()
    assert wrong(lines) == {"project 7": "fault"}
    assert lines["project 7: model"][0] == "ok"


def test_one_project_alone(installation: Services, doctor: Doctor) -> None:
    assert "project 7" in doctor("--project", "7")
    lines = doctor("--project", "9")
    assert wrong(lines) == {"project 9": "fault"}
    assert "hemline connect 9" in lines["project 9"][1]
    assert "project 7" not in lines


def test_redis_keeps_what_it_had(installation: Services, doctor: Doctor) -> None:
    client = redis.Redis(unix_socket_path=str(installation.settings.redis_socket))
    client.set("there", "before")
    doctor()
    assert client.keys("*") == [b"there"]
    client.close()
