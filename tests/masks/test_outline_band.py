"""The band along outlines that is ignored: as wide as asked, on both sides, nowhere else."""

import numpy as np
import pytest

from hemline.masks.figures.overlap import IGNORE
from hemline.masks.outline_band import ignore_outline


def by_hand(mask: np.ndarray, reach: float) -> np.ndarray:
    banded = mask.copy()
    rows, columns = np.indices(mask.shape)
    for place, k in np.ndenumerate(mask):
        far = np.hypot(rows - place[0], columns - place[1])[mask != k]
        if far.size and far.min() <= reach:
            banded[place] = IGNORE
    return banded


@pytest.mark.parametrize("reach", [1.0, 1.5, 3.0, 7.0])
@pytest.mark.parametrize("classes", [2, 4])
def test_a_pixel_is_ignored_that_has_another_class_within_reach(reach: float, classes: int) -> None:
    rng = np.random.default_rng(classes)
    small = rng.integers(0, classes, (4, 5), dtype=np.uint8)
    mask = small.repeat(11, axis=0).repeat(9, axis=1)
    before = mask.copy()
    np.testing.assert_array_equal(ignore_outline(mask, reach), by_hand(mask, reach))
    np.testing.assert_array_equal(mask, before)


def test_the_frame_of_the_photo_is_no_outline() -> None:
    mask = np.zeros((30, 20), dtype=np.uint8)
    mask[10:, :] = 1
    banded = ignore_outline(mask, 2)
    assert (banded[8:12] == IGNORE).all()
    assert (banded[:8] == 0).all()
    assert (banded[12:] == 1).all()


@pytest.mark.parametrize("value", [0, 1])
def test_a_mask_of_one_class_has_no_outline(value: int) -> None:
    mask = np.full((9, 9), value, dtype=np.uint8)
    np.testing.assert_array_equal(ignore_outline(mask, 3), mask)


def test_a_part_thinner_than_the_band_says_nothing_at_all() -> None:
    mask = np.zeros((40, 40), dtype=np.uint8)
    mask[:, 19:21] = 1
    banded = ignore_outline(mask, 2)
    assert not (banded == 1).any()
    assert (banded[:, :17] == 0).all()
