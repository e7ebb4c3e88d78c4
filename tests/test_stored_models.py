"""`--model` by a version's name, from a real store and its artifacts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hemline.errors import ArtifactError, ModelError
from hemline.segmentation.commands import model_choice
from hemline.segmentation.commands.model_choice import find_model
from hemline.segmentation.model_card import read_card
from hemline.segmentation.starter import starter_path
from hemline.settings import get_settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.models.models import create_version
from hemline.stored_models import StoredModels


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("DATABASE_URL", "HEMLINE_ARTIFACT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HEMLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(model_choice, "_open_versions", StoredModels)
    get_settings.cache_clear()
    yield tmp_path / "home"
    get_settings.cache_clear()


@pytest.fixture
def digest(home: Path) -> str:
    """Two versions of project 7 are stored, the second with the starter's weights."""
    artifacts = ArtifactStore(get_settings().artifacts)
    weights = starter_path().read_bytes()
    digests = [artifacts.put(b"not the one", "model"), artifacts.put(weights, "model")]
    store = Store(get_settings().database)
    store.upgrade()
    with store.session() as session:
        project = upsert_project(session, ls_project_id=7)
        for each in digests:
            create_version(
                session,
                project.id,
                recipe={"name": "hemline"},
                labels=["garment"],
                weights_digest=each,
                code_version="test",
            )
    store.dispose()
    return digests[1]


def test_a_version_is_found_by_its_name(digest: str) -> None:
    path = find_model("hemline-7-v2")
    assert path.read_bytes() == starter_path().read_bytes()
    assert read_card(path) == read_card(starter_path())


def test_an_unknown_name_is_answered_with_those_there_are(digest: str) -> None:
    with pytest.raises(ModelError, match=r"'hemline-7-v3'.* starter, hemline-7-v1, hemline-7-v2"):
        find_model("hemline-7-v3")


def test_lost_weights_are_named(digest: str) -> None:
    ArtifactStore(get_settings().artifacts).local_path(digest).unlink()
    with pytest.raises(ArtifactError, match=digest):
        find_model("hemline-7-v2")


def test_without_a_store_none_is_made(home: Path) -> None:
    with pytest.raises(ModelError, match="or starter"):
        find_model("hemline-7-v2")
    assert not list(home.rglob("*.db"))
