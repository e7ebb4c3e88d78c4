"""Settings: names from the environment, and one sentence for a value that cannot be."""

import pytest

from hemline.errors import SettingsError
from hemline.settings import Settings, get_settings


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
    assert Settings(_env_file=None).reachable_backend_url == url
