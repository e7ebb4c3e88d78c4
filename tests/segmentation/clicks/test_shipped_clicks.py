"""The click network that ships, on scenes that it has not seen, on PyTorch and on OpenVINO."""

from pathlib import Path

import numpy as np
import pytest

from hemline.masks.figures.overlap import dice
from hemline.segmentation.clicks.click_runtime import OpenVinoClicks
from hemline.segmentation.clicks.convert_clicks import convert_clicks
from hemline.segmentation.clicks.maps import Box
from hemline.segmentation.clicks.next_click import next_click
from hemline.segmentation.clicks.refiner import ClickRefiner
from hemline.segmentation.clicks.shipped_clicks import clicks_path
from hemline.segmentation.clicks.torch_clicks import TorchClicks
from hemline.studio.scene import draw_scene


@pytest.fixture(scope="module")
def shipped() -> ClickRefiner:
    return ClickRefiner(TorchClicks(clicks_path(), device="cpu"))


def test_clicks_correct_what_is_wrong_on_scenes(shipped: ClickRefiner) -> None:
    """A part left out and a part too much, on garments it has not seen, and without the help of
    a champion's probabilities."""
    gains = []
    for seed in range(7_000_000, 7_000_006):
        scene = draw_scene(seed)
        truth = scene.mask > 0
        mask = truth.copy()
        rows, columns = np.nonzero(truth)
        middle = int(np.median(rows))
        mask[middle : middle + 60] = False
        low = max(int(columns.min()) - 30, 0)
        mask[middle - 80 : middle - 50, low : int(columns.min()) + 10] = True
        before, clicks = dice(mask, truth), []
        for _ in range(3):
            click = next_click(mask, truth)
            if click is None:
                break
            clicks.append(click)
            mask = shipped.refine(scene.image, None, mask, clicks)
        gains.append(dice(mask, truth) - before)
    assert np.mean(gains) > 0.05
    assert min(gains) > 0


def test_a_box_around_a_garment_finds_it(shipped: ClickRefiner) -> None:
    found = []
    for seed in range(7_000_010, 7_000_016):
        scene = draw_scene(seed)
        truth = scene.mask > 0
        height, width = truth.shape
        rows, columns = np.nonzero(truth)
        box = Box(
            columns.min() / width,
            rows.min() / height,
            (columns.max() + 1) / width,
            (rows.max() + 1) / height,
        )
        mask = shipped.refine(scene.image, None, np.zeros_like(truth), [], box)
        found.append(dice(mask, truth))
    assert np.mean(found) > 0.8


def test_openvino_draws_what_pytorch_draws(tmp_path: Path, shipped: ClickRefiner) -> None:
    converted = tmp_path / "clicks"
    convert_clicks(clicks_path(), converted)
    other = ClickRefiner(OpenVinoClicks(converted))
    scene = draw_scene(7_000_020)
    truth = scene.mask > 0
    mask = np.roll(truth, 25, axis=0)
    click = next_click(mask, truth)
    assert click is not None
    one, two = (each.refine(scene.image, None, mask, [click]) for each in (shipped, other))
    assert dice(one, two) > 0.999
    assert dice(one, truth) > dice(mask, truth)
