"""Settings: names from the environment, and one sentence for a value that cannot be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kombu.connection import Connection
from sqlalchemy import text

from hemline.errors import SettingsError
from hemline.settings import Settings, get_settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store


@pytest.fixture(autouse=True)
def _fresh_settings():
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PORT", "abc", "PORT is 'abc': "),
        ("HEMLINE_GOLD_SHARE", "3", "HEMLINE_GOLD_SHARE is '3': input should be less than 1"),
        ("HEMLINE_RETRAIN_AFTER", "0", "HEMLINE_RETRAIN_AFTER is '0': "),
        ("HEMLINE_BAGGING", "1", "HEMLINE_BAGGING is '1': one is too few; choose 2 or more, or 0"),
        ("HEMLINE_SPECIALISTS", "1", "HEMLINE_SPECIALISTS is '1': one is too few"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.1/24", "FORWARDED_ALLOW_IPS is '10.0.0.1/24': "),
        ("FORWARDED_ALLOW_IPS", "proxy", "FORWARDED_ALLOW_IPS is 'proxy': "),
        ("DEVICE", "tpu", "DEVICE is 'tpu': input should be 'auto', 'cpu' or 'cuda'"),
    ],
)
def test_a_wrong_value_names_its_variable(monkeypatch, variable, value, expected):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as raised:
        get_settings()
    assert str(raised.value).startswith(expected)
    assert "docs/settings.md" in str(raised.value)


@pytest.mark.parametrize(
    ("value", "hosts"),
    [("", ()), ("Photos.example", ("photos.example",)), ("a, b:81,", ("a", "b:81"))],
)
def test_image_hosts_are_comma_separated(monkeypatch, value, hosts):
    monkeypatch.setenv("HEMLINE_IMAGE_HOSTS", value)
    assert get_settings().image_hosts == hosts


@pytest.mark.parametrize(
    ("value", "proxies"),
    [("", ()), ("*", ("*",)), ("10.0.0.1, fd00::/8,", ("10.0.0.1", "fd00::/8"))],
)
def test_proxies_are_comma_separated(monkeypatch, value, proxies):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", value)
    assert get_settings().forwarded_allow_ips == proxies


def test_label_studios_own_names_are_read(monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_HOST", "http://studio:8080/")
    monkeypatch.setenv("LABEL_STUDIO_ACCESS_TOKEN", "abc")
    assert get_settings().label_studio_url == "http://studio:8080/"
    assert get_settings().link_url == "http://studio:8080"
    assert get_settings().label_studio_api_key == "abc"


def test_everything_lives_in_home_until_it_is_told_otherwise(tmp_path):
    settings = Settings(home=tmp_path)
    assert settings.database == f"sqlite:///{tmp_path}/hemline.db"
    assert settings.artifacts == str(tmp_path / "artifacts")
    assert settings.broker == f"redis+socket://{tmp_path}/redis.sock"


def test_a_deep_home_keeps_its_socket_short_enough(tmp_path):
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    assert len(str(Settings(home=deep).redis_socket)) < 108
    assert Settings(home=deep).redis_socket != Settings(home=deep / "z").redis_socket


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:9090"),
        ({"HOST": "0.0.0.0", "PORT": "9191"}, "http://127.0.0.1:9191"),
        ({"HOST": "10.0.0.7"}, "http://10.0.0.7:9090"),
        ({"HOST": "0.0.0.0", "HEMLINE_BACKEND_URL": "http://backend:9090/"}, "http://backend:9090"),
    ],
)
def test_the_backend_is_connected_by_an_address_that_can_be_called(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], url: str
) -> None:
    for name in ("HOST", "PORT", "HEMLINE_BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert Settings().reachable_backend_url == url


ODD_HOMES = ("spring?1", "spring?2", "h%20b", "h b", "a#b", "a::b", "kleider ü", "100%", "a+b&c=d")


def test_each_home_has_files_of_its_own_whatever_its_name(tmp_path: Path) -> None:
    for name in ODD_HOMES:
        settings = Settings(home=tmp_path / name)
        store = Store(settings.database)
        with store.session() as session:
            session.execute(text("SELECT 1"))
        store.dispose()
        ArtifactStore(settings.artifacts).put(b"mask", "mask")
        assert (tmp_path / name / "hemline.db").is_file()
        assert (tmp_path / name / "artifacts").is_dir()
        with Connection(settings.broker) as connection:
            channel = connection.transport.Channel.__new__(connection.transport.Channel)
            channel.connection = type("", (), {"client": connection, "default_port": 0})()
            assert channel._connparams()["path"] == str(settings.redis_socket)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(ODD_HOMES)


def test_a_home_that_is_not_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMLINE_HOME", os.fsdecode(b"/tmp/\xff"))
    with pytest.raises(SettingsError, match="it is not UTF-8"):
        get_settings()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_break_at_the_end_of_a_file_is_not_meant(
    monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "f" * 40 + end)
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://studio:8080" + end)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@h/n" + end)
    settings = get_settings()
    assert settings.label_studio_api_key == "f" * 40
    assert settings.label_studio_url == "http://studio:8080"
    assert settings.database == "postgresql://u:p@h/n"


@pytest.mark.parametrize(
    "variable",
    ["LABEL_STUDIO_API_KEY", "HEMLINE_WEBHOOK_SECRET", "LABEL_STUDIO_ACCESS_TOKEN"],
)
@pytest.mark.parametrize("odd", ["\n", " ", "ü", "\x7f", "\u2028", "\udcff"])
def test_a_secret_that_fits_no_header_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, odd: str
) -> None:
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    monkeypatch.setenv(variable, f"{'c4nary' * 4}{odd}{'c4nary' * 4}")
    with pytest.raises(SettingsError) as raised:
        get_settings()
    assert "c4nary" not in str(raised.value)
    assert str(raised.value).startswith(f"{variable} cannot be used: it has a blank")


@pytest.mark.parametrize("variable", ["BASIC_AUTH_PASS", "DATABASE_URL", "REDIS_URL"])
def test_a_line_break_within_is_refused_without_the_value(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "redis://c4nary\nc4nary@h/0")
    with pytest.raises(SettingsError) as raised:
        get_settings()
    assert "c4nary" not in str(raised.value)
    assert str(raised.value).startswith(f"{variable} cannot be used: it contains")


@pytest.mark.parametrize(
    "variable", ["LABEL_STUDIO_URL", "HEMLINE_LABEL_STUDIO_PUBLIC_URL", "HEMLINE_BACKEND_URL"]
)
@pytest.mark.parametrize(
    "value",
    [
        "studio:8080",
        "ftp://studio",
        "http://",
        "http:///x",
        "http://a\nb",
        "http://a b",
        "http://studio:port",
        "http://studio:99999",
        "http://[::1",
        "http://st\u2024udio",
        "http://user:c4naryc4nary@studio",
        "http://studio/?next=1",
        "http://studio/#top",
        "http://st\udcffudio",
        "http://\u3000",
    ],
)
def test_an_address_that_cannot_be_called_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as raised:
        get_settings()
    assert str(raised.value).startswith(f"{variable} is ")
    assert "c4nary" not in str(raised.value)
    assert str(raised.value).encode()


@pytest.mark.parametrize(
    "value", ["https://stüdio.example/labels", "http://[::1]:8080", "HTTP://A"]
)
def test_an_address_that_can_be_called_is_kept(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", value)
    assert get_settings().label_studio_url == value


def test_settings_do_not_show_their_secrets(tmp_path: Path) -> None:
    secrets = {
        "label_studio_api_key": "c4nary-a",
        "webhook_secret": "c4nary-b",
        "secret_key": "c4nary-c",
        "basic_auth_user": "u",
        "basic_auth_pass": "c4nary-d",
        "database_url": "postgresql://u:c4nary-e@h/n",
        "redis_url": "redis://:c4nary-f@h/0",
        "artifact_url": "s3://c4nary-g@h/0",
    }
    assert "c4nary" not in repr(Settings.model_validate({"home": tmp_path, **secrets}))


def test_a_command_says_what_is_wrong_with_a_setting_and_not_what_it_is(tmp_path: Path) -> None:
    for variable, value in (
        ("LABEL_STUDIO_API_KEY", "c4nary\nc4nary"),
        ("LABEL_STUDIO_URL", "http://127.0.0.1:1\nx"),
        ("DATABASE_URL", "postgresql+asyncpg://u:c4naryc4nary@h/n"),
    ):
        command = ["connect", "1"] if variable.startswith("LABEL_STUDIO") else ["migrate"]
        ended = subprocess.run(
            [Path(sys.executable).with_name("hemline"), *command],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"HEMLINE_HOME": str(tmp_path), variable: value},
        )
        assert ended.returncode == 1
        assert "c4nary" not in ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "placeholder", ["change-me", "CHANGE_ME", "change-me-too", "<secret>", "changeme"]
)
@pytest.mark.parametrize(
    ("variable", "form"),
    [
        ("HEMLINE_WEBHOOK_SECRET", "{}"),
        ("HEMLINE_SECRET_KEY", "{}"),
        ("LABEL_STUDIO_API_KEY", "{}"),
        ("BASIC_AUTH_PASS", "{}"),
        ("DATABASE_URL", "postgresql://hemline:{}@db/hemline"),
        ("REDIS_URL", "redis://:{}@redis/0"),
    ],
)
def test_the_placeholder_of_an_example_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, form: str, placeholder: str
) -> None:
    monkeypatch.setenv(variable, form.format(placeholder))
    with pytest.raises(SettingsError, match=f"^{variable} cannot be used: .* placeholder"):
        get_settings()


def test_the_token_that_an_example_once_had_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0123456789abcdef" * 2 + "01234567")
    with pytest.raises(SettingsError, match="placeholder"):
        get_settings()


@pytest.mark.parametrize(
    ("variable", "field"),
    [
        ("LABEL_STUDIO_API_KEY", "label_studio_api_key"),
        ("HEMLINE_WEBHOOK_SECRET", "webhook_secret"),
        ("DATABASE_URL", "database_url"),
        ("REDIS_URL", "redis_url"),
    ],
)
def test_a_secret_is_read_from_the_file_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, field: str
) -> None:
    value = "postgresql://u:p@h/n" if field.endswith("_url") else "a-secret-of-some-length"
    (tmp_path / "secret").write_text(value + "\n", encoding="utf-8")
    monkeypatch.setenv(variable, "")
    monkeypatch.setenv(f"{variable}_FILE", str(tmp_path / "secret"))
    assert getattr(get_settings(), field) == value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read \\(No such file or directory\\); put the secret into it"),
        (b"\xff\xfe", "cannot be read \\(it is not text\\)"),
        (b"x" * 100_000, "larger than any secret"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("BASIC_AUTH_PASS_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError, match=f"^BASIC_AUTH_PASS_FILE: .*{message}"):
        get_settings()


def test_a_secret_and_its_file_are_not_both_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET", "a-secret-of-some-length")
    monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError, match="are both set; unset one of them"):
        get_settings()


def test_a_wrong_secret_from_a_file_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("c4nary c4nary", encoding="utf-8")
    monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError) as raised:
        get_settings()
    assert str(raised.value).startswith("HEMLINE_WEBHOOK_SECRET cannot be used: it has a blank")
    assert "c4nary" not in str(raised.value)
