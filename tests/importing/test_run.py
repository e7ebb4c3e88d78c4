"""Masks into a real Label Studio and out again."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

from hemline.importing.commands import app
from hemline.labelstudio.client import Json
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.regions import regions_to_mask
from hemline.labelstudio.server import LabelStudioServer
from hemline.masks.codecs.png import encode_class_mask
from hemline.settings import get_settings
from tests.plugins.label_studio_user import LabelStudioUser

pytestmark = pytest.mark.labelstudio

CONFIG = render_label_config(["dress", "belt"])
NAMES = ("D1_Front", "D2 Front", "D3_Front")


def mask_of(number: int) -> NDArray[np.uint8]:
    mask = np.zeros((90, 70), np.uint8)
    cv2.ellipse(mask, (35, 45), (20 + number, 30), 10, 0, 360, 1, cv2.FILLED)
    cv2.circle(mask, (30, 30), 5, 0, cv2.FILLED)
    mask[50:54][mask[50:54] > 0] = 2
    return mask


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    folder = tmp_path / "studio"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        (folder / f"{name}.png").write_bytes(encode_class_mask(mask_of(number)))
    return folder


@pytest.fixture
def project(
    label_studio: LabelStudioServer,
    ls_client: LabelStudioUser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[int]:
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio.account.token)
    monkeypatch.setenv("HEMLINE_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    number = ls_client.create_project("masks in", CONFIG)["id"]
    photo = cv2.imencode(".png", np.full((90, 70, 3), 200, np.uint8))[1].tobytes()
    ls_client.upload_files(number, [(f"{name}.png", photo) for name in NAMES])
    yield number
    ls_client.delete_project(number)


def bring(project: int, masks: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [str(project), "--masks", str(masks), *words])


def tasks(client: LabelStudioUser, project: int) -> list[Json]:
    return list(client.iter_tasks(project))


def read_back(result: list[Json]) -> bytes:
    config = parse_label_config(CONFIG)
    mask = regions_to_mask(result, config=config, labels=config.labels, height=90, width=70)
    return encode_class_mask(mask)


def test_masks_come_back_byte_for_byte_and_are_brought_once(
    ls_client: LabelStudioUser, project: int, masks: Path
) -> None:
    first = bring(project, masks)
    assert first.exit_code == 0, first.output
    assert "3 masks brought into project" in first.output
    found = tasks(ls_client, project)
    for number, task in enumerate(found):
        (annotation,) = task["annotations"]
        assert read_back(annotation["result"]) == (masks / f"{NAMES[number]}.png").read_bytes()
    assert "0 masks brought" in bring(project, masks).output
    assert [len(task["annotations"]) for task in tasks(ls_client, project)] == [1, 1, 1]


def test_what_does_not_fit_is_named_and_the_rest_goes_on(
    ls_client: LabelStudioUser, project: int, masks: Path
) -> None:
    (masks / "D9_Front.png").write_bytes(encode_class_mask(mask_of(1)))
    (masks / "D2 Front.png").write_bytes(encode_class_mask(mask_of(1)[:80]))
    (masks / "D3_Front.png").write_bytes(encode_class_mask(mask_of(1) * 2))
    result = bring(project, masks)
    assert result.exit_code == 1
    assert "1 masks brought" in result.stdout
    assert "has no photo 'D9_Front'" in result.stderr
    assert "the mask of 'D2 Front' is 70 x 80 px and its photo 70 x 90 px" in result.stderr
    assert "class id 4, which no label has" in result.stderr
    assert [len(task["annotations"]) for task in tasks(ls_client, project)] == [1, 0, 0]


def test_an_annotation_of_another_mask_is_left_alone(
    ls_client: LabelStudioUser, project: int, masks: Path
) -> None:
    bring(project, masks)
    (masks / "D1_Front.png").write_bytes(encode_class_mask(mask_of(9)))
    result = bring(project, masks)
    assert "has an annotation already, of another mask" in result.stderr
    assert "2 were there already, 1 skipped" in result.stdout


def test_masks_as_predictions_leave_what_is_shown(
    ls_client: LabelStudioUser, project: int, masks: Path
) -> None:
    task = tasks(ls_client, project)[0]["id"]
    shown = {"task": task, "result": [], "score": 0.5, "model_version": "champion-3"}
    ls_client.import_predictions(project, [shown])
    ls_client.update_project(project, model_version="champion-3")
    assert "3 masks brought" in bring(project, masks, "--as", "predictions").output
    assert ls_client.get_project(project)["model_version"] == "champion-3"
    again = bring(project, masks, "--as", "predictions")
    assert "0 masks brought" in again.output
    assert "3 were there already" in again.output
    for number, task in enumerate(tasks(ls_client, project)):
        brought = [p for p in task["predictions"] if p["model_version"] == "imported"]
        assert [read_back(p["result"]) for p in brought] == [encode_class_mask(mask_of(number))]
