"""What is exported and read again is the same mask, or as near to it as the format can say."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image
from pycocotools.coco import COCO

from hemline.colour import srgb_profile
from hemline.export.formats import labelstudio as labelstudio_export
from hemline.export.formats.registry import FormatName
from hemline.export.run import run_export
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.regions import regions_to_mask
from hemline.masks.codecs.coco import polygons_to_mask
from hemline.masks.codecs.outlines import join_rings, mask_to_rings
from hemline.masks.cutouts.cutout import soften_edge
from hemline.masks.figures.overlap import iou
from hemline.store.reports.export_masks import ExportFilter, MaskChoice
from hemline.store.tables.loop import Task
from tests.export.conftest import HEIGHT, LABELS, WIDTH, Pixels, Shop, figure, read_png
from tests.plugins.label_studio_user import LabelStudioUser

CONFIG = parse_label_config(render_label_config(LABELS))


def export(shop: Shop, out: Path, form: FormatName, masks: MaskChoice) -> None:
    chosen = ExportFilter(masks, shop.version.id)
    assert run_export(shop.sources, shop.project, form, chosen, out).failed == 0


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def three(shop: Shop, corrected: list[Task]) -> Shop:
    """Three corrections and a prediction, D4."""
    shop.predict(shop.add("D4_Front.png"), figure(4)[1])
    return shop


@pytest.mark.parametrize("number", [1, 4])
def test_masks_come_back_exactly(three: Shop, out: Path, number: int) -> None:
    export(three, out, FormatName.MASKS, MaskChoice.BEST)
    read = read_png(out / "masks" / f"D{number}_Front.png")
    assert (read == figure(number)[1]).all()
    assert (out / "labels.txt").read_text().split() == LABELS


def test_cutouts_hold_the_photo_within_the_mask(three: Shop, out: Path) -> None:
    export(three, out, FormatName.CUTOUTS, MaskChoice.BEST)
    read = read_png(out / "cutouts" / "D1_Front.png")
    cutout = read[..., [2, 1, 0, 3]].astype(np.uint8)
    photo, mask = figure(1)
    assert ((cutout[..., 3] > 127) == (mask > 0)).all()
    assert (cutout[mask > 0][:, :3] == photo[mask > 0]).all()
    assert (cutout[cutout[..., 3] == 0] == 0).all()
    assert 0 < ((cutout[..., 3] > 0) & (cutout[..., 3] < 255)).mean() < 0.5  # a soft edge
    with Image.open(out / "cutouts" / "D1_Front.png") as image:
        assert image.info["icc_profile"] == srgb_profile()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pycocotools")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_coco_is_read_by_pycocotools(
    three: Shop, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(three, out, FormatName.COCO, MaskChoice.BEST)
    exact = COCO(str(out / "instances_rle.json"))
    near = COCO(str(out / "instances_polygons.json"))
    assert [category["name"] for category in exact.loadCats(exact.getCatIds())] == LABELS
    for number, image in enumerate(exact.loadImgs(exact.getImgIds()), start=1):
        truth = figure(number)[1]
        assert image["file_name"] == f"D{number}_Front.png"
        assert (image["height"], image["width"]) == truth.shape
        for annotation in exact.loadAnns(exact.getAnnIds(image["id"])):
            mask = exact.annToMask(annotation)
            assert (mask == (truth == annotation["category_id"])).all()
            assert annotation["area"] == mask.sum()
            x, y, width, height = annotation["bbox"]
            assert mask[y : y + height, x : x + width].sum() == mask.sum()
        for annotation in near.loadAnns(near.getAnnIds(image["id"])):
            mask = near.annToMask(annotation)
            assert iou(mask, truth == annotation["category_id"]) > 0.95  # 40 px across


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pycocotools")
def test_coco_by_part_has_an_instance_for_each_island(
    three: Shop, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each photo's dress has an island; together the parts of a label are the label."""
    export(three, out, FormatName.COCO_PARTS, MaskChoice.BEST)
    read = COCO(str(out / "instances_rle.json"))
    for number, image in enumerate(read.loadImgs(read.getImgIds()), start=1):
        truth = figure(number)[1]
        for category in (1, 2):
            instances = read.loadAnns(read.getAnnIds(image["id"], catIds=[category]))
            masks = [read.annToMask(instance) for instance in instances]
            assert (
                len(masks) == cv2.connectedComponents((truth == category).astype(np.uint8))[0] - 1
            )
            assert (np.sum(masks, axis=0) == (truth == category)).all()
            for instance, mask in zip(instances, masks, strict=True):
                assert instance["area"] == mask.sum()
                assert cv2.connectedComponents(mask)[0] == 2
    dresses = read.getAnnIds(read.getImgIds()[0], catIds=[1])
    assert len(dresses) > 1
    assert len(COCO(str(out / "instances_polygons.json")).getAnnIds()) <= len(read.getAnnIds())


def test_yolo_fills_to_the_same_mask(three: Shop, out: Path) -> None:
    export(three, out, FormatName.YOLO, MaskChoice.BEST)
    lines = (out / "labels" / "D2_Front.txt").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["0", "1"]
    for line in lines:
        class_id, *shares = line.split()
        points = np.array(shares, dtype=np.float64).reshape(-1, 2)
        assert points.min() >= 0
        assert points.max() <= 1
        filled = np.zeros((HEIGHT, WIDTH), np.uint8)
        pixels = np.round(points * (WIDTH, HEIGHT) * 16 - 8).astype(np.int32)
        cv2.fillPoly(filled, [pixels], 1, shift=4)
        # OpenCV also draws the walk to the hole and to the island, a pixel wide.
        assert iou(filled, figure(2)[1] == int(class_id) + 1) > 0.9
    assert '1: "belt"' in (out / "data.yaml").read_text()


def test_label_studio_tasks_come_back_exactly(three: Shop, out: Path) -> None:
    export(three, out, FormatName.LABEL_STUDIO, MaskChoice.BEST)
    tasks = json.loads((out / "tasks-001.json").read_bytes())
    assert [sorted(task) for task in tasks] == [["annotations", "data"]] * 3 + [
        ["data", "predictions"]
    ]
    for number, task in enumerate(tasks, start=1):
        (made,) = task.get("annotations") or task["predictions"]
        read = regions_to_mask(
            made["result"], config=CONFIG, labels=LABELS, height=HEIGHT, width=WIDTH
        )
        assert (read == figure(number)[1]).all()
    assert tasks[3]["predictions"][0]["model_version"] == three.version.name
    assert tasks[3]["predictions"][0]["score"] == 0.75


def test_label_studio_tasks_are_cut_into_uploads(
    three: Shop, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labelstudio_export, "LARGEST_FILE", 3000)
    export(three, out, FormatName.LABEL_STUDIO, MaskChoice.BEST)
    files = sorted(out.glob("tasks-*.json"))
    assert len(files) > 1
    assert sum(len(json.loads(path.read_bytes())) for path in files) == 4


def test_a_project_that_became_another_has_its_labels_mapped(shop: Shop, out: Path) -> None:
    """A model's class ids are those of its own labels, not of the label config of today."""
    shop.predict(shop.add("D1_Front.png"), figure(1)[1])
    shop.project.label_config = render_label_config(["hat", "belt"])
    export(shop, out, FormatName.MASKS, MaskChoice.PREDICTIONS)
    read = read_png(out / "masks" / "D1_Front.png")
    assert (read == np.where(figure(1)[1] == 2, 2, 0)).all()


def test_one_label_is_written_white(shop: Shop, out: Path) -> None:
    shop.correct(shop.add("D1_Front.png"), (figure(1)[1] > 0).astype(np.uint8))
    shop.project.label_config = render_label_config(["garment"])
    export(shop, out, FormatName.MASKS, MaskChoice.CORRECTIONS)
    read = read_png(out / "masks" / "D1_Front.png")
    assert set(np.unique(read)) == {0, 255}


@given(arrays(np.bool_, (9, 7)))
def test_a_soft_edge_keeps_every_pixel_on_its_side(mask: NDArray[np.bool_]) -> None:
    assert ((soften_edge(mask) > 127) == mask).all()


def test_rings_keep_holes_and_islands() -> None:
    mask: Pixels = np.zeros((400, 300), np.uint8)
    cv2.ellipse(mask, (150, 180), (90, 150), 10, 0, 360, 1, cv2.FILLED)
    cv2.circle(mask, (120, 120), 25, 0, cv2.FILLED)
    cv2.circle(mask, (180, 240), 30, 0, cv2.FILLED)
    cv2.circle(mask, (180, 240), 8, 1, cv2.FILLED)  # an island within a hole
    cv2.circle(mask, (20, 20), 12, 1, cv2.FILLED)
    rings = mask_to_rings(mask)
    assert len(rings) == 3
    assert iou(polygons_to_mask([ring.ravel().tolist() for ring in rings], 400, 300), mask) > 0.99
    whole = join_rings(rings)
    assert whole is not None
    assert iou(polygons_to_mask([whole.ravel().tolist()], 400, 300), mask) > 0.985


def test_nothing_has_no_outline() -> None:
    assert mask_to_rings(np.zeros((4, 4), np.uint8)) == []
    assert join_rings([]) is None


@pytest.mark.labelstudio
def test_the_real_label_studio_takes_it_back(
    three: Shop, out: Path, ls_client: LabelStudioUser
) -> None:
    export(three, out, FormatName.LABEL_STUDIO, MaskChoice.BEST)
    config = render_label_config(LABELS)
    project = ls_client.create_project("imported", config)["id"]
    ls_client.import_tasks(project, json.loads((out / "tasks-001.json").read_bytes()))
    tasks = sorted(ls_client.iter_tasks(project), key=lambda task: task["id"])
    assert len(tasks) == 4
    for number, task in enumerate(tasks, start=1):
        kind = "predictions" if number == 4 else "annotations"
        (made,) = task[kind]
        read = regions_to_mask(
            made["result"], config=CONFIG, labels=LABELS, height=HEIGHT, width=WIDTH
        )
        assert (read == figure(number)[1]).all()
