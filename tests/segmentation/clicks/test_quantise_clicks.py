"""The click network in int8: as good as in fp32 after clicks, and refused where it is not."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hemline.errors import ModelError
from hemline.segmentation.clicks import quantise_clicks as quantising
from hemline.segmentation.clicks.click_runtime import OpenVinoClicks
from hemline.segmentation.clicks.convert_clicks import convert_clicks
from hemline.segmentation.clicks.drafts import Draft
from hemline.segmentation.clicks.quantise_clicks import (
    DrawnDraft,
    compare,
    dice_after_clicks,
    quantise_clicks,
)
from hemline.segmentation.clicks.refiner import ClickRefiner
from hemline.segmentation.clicks.shipped_clicks import clicks_path

SIDE = 64


class Perfect:
    """Gives the truth back, or its opposite."""

    name = "perfect"

    def __init__(self, truth: NDArray[np.bool_], *, wrong: bool = False) -> None:
        self._answer = np.where(truth ^ wrong, 0.99, 0.01).astype(np.float32)

    def run(self, photos: NDArray[np.uint8], guides: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = photos.shape[-2:]
        rows = np.arange(height) * SIDE // height
        columns = np.arange(width) * SIDE // width
        return self._answer[np.ix_(rows, columns)][None]


@pytest.fixture
def drawn() -> DrawnDraft:
    truth = np.zeros((SIDE, SIDE), bool)
    truth[16:48, 16:48] = True
    return DrawnDraft(np.zeros((SIDE, SIDE, 3), np.uint8), Draft(np.zeros_like(truth), truth))


def test_the_cost_is_the_difference_of_dice_after_clicks(drawn: DrawnDraft) -> None:
    good = ClickRefiner(Perfect(drawn.draft.truth))
    bad = ClickRefiner(Perfect(drawn.draft.truth, wrong=True))
    assert min(dice_after_clicks(good, drawn)) > 0.9
    cost = compare(bad, good, [drawn, drawn])
    assert cost.photos == 2
    assert cost.fp32_dice == pytest.approx(np.mean(dice_after_clicks(good, drawn)))
    assert cost.dice == pytest.approx(np.mean(dice_after_clicks(bad, drawn)))
    assert not cost.is_small
    assert compare(good, good, [drawn]).is_small


def test_a_draft_that_is_right_needs_no_click(drawn: DrawnDraft) -> None:
    right = DrawnDraft(drawn.image, Draft(drawn.draft.truth, drawn.draft.truth))
    assert dice_after_clicks(ClickRefiner(Perfect(drawn.draft.truth)), right) == [1.0]


@pytest.mark.slow
def test_the_click_network_in_int8_is_nearly_as_good(tmp_path: Path) -> None:
    converted, out = tmp_path / "fp32", tmp_path / "int8"
    convert_clicks(clicks_path(), converted)
    cost = quantise_clicks(clicks_path(), converted, out)
    assert OpenVinoClicks(out).name == "OpenVINO int8"
    assert cost.fp32_dice > 0.97
    assert cost.fp32_dice - cost.dice < 0.01
    assert cost.photos > 10


def test_what_is_no_converted_network_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantising, "_GARMENTS", 1)
    (tmp_path / "fp32").write_bytes(b"no network")
    with pytest.raises(ModelError, match="not a file of converted networks"):
        quantise_clicks(clicks_path(), tmp_path / "fp32", tmp_path / "int8")
