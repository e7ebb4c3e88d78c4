"""Bright discs on a dark ground: the smallest data a network can learn."""

from functools import partial

import numpy as np

from hemline.datasets.sample import Sample

SIDE = 64


def disc_sample(number: int, *, side: int = SIDE, labels: int = 1) -> Sample:
    """A bright disc on a dark ground; with several labels, its colour tells the class."""
    return Sample(
        id=f"s{number}",
        garment=f"g{number // 2}",
        view="",
        source="discs",
        load=partial(_draw, number, side, labels),
    )


def _draw(number: int, side: int, labels: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(number)
    rows, columns = np.mgrid[:side, :side]
    centre = rng.uniform(0.35, 0.65, 2) * side
    inside = np.hypot(rows - centre[0], columns - centre[1]) < rng.uniform(0.18, 0.3) * side
    label = number % labels + 1
    image = rng.integers(0, 60, (side, side, 3), dtype=np.uint8)
    image[inside, (label - 1) % 3] += 170
    return image, inside.astype(np.uint8) * label
