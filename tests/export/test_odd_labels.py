"""Exports of labels as people name them, and what `hemline import` makes of the files."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter

from hemline.errors import MaskError
from hemline.export.formats.registry import FormatName
from hemline.export.run import run_export
from hemline.importing.offered import offered_masks
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.regions import regions_to_mask
from hemline.store.loop.projects import upsert_project
from hemline.store.reports.export_masks import ExportFilter
from tests.export.conftest import HEIGHT, WIDTH, Shop
from tests.labelstudio.test_odd_labels import SIXTY


def dots() -> NDArray[np.uint8]:
    """A mask of sixty labels, a square each."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for number in range(60):
        row, column = divmod(number, 8)
        mask[12 * row : 12 * row + 8, 9 * column : 9 * column + 7] = number + 1
    return mask


@pytest.fixture
def odd(shop: Shop) -> Shop:
    """A project of sixty labels and one correction that has all of them."""
    with shop.sources.store.session() as session:
        shop.project = upsert_project(
            session, ls_project_id=7, label_config=render_label_config(SIXTY)
        )
    shop.correct(shop.add("D1.png"), dots())
    return shop


def export(shop: Shop, out: Path, form: FormatName) -> Path:
    assert run_export(shop.sources, shop.project, form, ExportFilter(), out).failed == 0
    return out


@pytest.mark.parametrize("form", [FormatName.MASKS, FormatName.COCO, FormatName.COCO_PARTS])
def test_what_is_exported_is_imported_again(odd: Shop, tmp_path: Path, form: FormatName) -> None:
    (offer,) = offered_masks(export(odd, tmp_path / "out", form), SIXTY)
    assert np.array_equal(offer.read(), dots())


def test_label_studios_json_has_every_label(odd: Shop, tmp_path: Path) -> None:
    out = export(odd, tmp_path / "out", FormatName.LABEL_STUDIO)
    (task,) = json.loads((out / "tasks-001.json").read_bytes())
    config = parse_label_config(odd.project.label_config)
    read = regions_to_mask(
        task["annotations"][0]["result"],
        config=config,
        labels=SIXTY,
        height=HEIGHT,
        width=WIDTH,
    )
    assert np.array_equal(read, dots())


def test_yolo_names_every_class(odd: Shop, tmp_path: Path) -> None:
    out = export(odd, tmp_path / "out", FormatName.YOLO)
    lines = (out / "data.yaml").read_text("utf-8").split("names:\n")[1].splitlines()
    names = [line.strip().partition(": ") for line in lines]
    assert [int(index) for index, _, _ in names] == list(range(60))
    text = TypeAdapter(str)
    assert tuple(text.validate_json(name) for _, _, name in names) == SIXTY
    assert len((out / "labels" / "D1.txt").read_text().splitlines()) == 60


def test_cutouts_hold_all_of_them(odd: Shop, tmp_path: Path) -> None:
    out = export(odd, tmp_path / "out", FormatName.CUTOUTS)
    read = cv2.imread(str(out / "cutouts" / "D1.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(np.asarray(read)[..., 3] > 127, dots() > 0)


def test_labels_that_differ_in_blanks_alone_are_not_mixed_up(odd: Shop, tmp_path: Path) -> None:
    labels = ("a b", "a  b", *SIXTY[2:])
    with odd.sources.store.session() as session:
        odd.project = upsert_project(
            session, ls_project_id=7, label_config=render_label_config(labels)
        )
    out = export(odd, tmp_path / "out", FormatName.MASKS)
    with pytest.raises(MaskError, match="'a b' is the name of several class ids"):
        offered_masks(out, labels)[0].read()
