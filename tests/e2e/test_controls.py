"""Projects that are labelled with polygons or bitmasks are pre-filled in their own control."""

import re

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.regions import mask_to_regions
from hemline.masks.codecs.region import Control
from hemline.masks.figures.overlap import dice
from hemline.store.loop.predictions import find_prediction
from hemline.store.loop.projects import get_project
from hemline.store.loop.tasks import get_task
from hemline.store.models.models import champion
from hemline.store.tables.loop import Annotation
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import draw_scene
from hemline.studio.wardrobe.wardrobe import GarmentType
from tests.e2e.conftest import ARTIFACTS, Deployment, as_mask
from tests.e2e.editor import Editor
from tests.e2e.house_style import Shot, save_photo, shoot
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.labelstudio, pytest.mark.browser, pytest.mark.timeout(900)]

TYPES = {"brush": "brushlabels", "polygon": "polygonlabels", "bitmask": "bitmasklabels"}
OUTFIT = ("hair", "skin", "top", "trousers", "shoes", "bag")


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


@pytest.mark.parametrize("control", ["brush", "polygon", "bitmask"])
def test_six_labels_open_with_a_region_for_each_that_was_found_in_its_own_colour(
    deployment: Deployment, editor: Editor, control: Control
) -> None:
    """Whatever the starter's weights are: what it found is what the editor shows."""
    text = render_label_config(OUTFIT, control)
    config = parse_label_config(text)
    project, task, image = outfit(deployment, text, f"Six by {control}", height=384, width=256)
    opened = editor.open_task(project, task)
    (prediction,) = opened["predictions"]
    mask = predicted_mask(deployment, project, task)
    found = {label for k, label in enumerate(OUTFIT, 1) if (mask == k).any()}
    assert len(found) >= 2  # else this says nothing of several

    names = {label for region in prediction["result"] for label in region["value"][TYPES[control]]}
    eventually(lambda: shown_labels(editor) == names, "each region is listed")
    large = [k for k, label in enumerate(OUTFIT, 1) if (mask == k).mean() > 0.01]
    if control == "polygon":  # what is thinner than a pixel has none
        assert {OUTFIT[k - 1] for k in large} <= names <= found
    else:
        assert names == found
        assert np.array_equal(as_mask(prediction["result"], config), mask)
    for k in large:
        where = cv2.erode((mask == k).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        if where.any():
            see_colour(editor, image, where, text, OUTFIT[k - 1])

    saved = editor.submit()
    row = arrived(deployment, project, saved["id"])
    assert (row.untouched, row.problem) == (True, None)
    assert row.mask_digest is not None
    assert np.array_equal(deployment.mask(row.mask_digest), as_mask(saved["result"], config))
    assert editor.errors == []


def test_the_picture_of_several_labels(deployment: Deployment, editor: Editor) -> None:
    """A photo as large as real ones, for docs/images/several-labels.png: copy this screenshot."""
    text = render_label_config(OUTFIT)
    project, task, image = outfit(deployment, text, "Outfits, autumn", height=768, width=512)
    editor.open_task(project, task)
    mask = predicted_mask(deployment, project, task)
    largest = (
        mask == np.bincount(mask[mask > 0]).argmax()
    )  # all colours together may be the photo's
    eventually(lambda: float(np.abs(editor.tint(image, largest)).max()) > 20, "the masks are drawn")
    editor.screenshot(ARTIFACTS / "several-labels.png")
    assert set(editor.region_names()) == {OUTFIT[k - 1] for k in np.unique(mask) if k}


def outfit(
    deployment: Deployment, config: str, title: str, *, height: int, width: int
) -> tuple[int, int, NDArray[np.uint8]]:
    """A connected project of that label config, and its one task: a person with a bag."""
    folder = deployment.stack.files_root / title.replace(" ", "-")
    folder.mkdir()
    scene = draw_scene(
        21,
        height=height,
        width=width,
        kind=FigureKind.PERSON,
        garment_type=GarmentType.TROUSERS,
        bag=True,
    )
    image = save_photo(folder / "person21_Front.jpg", scene)
    project: int = deployment.stack.client.create_project(title, config)["id"]
    connection = deployment.stack.connect(project, first_model=True)
    assert connection.model_version == f"hemline-{project}-v1"
    return project, deployment.import_folder(project, folder)["person21_Front.jpg"], image


def predicted_mask(deployment: Deployment, project: int, task: int) -> NDArray[np.uint8]:
    """What the first version found in the task, as it is stored, before it became regions."""
    with deployment.store.reading() as session:
        row = get_project(session, project)
        assert row is not None
        stored, version = get_task(session, row.id, task), champion(session, row.id)
        assert stored is not None
        assert version is not None
        assert tuple(version.labels) == OUTFIT
        prediction = find_prediction(session, stored.id, version.id)
        assert prediction is not None
    return deployment.mask(prediction.mask_digest)


def shown_labels(editor: Editor) -> set[str]:
    """The labels of all regions that the editor has; its list draws those in sight alone."""
    areas = "[...(window.Htx?.annotationStore?.selected?.areas?.values() ?? [])]"
    labels = "flatMap(area => area.results.flatMap(result => result.mainValue))"
    return set(editor.page.evaluate(f"() => {areas}.{labels}"))


def see_colour(
    editor: Editor, image: NDArray[np.uint8], where: NDArray[np.bool_], config: str, own: str
) -> None:
    """Wait until the photo is drawn in that label's colour there."""
    eventually(
        lambda: nearest_colour(editor, image, where, config) == own,
        f"'{own}' is shown in its own colour",
    )


def nearest_colour(
    editor: Editor, image: NDArray[np.uint8], where: NDArray[np.bool_], config: str
) -> str:
    """The label to whose colour the photo is drawn most there."""
    tint, plain = editor.tint(image, where), image[where].mean(axis=0)

    def likeness(code: str) -> float:
        towards = np.frombuffer(bytes.fromhex(code), dtype=np.uint8) - plain
        return float(tint @ towards / (np.linalg.norm(tint) * np.linalg.norm(towards) + 1e-9))

    colours: dict[str, str] = dict(
        re.findall(r'<Label value="(\w+)" background="#(\w{6})"', config)
    )
    return max(colours, key=lambda label: likeness(colours[label]))


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
