"""Bright discs on a dark ground, and a recipe that learns them in seconds."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIDE = 64

RECIPE = """
name = "small"
[network]
options = { decoder_channels = [32, 16, 16, 8, 8] }
[input]
pixels = 4096
[schedule]
epochs = {epochs}
batch = 4
patience = 1000
least_steps = 8
[fine_tune]
epochs = {epochs}
batch = 4
patience = 1000
least_steps = 8
[prediction]
flip = false
"""


def write_recipe(path: Path, *, epochs: int = 3) -> Path:
    path.write_text(RECIPE.replace("{epochs}", str(epochs)), encoding="utf-8")
    return path


def disc(number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A photo (64, 64, 3) and its mask (64, 64) of 0 and 1."""
    rng = np.random.default_rng(number)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    centre = rng.uniform(0.35, 0.65, 2) * SIDE
    inside = np.hypot(rows - centre[0], columns - centre[1]) < rng.uniform(0.2, 0.3) * SIDE
    image = rng.integers(0, 60, (SIDE, SIDE, 3), dtype=np.uint8)
    image[inside] += 170
    return image, inside.astype(np.uint8)
