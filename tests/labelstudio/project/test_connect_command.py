"""`hemline connect` on a project of several labels: what it prints, keeps and refuses."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hemline.cli import build_app
from hemline.errors import LabelMappingError
from hemline.labelstudio.project.config import render_label_config
from hemline.settings import get_settings
from tests.labelstudio.project.test_connect import Backend, running_backend
from tests.plugins.label_studio import ACCOUNT
from tests.plugins.label_studio_user import LabelStudioUser

pytestmark = pytest.mark.labelstudio

LABELS = ("upper body", "jacket", 'the "zip"/👗', "jeans")
Connect = Callable[..., Result]


@pytest.fixture
def outfits(ls_client: LabelStudioUser) -> Iterator[int]:
    project = ls_client.create_project("outfits", render_label_config(LABELS))["id"]
    yield project
    ls_client.delete_project(project)


@pytest.fixture
def connect(
    ls_client: LabelStudioUser,
    outfits: int,
    sqlite_template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Connect]:
    shutil.copy(sqlite_template, tmp_path / "hemline.db")
    environment = {
        "HEMLINE_HOME": str(tmp_path),
        "LABEL_STUDIO_URL": ls_client.http.url,
        "LABEL_STUDIO_API_KEY": ACCOUNT.token,
        "HEMLINE_WEBHOOK_SECRET": "a-long-enough-secret-of-the-tests",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    get_settings.cache_clear()
    with running_backend(f"hemline-{outfits}-v1") as backend:
        yield lambda *options: run(outfits, backend, *options)
    get_settings.cache_clear()


def run(project: int, backend: Backend, *options: str) -> Result:
    command = ["connect", str(project), "--backend-url", backend.url, *options]
    return CliRunner().invoke(build_app(), command)


def test_it_says_what_labels_mean_and_keeps_what_is_set(connect: Connect, outfits: int) -> None:
    said = connect()
    assert said.exit_code == 0, said.output
    assert f"which shows hemline-{outfits}-v1" in said.stdout
    assert "  upper body = top\n  jacket = outerwear\n" in said.stdout
    assert '  the "zip"/👗: the starter knows no clothes of this name\n' in said.stdout
    said = connect("--map", 'the "zip"/👗=belt,dress', "--map", "jeans=")
    assert said.exit_code == 0, said.output
    assert '  the "zip"/👗 = dress, belt (set by hemline connect)\n' in said.stdout
    assert "  jeans: set so by hemline connect\n" in said.stdout
    assert connect().stdout == said.stdout
    assert "  jeans = trousers\n" in connect("--map", "jeans=auto").stdout


@pytest.mark.parametrize("option", ["coat=hat", "jeans=blouse", "jeans=belt,belt", "jeans"])
def test_what_is_refused_leaves_the_project_as_it_is(
    connect: Connect, ls_client: LabelStudioUser, outfits: int, option: str
) -> None:
    said = connect("--map", "jeans=trousers", "--map", option)
    assert isinstance(said.exception, LabelMappingError)
    assert len(str(said.exception).splitlines()) == 1
    assert ls_client.list_backends(outfits) == []


def test_what_is_one_region_is_set_and_stays(connect: Connect, outfits: int) -> None:
    told = "Each part of a label that lies apart, such as each shoe, is a region of its own\n"
    said = connect("--regions", "per-part")
    assert said.exit_code == 0, said.output
    assert told in said.stdout
    assert told in connect().stdout
    assert told not in connect("--regions", "per-label").stdout
    assert connect("--regions", "per-pixel").exit_code == 2
