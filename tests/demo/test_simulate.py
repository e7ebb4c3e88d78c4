"""A simulation of several labels on the real programs, short of a training."""

import shutil
from pathlib import Path

import pytest

from hemline.demo.simulate import simulate
from hemline.demo.simulated import as_markdown
from hemline.demo.simulated_data import open_simulated
from hemline.prefill.starters import label_classes_of
from hemline.segmentation.recipe.recipe import load_recipe
from hemline.store.database.engine import Store
from hemline.store.loop.annotations import corrections_since
from hemline.store.loop.projects import list_projects
from hemline.store.models.models import champion
from tests.plugins.label_studio import ACCOUNT

pytestmark = [pytest.mark.labelstudio, pytest.mark.slow, pytest.mark.timeout(1200)]


def test_several_labels_are_pre_filled_corrected_and_measured(
    tmp_path: Path, label_studio_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(label_studio_data, tmp_path / "home" / "label-studio")
    monkeypatch.setattr("hemline.demo.simulate.Account", lambda: ACCOUNT)
    data = open_simulated("studio:3", ["clothes=dress,top,skirt", "head=hair", "shoes=auto"])
    told: list[int] = []
    rows = simulate(
        data.dataset,
        corrections=3,
        batch=3,
        unseen_at_most=2,
        home=tmp_path / "home",
        starter_classes=data.starter_classes,
        recipe=load_recipe("hemline"),
        on_row=lambda row: told.append(row.corrections),
    )
    assert told == [row.corrections for row in rows] == [0, 3]
    assert [row.model_version for row in rows] == ["hemline-1-v1"] * 2
    assert rows[0].decision == "the starter"
    assert rows[1].decision == "no training: too few gold garments yet"
    assert list(rows[0].labels) == ["clothes", "head", "shoes"]
    assert rows[1].labels == rows[0].labels  # the same version's masks of the same photos
    assert "| clothes |" in as_markdown(rows)
    store = Store(f"sqlite:///{tmp_path / 'home' / 'hemline.db'}")
    with store.reading() as session:
        (project,) = list_projects(session)
        version = champion(session, project.id)
        assert version is not None
        assert label_classes_of(version) == {
            "clothes": ("top", "dress", "skirt"),
            "head": ("hair",),
            "shoes": ("shoes",),
        }
        assert corrections_since(session, project.id, None) == 3
    store.dispose()
