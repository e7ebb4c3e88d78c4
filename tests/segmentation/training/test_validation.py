"""Validation counts what somebody labelled, and nothing else."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from hemline.datasets.sample import Pixels, Sample
from hemline.masks.figures.overlap import IGNORE
from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.recipe.parts import Input
from hemline.segmentation.training.validation import compare, validate

SIDE = 32


class Fixed(nn.Module):
    """Draws the right half of every photo: for sure, and as the second of two labels."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits = torch.full((1, self.outputs, SIDE, SIDE), -9.0)
        logits[:, 0] = -9.0 if self.outputs == 1 else 9.0
        logits[:, -1, :, SIDE // 2 :] = 20.0
        return logits


def black_under(mask: Pixels) -> tuple[Pixels, Pixels]:
    return np.dstack([mask * 0] * 3), mask


def cached(masks, folder):
    samples = [
        Sample(str(k), str(k), "", "", partial(black_under, mask)) for k, mask in enumerate(masks)
    ]
    return PixelCache(samples, Input(pixels=SIDE * SIDE), folder / "p.pixels")


def wrong_below(value: int, label: int) -> Pixels:
    """The right half is the label; the lower half of the photo is `value`."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[:, SIDE // 2 :] = label
    mask[SIDE // 2 :] = value
    return mask


@pytest.mark.parametrize("labels", [["garment"], ["hat", "coat"]])
def test_what_nobody_labelled_is_not_counted(labels, small_recipe, tmp_path):
    model, cpu = Fixed(1 if len(labels) == 1 else 3), torch.device("cpu")
    found = {}
    for value in (IGNORE, 0):
        held = cached([wrong_below(value, len(labels))] * 4, tmp_path)
        found[value] = validate(model, held, small_recipe, labels, cpu)
    assert found[IGNORE].score == pytest.approx(1)
    assert found[IGNORE].dice == pytest.approx(1)
    assert found[0].dice == pytest.approx(2 / 3)
    if len(labels) == 2:
        assert found[IGNORE].labels == {"hat": None, "coat": 1}
        assert found[0].labels == {"hat": None, "coat": 0.5}


def test_a_photo_with_nothing_labelled_says_nothing(small_recipe, tmp_path):
    speck = np.full((8 * SIDE, 8 * SIDE), IGNORE, np.uint8)
    speck[0, 0] = 0  # gone at the network's size
    held = cached([wrong_below(0, 1)] * 4 + [speck], tmp_path)
    assert len(held) == 5
    found = compare(Fixed(1), held, small_recipe, ["garment"], torch.device("cpu"))
    assert found.dice.shape[0] == 4
