"""The starter on photos it never saw."""

from pathlib import Path

import numpy as np
import pytest

from hemline.datasets.readers.pairs import read_pairs
from hemline.masks.figures.overlap import dice
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.starter import starter_path


@pytest.mark.shared
def test_it_finds_the_garment_on_studio_photos(shared_data: Path) -> None:
    samples = read_pairs(shared_data / "metail" / "front").samples[::40]
    predictor = Predictor(starter_path(), device="cpu")
    found = []
    for sample in samples:
        photo, mask = sample.load()
        found.append(dice(predictor.predict([photo])[0].mask > 0, mask > 0))
    assert len(found) == 4
    assert np.median(found) > 0.9
    assert min(found) > 0.8
