"""Exports keep both labels where an annotator drew both."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hemline.export.formats.registry import FormatName
from hemline.export.run import run_export
from hemline.importing.offered import offered_masks
from hemline.labelstudio.project.config import parse_label_config
from hemline.labelstudio.regions import regions_to_layers
from hemline.masks.codecs.coco import decode_coco_rle
from hemline.masks.codecs.png import encode_class_mask
from hemline.masks.layers import Layers, encode_covered
from hemline.masks.parts import RegionsPer
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.projects import known_project
from hemline.store.models.regions_per import change_regions_per
from hemline.store.reports.export_masks import ExportFilter
from hemline.store.tables.loop import Task
from tests.export.conftest import HEIGHT, LABELS, WIDTH, Shop, read_png

DRESS, BELT = 1, 2


def plane(rows: slice, columns: slice) -> NDArray[np.bool_]:
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[rows, columns] = True
    return inside


DRESS_PLANE = plane(slice(10, 80), slice(20, 50))
BELT_PLANE = plane(slice(40, 46), slice(15, 55))


def drawn(*order: int, again: bool = False) -> Layers:
    layers = Layers(np.zeros((HEIGHT, WIDTH), np.uint8))
    for class_id in order:
        layers.put(class_id, DRESS_PLANE if class_id == DRESS else BELT_PLANE)
    if again:  # the dress over one end of the belt, which is over the rest of it
        layers.put(DRESS, DRESS_PLANE & plane(slice(0, HEIGHT), slice(0, 30)))
    return layers


def correct(shop: Shop, task: Task, layers: Layers) -> None:
    covered = encode_covered(layers)
    put = shop.sources.artifacts.put
    with shop.sources.store.session() as session:
        record_annotation(
            session,
            project_id=shop.project.id,
            task_id=task.id,
            ls_annotation_id=task.ls_task_id + 1000,
            mask_digest=put(encode_class_mask(layers.mask), "mask"),
            covered_digest=put(covered, "covered parts") if covered else None,
            width=WIDTH,
            height=HEIGHT,
        )


def export(shop: Shop, out: Path, form: FormatName) -> int:
    summary = run_export(shop.sources, shop.project, form, ExportFilter(), out)
    assert summary.failed == 0
    return summary.written


def same(one: Layers, other: Layers) -> bool:
    return np.array_equal(one.mask, other.mask) and encode_covered(one) == encode_covered(other)


@pytest.mark.parametrize("order", [(DRESS, BELT), (BELT, DRESS)])
def test_coco_has_each_label_whole_and_the_upper_one_last(
    shop: Shop, tmp_path: Path, order: tuple[int, int]
) -> None:
    layers = drawn(*order)
    correct(shop, shop.add("D1.png"), layers)
    export(shop, tmp_path / "out", FormatName.COCO)
    told = json.loads((tmp_path / "out" / "instances_rle.json").read_bytes())
    assert [each["category_id"] for each in told["annotations"]] == list(order)
    for each in told["annotations"]:
        whole = DRESS_PLANE if each["category_id"] == DRESS else BELT_PLANE
        assert np.array_equal(decode_coco_rle(each["segmentation"]) != 0, whole)
        assert each["area"] == whole.sum()
    (offer,) = offered_masks(tmp_path / "out", LABELS)
    assert np.array_equal(offer.read(), layers.mask)


@pytest.mark.parametrize("per", RegionsPer)
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("order", [(DRESS, BELT), (BELT, DRESS)])
def test_label_studios_json_is_read_as_the_same_layers(
    shop: Shop, tmp_path: Path, order: tuple[int, int], again: bool, per: RegionsPer
) -> None:
    with shop.sources.store.session() as session:
        change_regions_per(session, shop.project.id, per)
    with shop.sources.store.reading() as session:
        shop.project = known_project(session, 7)
    layers = drawn(*order, again=again)
    correct(shop, shop.add("D1.png"), layers)
    export(shop, tmp_path / "out", FormatName.LABEL_STUDIO)
    (task,) = json.loads((tmp_path / "out" / "tasks-001.json").read_bytes())
    result = task["annotations"][0]["result"]
    assert len({region["id"] for region in result}) == len(result)
    config = parse_label_config(shop.project.label_config)
    read = regions_to_layers(result, config=config, labels=LABELS, height=HEIGHT, width=WIDTH)
    assert same(read, layers)


def test_label_studios_json_has_the_projects_regions(shop: Shop, tmp_path: Path) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[10:40, 5:30] = mask[10:40, 40:70] = 1
    correct(shop, shop.add("D1.png"), Layers(mask))
    out = tmp_path / "out"
    assert export(shop, out, FormatName.LABEL_STUDIO) == 1
    with shop.sources.store.session() as session:
        change_regions_per(session, shop.project.id, RegionsPer.PART)
    with shop.sources.store.reading() as session:
        shop.project = known_project(session, 7)
    assert export(shop, out, FormatName.LABEL_STUDIO) == 1  # the folder is gone on with
    (task,) = json.loads((out / "tasks-001.json").read_bytes())
    assert len(task["annotations"][0]["result"]) == 2
    assert export(shop, tmp_path / "masks", FormatName.MASKS) == 1
    assert export(shop, tmp_path / "masks", FormatName.MASKS) == 0


def test_masks_have_the_whole_label_beside_them_where_it_is_covered(
    shop: Shop, tmp_path: Path
) -> None:
    task, out = shop.add("D1.png"), tmp_path / "out"
    correct(shop, task, drawn(DRESS, BELT))
    export(shop, out, FormatName.MASKS)
    assert np.array_equal(read_png(out / "masks" / "D1.png"), drawn(DRESS, BELT).mask)
    assert [path.name for path in (out / "whole").iterdir()] == ["D1-1.png"]
    assert np.array_equal(read_png(out / "whole" / "D1-1.png"), DRESS_PLANE * np.uint8(255))
    correct(shop, task, Layers(drawn(DRESS, BELT).mask))  # what was under the belt was erased
    assert export(shop, out, FormatName.MASKS) == 1
    assert list((out / "whole").iterdir()) == []


def test_yolo_has_each_label_whole(shop: Shop, tmp_path: Path) -> None:
    correct(shop, shop.add("D1.png"), drawn(DRESS, BELT))
    export(shop, tmp_path / "out", FormatName.YOLO)
    dress, belt = (tmp_path / "out" / "labels" / "D1.txt").read_text().splitlines()
    assert (dress[0], belt[0]) == ("0", "1")
    points = np.array(dress.split()[1:], dtype=float).reshape(-1, 2) * (WIDTH, HEIGHT)
    assert len(points) < 9  # four corners: no hole where the belt is
    assert np.abs(points.min(axis=0) - (20, 10)).max() < 1
    assert np.abs(points.max(axis=0) - (50, 80)).max() < 1


def test_covered_parts_that_are_gone_are_named(shop: Shop, tmp_path: Path) -> None:
    layers = drawn(DRESS, BELT)
    correct(shop, shop.add("D1.png"), layers)
    covered = encode_covered(layers)
    assert covered is not None
    shop.sources.artifacts.remove(shop.sources.artifacts.put(covered, "covered parts"))
    summary = run_export(
        shop.sources, shop.project, FormatName.COCO, ExportFilter(), tmp_path / "out"
    )
    assert summary.failed == 1
