"""Projects that are labelled with polygons or bitmasks are pre-filled in their own control."""

import numpy as np
import pytest

from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.regions import mask_to_regions
from hemline.masks.codecs.region import Control
from hemline.masks.figures.overlap import dice
from hemline.store.tables.loop import Annotation
from tests.e2e.conftest import Deployment, as_mask
from tests.e2e.editor import Editor
from tests.e2e.house_style import Shot, shoot
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.labelstudio, pytest.mark.browser, pytest.mark.timeout(900)]

TYPES = {"polygon": "polygonlabels", "bitmask": "bitmasklabels"}


def arrived(deployment: Deployment, project: int, ls_annotation_id: int) -> Annotation:
    return eventually(
        lambda: deployment.annotation(project, ls_annotation_id),
        f"annotation {ls_annotation_id} arrives in the store",
    )


def connected(deployment: Deployment, config: str, name: str) -> tuple[int, dict[int, Shot]]:
    """A connected project of that label config, and its photos by task."""
    folder = deployment.stack.files_root / name
    shots = {shot.path.name: shot for shot in shoot(folder, 2, first=40)}
    made: int = deployment.stack.client.create_project(name, config)["id"]
    tasks = deployment.import_folder(made, folder)
    deployment.stack.connect(made)
    return made, {tasks[file]: shot for file, shot in shots.items()}


@pytest.mark.parametrize("control", ["polygon", "bitmask"])
def test_a_task_opens_masked_in_its_own_control_and_is_submitted_untouched(
    deployment: Deployment, editor: Editor, control: Control
) -> None:
    config = render_label_config(["garment"], control)
    project, shots = connected(deployment, config, f"Labelled by {control}")
    task, shot = next(iter(shots.items()))
    opened = editor.open_task(project, task)
    eventually(editor.region_names, "a region is listed")
    (prediction,) = opened["predictions"]
    assert {region["type"] for region in prediction["result"]} == {TYPES[control]}
    assert set(editor.region_names()) == {"garment"}
    editor.wait_for_mask(shot.image)

    saved = editor.submit()

    assert {region["type"] for region in saved["result"]} == {TYPES[control]}
    row = arrived(deployment, project, saved["id"])
    assert (row.untouched, row.dice, row.problem) == (True, 1.0, None)
    assert row.mask_digest is not None
    mask = deployment.mask(row.mask_digest)
    assert np.array_equal(mask, as_mask(saved["result"], parse_label_config(config)))
    assert dice(mask > 0, shot.garment > 0) > 0.8
    assert editor.errors == []


def test_what_polygons_add_to_a_brush_is_one_mask(deployment: Deployment, editor: Editor) -> None:
    """A project with a brush and polygons of the same label: by label, what either has counts."""
    brush = render_label_config(["garment"])
    polygons = (
        '<PolygonLabels name="outline" toName="image"><Label value="garment"/></PolygonLabels>'
    )
    config = brush.replace("</View>", f"  {polygons}\n</View>")
    project, shots = connected(deployment, config, "Brush and polygons")
    task, shot = next(iter(shots.items()))
    editor.open_task(project, task)
    drawn = editor.wait_for_mask(shot.image)
    assert drawn.any()
    half = shot.garment.copy()
    half[: half.shape[0] // 2] = 0
    height, width = half.shape
    corner = {"points": [[0, 0], [12, 0], [12, 10], [0, 10]], "polygonlabels": ["garment"]}
    added = {
        "id": "corner",
        "type": "polygonlabels",
        "from_name": "outline",
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": corner,
    }
    brushed = mask_to_regions(
        half, config=parse_label_config(brush), labels=["garment"], region_scores={}, seed="half"
    )
    made = deployment.stack.client.create_annotation(task, [*brushed, added], lead_time=4.0)
    row = arrived(deployment, project, made["id"])
    assert row.mask_digest is not None
    mask = deployment.mask(row.mask_digest)
    wanted = as_mask(brushed) > 0
    inside = mask[: int(height * 0.1) - 1, : int(width * 0.12) - 1]
    assert inside.all()
    assert (mask > 0)[wanted].all()
    assert not (mask > 0)[height // 4 : height // 2].any()
