"""Which region a person has before them."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from hemline.errors import MaskError
from hemline.labelstudio.clicks.drawn import find_drawn
from hemline.labelstudio.project.config import LabelConfig
from hemline.masks.codecs.brush import encode_brush

CONFIG = LabelConfig("mask", "image", "image", ("garment", "hat"))
H, W = 40, 30
SQUARE = np.zeros((H, W), bool)
SQUARE[10:20, 5:15] = True


def region(key: str = "r1", mask: Any = SQUARE, label: str = "garment", **value: Any) -> Any:
    return {
        "id": key,
        "from_name": "mask",
        "to_name": "image",
        "type": "brushlabels",
        "original_width": W,
        "original_height": H,
        "value": {"format": "rle", "rle": encode_brush(mask), "brushlabels": [label]} | value,
    }


def saved(day: int, *regions: Any, **more: Any) -> dict[str, Any]:
    return {"updated_at": f"2026-11-{day:02d}T10:00:00.5Z", "result": list(regions)} | more


def keys(task: Any) -> list[str]:
    return [found.key for found in find_drawn(task, CONFIG).regions]


def test_a_draft_comes_before_an_annotation_before_a_prediction():
    task = {
        "predictions": [saved(1, region("p0")), saved(2, region("p"))],
        "annotations": [saved(9, region("a"))],
        "drafts": [saved(3, region("d"), user="ann@example.com"), saved(1, region("older"))],
    }
    drawn = find_drawn(task, CONFIG)
    assert [found.key for found in drawn.regions] == ["d"]
    assert drawn.user == "ann@example.com"
    assert drawn.draft_at == datetime(2026, 11, 3, 10, tzinfo=UTC).timestamp() + 0.5
    assert keys(task | {"drafts": []}) == ["a"]
    assert keys({"predictions": task["predictions"]}) == ["p"]
    assert find_drawn({"predictions": task["predictions"]}, CONFIG).draft_at == 0


def test_the_mask_of_a_region():
    (found,) = find_drawn({"predictions": [saved(1, region())]}, CONFIG).regions
    assert np.array_equal(found.mask(H, W), SQUARE)
    assert found.rle == region()["value"]["rle"]


def test_strokes_are_drawn_over_the_saved_pixels():
    strokes = [
        {"type": "add", "relativePoints": [80, 80], "relativeStrokeWidth": 20},
        {"type": "eraser", "relativePoints": [30, 35], "relativeStrokeWidth": 10},
    ]
    (found,) = find_drawn({"drafts": [saved(1, region(touches=strokes))]}, CONFIG).regions
    mask = found.mask(H, W)
    assert mask[32, 24]
    assert not mask[14, 9]
    assert mask[18, 13]
    assert found.rle is None


def test_a_region_drawn_by_hand_has_strokes_alone():
    by_hand = region(touches=[{"relativePoints": [50, 50], "relativeStrokeWidth": 20}])
    del by_hand["value"]["rle"]
    (found,) = find_drawn({"drafts": [saved(1, by_hand)]}, CONFIG).regions
    assert found.mask(H, W)[20, 15]
    assert not found.mask(H, W)[2, 2]


def test_what_is_no_brush_region_of_ours_is_passed_over():
    others = [
        None,
        {"type": "keypoint", "id": "c", "value": {"x": 1, "y": 1}},
        region("x") | {"type": "polygonlabels"},
        region("x") | {"from_name": "defect"},
        region("x") | {"to_name": "back"},
        region("x") | {"value": None},
        region("x", label="shoe"),
        region("x", brushlabels=["garment", "hat"]),
        region("") | {"id": None},
        region("r2", label="hat"),
    ]
    assert keys({"drafts": [saved(1, *others)]}) == ["r2"]


@pytest.mark.parametrize("value", [None, "x", 5, [None, 3], {}])
def test_odd_tasks_have_nothing_drawn(value):
    assert keys({"drafts": value, "annotations": value, "predictions": value}) == []


def test_left_overs_of_the_controls_are_known():
    kept = {"type": "rectangle", "id": "b1", "value": {}}
    assert find_drawn({"drafts": [saved(1, kept, region())]}, CONFIG).left_over == {"b1"}


def test_a_region_of_another_photo_is_named():
    (found,) = find_drawn({"drafts": [saved(1, region())]}, CONFIG).regions
    with pytest.raises(MaskError, match="region 'r1' was drawn on 30 x 40 px but the photo is"):
        found.mask(H, W + 1)


def test_a_broken_region_is_named():
    broken = {"drafts": [saved(1, region(rle=[1, 2, 3]))]}
    (found,) = find_drawn(broken, CONFIG).regions
    with pytest.raises(MaskError, match="region 'r1'"):
        found.mask(H, W)


def test_a_score_that_is_none_is_none():
    scores = [{"score": 0.5}, {"score": 7}, {"score": "x"}, {"score": True}, {}]
    drawn = find_drawn({"drafts": [saved(1, *(region() | more for more in scores))]}, CONFIG)
    assert [found.score for found in drawn.regions] == [0.5, None, None, None, None]
