"""Which corrections were drawn by hand."""

from typing import Any

import numpy as np
import pytest

from hemline.labelstudio.project.config import LabelConfig
from hemline.labelstudio.regions import mask_to_regions
from hemline.masks.codecs.region import pixels_digest
from hemline.masks.parts import RegionsPer
from worker.ingest.brushed import is_brushed

CONFIG = LabelConfig("mask", "image", "image", ("top", "skirt"))
PREFILL = np.zeros((40, 30), np.uint8)
PREFILL[5:15, 5:25] = 1
PREFILL[20:35, 5:25] = 2
CLICKED = PREFILL == 1
CLICKED[2:6, 10:20] = True


def regions(top: Any, skirt: Any) -> list[Any]:
    made = []
    for number, mask in ((1, top), (2, skirt)):
        made += mask_to_regions(
            np.asarray(mask, np.uint8) * np.uint8(number),
            config=CONFIG,
            labels=CONFIG.labels,
            region_scores={},
            seed="",
        )
    return made


def brushed(result: list[Any], *clicked: Any, predicted: Any = PREFILL, **more: Any) -> bool:
    return is_brushed(
        result,
        CONFIG,
        predicted=predicted,
        clicked={pixels_digest(mask) for mask in clicked},
        size=(40, 30),
        **({"untouched": False} | more),
    )


SKIRT = PREFILL == 2


def test_clicks_alone_are_no_brush():
    assert not brushed(regions(CLICKED, SKIRT), CLICKED)


def test_an_earlier_click_that_was_gone_back_to_is_no_brush():
    later = CLICKED.copy()
    later[30:] = True
    assert not brushed(regions(CLICKED, SKIRT), later, CLICKED)


def test_a_stroke_after_a_click_is():
    stroked = CLICKED.copy()
    stroked[38:] = True
    assert brushed(regions(stroked, SKIRT), CLICKED)


def test_a_stroke_on_another_region_is():
    assert brushed(regions(CLICKED, SKIRT | (np.arange(40)[:, None] > 36)), CLICKED)


def test_without_clicks_all_that_is_not_untouched_is():
    assert brushed(regions(CLICKED, SKIRT))
    assert not brushed(regions(PREFILL == 1, SKIRT), untouched=True)


def test_a_deleted_region_is_by_hand():
    assert brushed(regions(CLICKED, np.zeros_like(SKIRT)), CLICKED)


def test_from_nothing_with_clicks_alone():
    alone = regions(CLICKED, np.zeros_like(SKIRT))
    assert not brushed(alone, CLICKED, predicted=None)
    assert brushed(regions(CLICKED, SKIRT), CLICKED, predicted=None)


@pytest.mark.parametrize("kind", ["polygonlabels", "bitmasklabels"])
def test_other_shapes_are_by_hand(kind):
    other = {"type": kind, "from_name": "mask", "to_name": "image", "value": {}}
    assert brushed([*regions(CLICKED, SKIRT), other], CLICKED)


def test_left_overs_of_clicks_are_nothing():
    kept = {"type": "rectanglelabels", "from_name": "hemline_box", "to_name": "image", "value": {}}
    assert not brushed([*regions(CLICKED, SKIRT), kept], CLICKED)


SHOES = np.zeros((40, 30), np.uint8)
SHOES[5:15, 2:12] = SHOES[5:15, 16:28] = 1
SHOES[20:35, 5:25] = 2


def parts(*, clicked: Any = None, without: int | None = None) -> list[Any]:
    """Regions of SHOES per part, the second shoe as a click left it, one of them deleted."""
    made = mask_to_regions(
        SHOES,
        config=CONFIG,
        labels=CONFIG.labels,
        region_scores={},
        seed="7/v1",
        per=RegionsPer.PART,
    )
    if clicked is not None:
        (changed,) = regions(clicked, np.zeros_like(clicked))
        made[1] = changed | {"id": made[1]["id"]}
    return [region for place, region in enumerate(made) if place != without]


RIGHT = np.zeros((40, 30), bool)
RIGHT[5:18, 16:28] = True


def test_a_click_on_one_part_leaves_the_others_as_they_were():
    assert not brushed(parts(clicked=RIGHT), RIGHT, predicted=SHOES, seed="7/v1")


def test_a_stroke_on_another_part_is_a_brush():
    made = parts(clicked=RIGHT)
    made[0]["value"] = regions(SHOES[:, ::-1] == 1, RIGHT & False)[0]["value"]
    assert brushed(made, RIGHT, predicted=SHOES, seed="7/v1")


@pytest.mark.parametrize("part", [0, 2])
def test_a_deleted_part_is_by_hand(part):
    assert brushed(parts(clicked=RIGHT, without=part), RIGHT, predicted=SHOES, seed="7/v1")


def test_a_label_of_two_parts_that_was_one_region_has_none_deleted():
    whole = (SHOES == 1) | RIGHT
    assert not brushed(regions(whole, SHOES == 2), whole, predicted=SHOES, seed="7/v1")
