"""Augmentation of masks with sides: a flip that keeps left on the left teaches the wrong thing."""

import numpy as np
import torch

from hemline.masks.figures.overlap import IGNORE
from hemline.segmentation.input.transforms import augment, mirrored_ids
from hemline.segmentation.recipe.parts import Augment


def plain(*, flip: float, scale: tuple[float, float], rotate: float, shift: float) -> Augment:
    """Moves and flips that leave the colours alone."""
    return Augment(
        flip=flip,
        scale=scale,
        rotate=rotate,
        shift=shift,
        brightness=0,
        contrast=0,
        saturation=0,
        hue=0,
    )


def flipped(probability: float, labels: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    image = torch.arange(3 * 4 * 6, dtype=torch.uint8).reshape(3, 4, 6)
    mask = torch.tensor([[[0, 1, 2, 3, 4, 4]] * 4], dtype=torch.uint8)
    options = plain(flip=probability, scale=(1, 1), rotate=0, shift=0)
    return augment(image, mask, options, mirrored_ids(labels), np.random.default_rng(0))


LABELS = ["hat", "left-shoe", "right-shoe", "bag"]


def test_a_flip_swaps_left_and_right():
    image, mask = flipped(1.0, LABELS)
    assert mask[0, 0].tolist() == [4, 4, 2, 3, 1, 0]
    assert mask.dtype == torch.uint8
    assert image[0, 0].tolist() == [5, 4, 3, 2, 1, 0]


def test_without_a_flip_nothing_swaps():
    _, mask = flipped(0.0, LABELS)
    assert mask[0, 0].tolist() == [0, 1, 2, 3, 4, 4]


def test_what_is_ignored_stays_so_however_a_photo_is_moved():
    image = torch.zeros(3, 64, 64, dtype=torch.uint8)
    mask = torch.full((1, 64, 64), IGNORE, dtype=torch.uint8)
    mask[:, 16:32, 16:32], mask[:, 40:56, 16:32] = 2, 254
    options = plain(flip=1, scale=(0.8, 0.9), rotate=30, shift=0.1)
    _, moved = augment(image, mask, options, mirrored_ids(LABELS), np.random.default_rng(1))
    values, counts = moved.unique(return_counts=True)
    assert values.tolist() == [0, 3, 254, IGNORE]  # 0: beyond the photo's edge
    assert counts[-1] > 64 * 64 / 2
