"""Drawn scenes as a data set: mannequins, people and bare mannequins, shoes left open."""

import numpy as np

from hemline.datasets.readers.scenes import FIRST_SEED, read_scenes
from hemline.masks.figures.overlap import IGNORE
from hemline.studio.scene import VIEWS


def test_it_has_dressed_and_bare_figures_and_leaves_shoes_open() -> None:
    data = read_scenes(8, height=192, width=128)
    assert data.labels == ("garment",)
    assert len(data.samples) == 8 * len(VIEWS)
    found: dict[str, list[bool]] = {}
    for sample in data.samples:
        image, mask = sample.load()
        assert image.shape == (192, 128, 3)
        assert set(np.unique(mask)) <= {0, 1, IGNORE}
        is_bare = not sample.garment_type
        assert is_bare != (mask == 1).any()
        found.setdefault(sample.garment, []).append(bool((mask == IGNORE).any()))
    bare = {sample.garment for sample in data.samples if not sample.garment_type}
    assert bare == {f"scene{seed}" for seed in range(FIRST_SEED, FIRST_SEED + 8) if seed % 8 == 7}
    shod = {garment for garment, shoes in found.items() if any(shoes)}
    assert shod == {
        f"scene{seed}" for seed in range(FIRST_SEED, FIRST_SEED + 8) if seed % 2 and seed % 8 != 7
    }
