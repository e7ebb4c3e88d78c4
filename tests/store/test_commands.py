"""`hemline migrate`: makes the database, and says which."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hemline.settings import get_settings
from hemline.store.commands import app
from hemline.store.database.engine import Store


def test_migrate_makes_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("HEMLINE_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    try:
        result = CliRunner().invoke(app, ["migrate"])
    finally:
        get_settings.cache_clear()
    assert result.exit_code == 0, result.output
    path = tmp_path / "home" / "hemline.db"
    assert f"sqlite:///{path} is up to date" in result.output.replace("\n", "")
    store = Store(f"sqlite:///{path}")
    store.check_schema()
    store.dispose()
