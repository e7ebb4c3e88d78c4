"""What of a network's answer is taken: the part under the click, and no other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from hemline.segmentation.clicks.merge import merge
from hemline.segmentation.clicks.next_click import next_click


@pytest.fixture
def mask() -> NDArray[np.bool_]:
    mask = np.zeros((80, 80), bool)
    mask[20:60, 20:40] = True
    return mask


def test_only_the_part_under_the_click_is_added(mask: NDArray[np.bool_]) -> None:
    garment = mask.astype(np.float32)
    garment[20:60, 40:50] = 0.9  # what the person means
    garment[5:10, 70:78] = 0.9  # elsewhere
    garment[30:40, 25:30] = 0.1  # what the network would take away
    merged = merge(mask, garment, 40, 45, positive=True)
    expected = mask.copy()
    expected[20:60, 40:50] = True
    assert np.array_equal(merged, expected)


def test_only_the_part_under_the_click_is_taken_away(mask: NDArray[np.bool_]) -> None:
    garment = mask.astype(np.float32)
    garment[50:60, 20:40] = 0.2
    garment[20:60, 40:50] = 0.9
    merged = merge(mask, garment, 55, 30, positive=False)
    expected = mask.copy()
    expected[50:60] = False
    assert np.array_equal(merged, expected)


def test_a_reluctant_network_is_overruled(mask: NDArray[np.bool_]) -> None:
    garment = np.full(mask.shape, 0.01, np.float32)
    garment[60:66, 20:30] = 0.3
    likely = merge(mask, garment, 62, 25, positive=True)
    assert likely[60:66, 20:30].all()
    assert likely.sum() == mask.sum() + 60
    disk = merge(mask, garment, 10, 70, positive=True)
    assert disk[10, 70]
    assert 60 < disk.sum() - mask.sum() < 100


@settings(max_examples=150, deadline=None)
@given(
    arrays(np.bool_, (24, 20)),
    arrays(np.float32, (24, 20), elements=st.floats(0, 1, width=32)),
    st.integers(0, 23),
    st.integers(0, 19),
    st.booleans(),
)
def test_a_click_changes_one_way_and_its_own_place(
    mask: NDArray[np.bool_], garment: NDArray[np.float32], row: int, column: int, positive: bool
) -> None:
    before = mask.copy()
    merged = merge(mask, garment, row, column, positive=positive, radius=2)
    assert np.array_equal(mask, before)
    added, removed = merged & ~mask, mask & ~merged
    assert not (removed if positive else added).any()
    near = np.s_[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
    assert (merged[near] == positive).any()


def test_the_next_click_is_the_middle_of_the_largest_fault(mask: NDArray[np.bool_]) -> None:
    drawn = mask.copy()
    drawn[20:41, 20:40] = False  # left out
    drawn[70:73, 70:73] = True  # too much
    click = next_click(drawn, mask)
    assert click is not None
    assert click.positive
    assert (click.y * 80, click.x * 80) == pytest.approx((30, 30), abs=2)
    assert next_click(mask, mask) is None
    known = np.zeros_like(mask)
    known[65:] = True
    other = next_click(drawn, mask, known=known)
    assert other is not None
    assert not other.positive


@settings(max_examples=60, deadline=None)
@given(arrays(np.bool_, (16, 16)), arrays(np.bool_, (16, 16)), st.integers(0, 2**32 - 1))
def test_a_random_click_lies_on_what_is_wrong(
    mask: NDArray[np.bool_], truth: NDArray[np.bool_], seed: int
) -> None:
    click = next_click(mask, truth, np.random.default_rng(seed))
    if click is None:
        assert np.array_equal(mask, truth)
        return
    row, column = int(click.y * 16), int(click.x * 16)
    assert mask[row, column] != truth[row, column]
    assert truth[row, column] == click.positive
