"""What `hemline connect` does about labels: it keeps `--map`, and says what each label means."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hemline.errors import LabelConfigError, LabelMappingError, StoreError
from hemline.labelstudio.project.config import render_label_config
from hemline.masks.parts import RegionsPer
from hemline.prefill.connected_labels import keep_labels
from hemline.prefill.label_mapping import read_mapping
from hemline.settings import Settings, get_settings
from hemline.store.database.engine import Store, open_store
from hemline.store.loop.projects import get_project, known_project
from hemline.store.models.models import create_version, promote
from hemline.store.models.regions_per import read_regions_per
from hemline.store.tables.loop import DatasetSnapshot

LABELS = ("top", "trousers", "zipper")


def project(*labels: str) -> dict[str, Any]:
    """A project as Label Studio has it."""
    return {"id": 7, "title": "Outfits", "label_config": render_label_config(labels or LABELS)}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("HEMLINE_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


@pytest.fixture
def store(settings: Settings, sqlite_template: Path) -> Iterator[Store]:
    shutil.copy(sqlite_template, settings.home_path / "hemline.db")
    store = open_store(settings.database)
    yield store
    store.dispose()


def classes(store: Store) -> dict[str, tuple[str, ...]]:
    with store.reading() as session:
        return read_mapping(session, known_project(session, 7).id, LABELS).classes_of


def test_a_new_project_is_left_to_the_backend(store: Store) -> None:
    said = keep_labels(project(), [])
    assert said.first_model
    assert "  top = top" in said.lines
    assert "  zipper: the starter draws no parts of garments" in said.lines
    with store.reading() as session:
        assert get_project(session, 7) is None
    assert not keep_labels(project("collar", "zipper"), []).first_model
    assert keep_labels(project("mask"), []).lines == ()
    assert keep_labels(project("mask"), []).first_model


def test_what_is_set_is_kept_and_another_connect_leaves_it(store: Store) -> None:
    said = keep_labels(project(), ["zipper=belt,hat", "trousers=trousers,shorts"])
    assert "  zipper = hat, belt (set by hemline connect)" in said.lines
    assert "  trousers = trousers, shorts (set by hemline connect)" in said.lines
    assert keep_labels(project(), []).lines == said.lines
    keep_labels(project(), ["trousers=auto"])
    assert classes(store) == {
        "top": ("top",),
        "trousers": ("trousers",),
        "zipper": ("hat", "belt"),
    }
    with store.reading() as session:
        assert known_project(session, 7).title == "Outfits"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["zipper=belt", "coat=outerwear"], "no label 'coat'"),
        (["zipper=belt", "top=blouse"], "no class 'blouse'"),
        (["zipper=belt,belt"], "twice"),
        (["zipper=belt", "top=belt"], "'belt' would be that of"),
        (["zipper"], "names no label and classes"),
    ],
)
def test_what_cannot_be_set_changes_nothing(store: Store, options: list[str], words: str) -> None:
    with pytest.raises(LabelMappingError, match=words):
        keep_labels(project(), options)
    with store.reading() as session:
        assert get_project(session, 7) is None


def test_a_label_config_that_cannot_be_used_says_so(store: Store) -> None:
    with pytest.raises(LabelConfigError, match="has no <Image>"):
        keep_labels({"id": 7, "label_config": "<View/>"}, ["top=top"])


def test_what_was_trained_needs_no_meaning(store: Store) -> None:
    keep_labels(project(), ["zipper=belt"])
    with store.session() as session:
        row = known_project(session, 7)
        snapshot = DatasetSnapshot(project_id=row.id, digest="d" * 64, labels=[*LABELS])
        session.add(snapshot)
        session.flush()
        version = create_version(
            session,
            row.id,
            recipe={},
            labels=LABELS,
            weights_digest="w" * 64,
            code_version="0",
            snapshot_id=snapshot.id,
        )
        promote(session, version.id)
    (line,) = keep_labels(project(), []).lines
    assert line.startswith("hemline-7-v1 was trained on corrections")


def test_without_a_database_names_are_looked_up_and_nothing_can_be_set(settings: Settings) -> None:
    said = keep_labels(project(), [])
    assert "  trousers = trousers" in said.lines
    assert "cannot be looked up: there is no database" in said.lines[-1]
    with pytest.raises(StoreError, match="hemline migrate"):
        keep_labels(project(), ["zipper=belt"])


def per(store: Store) -> RegionsPer:
    with store.reading() as session:
        return read_regions_per(session, known_project(session, 7).id)


def test_what_is_one_region_is_kept_until_it_is_set_again(store: Store) -> None:
    told = "Each part of a label that lies apart, such as each shoe, is a region of its own"
    assert told not in keep_labels(project(), []).lines
    assert keep_labels(project(), [], "per-part").lines[-1] == told
    assert per(store) is RegionsPer.PART
    assert keep_labels(project(), ["zipper=belt"]).lines[-1] == told
    assert told not in keep_labels(project(), [], "per-label").lines
    assert per(store) is RegionsPer.LABEL


def test_polygons_cannot_be_one_for_each_label(store: Store) -> None:
    outlined = project() | {"label_config": render_label_config(LABELS, "polygon")}
    said = keep_labels(outlined, [], "per-label").lines
    assert said[-1].startswith("Polygons are one for each part in any case")
    assert said[-1] not in keep_labels(outlined, []).lines


def test_what_is_one_region_cannot_be_set_without_a_database(settings: Settings) -> None:
    with pytest.raises(StoreError, match="hemline migrate"):
        keep_labels(project(), [], "per-part")
