"""Every command that reads the store says in one sentence that there is nothing to read yet."""

import pytest
from typer.testing import CliRunner

from hemline.cli import build_app
from hemline.errors import StoreError
from hemline.settings import get_settings
from worker.services import get_services

COMMANDS = {
    "status": [],
    "models": [],
    "promote": ["hemline-1-v1"],
    "rollback": ["1"],
    "retrain": ["1"],
    "problems": [],
    "deliveries": [],
    "statistics": ["1"],
    "triage": ["1"],
    "rank": ["1"],
    "people": ["list"],
    "backup": ["backup"],
    "prune": [],
    "export": ["1", "--format", "masks", "--out", "masks"],
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command on a HEMLINE_HOME of its own and returns what it raised."""
    monkeypatch.setenv("HEMLINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    get_settings.cache_clear()
    get_services.cache_clear()
    yield lambda *arguments: CliRunner().invoke(build_app(), arguments).exception
    get_services.cache_clear()
    get_settings.cache_clear()


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_database_that_was_never_made_is_named(run, command):
    error = run(command, *COMMANDS[command])
    assert isinstance(error, StoreError)
    assert "run `hemline migrate`" in str(error)


def test_a_file_that_is_no_database_is_named(run, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "hemline.db").write_bytes(
        b"not a database, but long enough to be read" * 9
    )
    assert "cannot be used (file is not a database)" in str(run("status"))
    assert isinstance(run("status"), StoreError)


def test_problems_of_an_unknown_project_are_not_none(run):
    assert run("migrate") is None
    assert "project 77 is not known" in str(run("problems", "--project", "77"))
