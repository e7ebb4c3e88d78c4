"""Masks that are brought in become the regions that the project wants, each mask once."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest

from hemline.importing.offered import OfferedMask
from hemline.importing.run import ImportAs, ImportSummary, Target, run_import
from hemline.importing.stored import stored_regions_per
from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.photos.photos import PhotoFetcher
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.regions import regions_to_mask
from hemline.masks.parts import RegionsPer
from hemline.settings import Settings
from hemline.store.database.engine import open_store
from hemline.store.loop.projects import upsert_project
from hemline.store.models.regions_per import change_regions_per

CONFIG = parse_label_config(render_label_config(["shoes"]))
SHOES = np.zeros((90, 70), np.uint8)
SHOES[60:80, 5:25] = SHOES[60:80, 40:65] = 1


class Client:
    """A Label Studio with one task."""

    def __init__(self) -> None:
        self.task: dict[str, Any] = {
            "id": 3,
            "data": {"image": "/data/upload/7/D1.png"},
            "annotations": [],
            "predictions": [],
        }

    def iter_tasks(self, project: int, **_: Any) -> Iterator[dict[str, Any]]:
        yield self.task

    def import_predictions(self, project: int, made: list[dict[str, Any]]) -> int:
        self.task["predictions"] += made
        return len(made)

    def create_annotation(self, task: int, result: list[dict[str, Any]]) -> None:
        self.task["annotations"].append({"result": result})


def bring(client: Client, per: RegionsPer, kind: ImportAs, mask: Any = SHOES) -> ImportSummary:
    photo = cv2.imencode(".png", np.zeros((90, 70, 3), np.uint8))[1].tobytes()
    photos = SimpleNamespace(fetch=lambda *_, **__: SimpleNamespace(data=photo, name="D1.png"))
    target = Target(
        cast(LabelStudioClient, client), cast(PhotoFetcher, photos), 7, CONFIG, 10**8, per
    )
    return run_import(target, [OfferedMask("D1", lambda: mask)], kind)


def brought(client: Client, kind: ImportAs) -> list[list[dict[str, Any]]]:
    return [each["result"] for each in client.task[kind.value]]


@pytest.mark.parametrize("kind", ImportAs)
@pytest.mark.parametrize(("per", "number"), [(RegionsPer.LABEL, 1), (RegionsPer.PART, 2)])
def test_a_mask_becomes_these_regions(kind: ImportAs, per: RegionsPer, number: int) -> None:
    client = Client()
    assert bring(client, per, kind).brought == 1
    (result,) = brought(client, kind)
    assert len(result) == number
    read = regions_to_mask(result, config=CONFIG, labels=CONFIG.labels, height=90, width=70)
    assert np.array_equal(read, SHOES)


@pytest.mark.parametrize("kind", ImportAs)
@pytest.mark.parametrize("first", RegionsPer)
def test_a_mask_that_is_there_in_other_regions_is_there(kind: ImportAs, first: RegionsPer) -> None:
    client = Client()
    bring(client, first, kind)
    for per in RegionsPer:
        again = bring(client, per, kind)
        assert (again.brought, again.already, again.skipped) == (0, 1, [])
    assert len(brought(client, kind)) == 1


def test_another_mask_is_another() -> None:
    client = Client()
    bring(client, RegionsPer.PART, ImportAs.ANNOTATIONS)
    other = SHOES[:, ::-1].copy()
    ((_, why),) = bring(client, RegionsPer.PART, ImportAs.ANNOTATIONS, other).skipped
    assert "of another mask" in why


def test_what_the_project_wants_is_looked_up(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = Settings(home=tmp_path)
    per, unknown = stored_regions_per(settings, 7)
    assert per is RegionsPer.LABEL
    assert unknown is not None
    assert unknown.startswith("each label becomes one region: there is no database")
    shutil.copy(sqlite_template, tmp_path / "hemline.db")
    assert stored_regions_per(settings, 7) == (RegionsPer.LABEL, None)
    store = open_store(settings.database)
    with store.session() as session:
        project = upsert_project(session, ls_project_id=7)
        change_regions_per(session, project.id, RegionsPer.PART)
    store.dispose()
    assert stored_regions_per(settings, 7) == (RegionsPer.PART, None)
