"""Settings handed to children through the environment."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hemline.demo.environment import child_environment, settings_environment, shell_exports
from hemline.demo.stack import stack_settings
from hemline.labelstudio.server import Account
from hemline.settings import Settings

SHOW = "from hemline.settings import Settings; print(Settings().model_dump_json())"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return stack_settings(
        tmp_path,
        Account(),
        label_studio_port=1234,
        backend_port=1235,
        webhook_secret="it's-$HOME",
        image_hosts=("a.example.com", "b:9000"),
        retrain_after=7,
    )


def test_a_child_has_the_same_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "DATABASE_URL",
        "HEMLINE_LOCAL_FILES_ROOT",
        "LABEL_STUDIO_ACCESS_TOKEN",
        "REDIS_URL",
    ):
        monkeypatch.setenv(name, "from outside")
    child = subprocess.run(
        [sys.executable, "-c", SHOW],
        env=child_environment(settings),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(child.stdout) == json.loads(settings.model_dump_json())


def test_a_shell_has_the_same_settings(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "env").write_text(shell_exports(settings_environment(settings)))
    shell = subprocess.run(
        [
            "sh",
            "-c",
            '. "$1"; exec "$2" -c "$3"',
            "sh",
            str(tmp_path / "env"),
            sys.executable,
            SHOW,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(shell.stdout) == json.loads(settings.model_dump_json())


def test_a_stack_takes_how_from_outside_and_not_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://production/hemline")
    monkeypatch.setenv("REDIS_URL", "redis://production")
    monkeypatch.setenv("LABEL_STUDIO_URL", "https://production")
    monkeypatch.setenv("HEMLINE_RETRAIN_AFTER", "3")
    settings = stack_settings(
        tmp_path, Account(), label_studio_port=1, backend_port=2, webhook_secret="s"
    )
    assert settings.database == f"sqlite:///{tmp_path}/hemline.db"
    assert settings.broker.startswith("redis+socket://")
    assert settings.label_studio_url == "http://127.0.0.1:1"
    assert settings.retrain_after == 3
