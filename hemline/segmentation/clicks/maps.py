"""What a person did as maps that a network sees: clicks as disks, a box as its area."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

RADIUS = 5  # px at the network's size, as in Sofiiuk et al. 2022, arXiv:2102.06583
CHANNELS = 3  # positive, negative, box

Maps = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Click:
    """A point (x, y) in 0..1 of the photo's width and height; `positive` adds, else takes away."""

    x: float
    y: float
    positive: bool


@dataclass(frozen=True, slots=True)
class Box:
    """What a person says the garment lies in: two corners, in 0..1 of width and height."""

    left: float
    top: float
    right: float
    bottom: float


def draw_maps(clicks: Sequence[Click], box: Box | None, height: int, width: int) -> Maps:
    """(3, height, width) uint8, 0 or 1: disks of the positive clicks, of the negative, the box."""
    maps = np.zeros((CHANNELS, height, width), np.uint8)
    for click in clicks:
        centre = pixel_of(click, height, width)[::-1]
        cv2.circle(maps[0 if click.positive else 1], centre, RADIUS, 1, -1)
    if box is not None:
        top, bottom = round(box.top * height), round(box.bottom * height)
        left, right = round(box.left * width), round(box.right * width)
        maps[2, max(top, 0) : bottom, max(left, 0) : right] = 1
    return maps


def pixel_of(click: Click, height: int, width: int) -> tuple[int, int]:
    """The row and column that a click falls on."""
    row = min(max(int(click.y * height), 0), height - 1)
    return row, min(max(int(click.x * width), 0), width - 1)
