"""Figures from the histograms equal those counted pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.errors import MaskError
from hemline.masks.figures.histograms import (
    BINS,
    THRESHOLDS,
    ProbabilityHistograms,
    dice_by_threshold,
    probability_histograms,
)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_dice_equals_counting(seed, share):
    rng = np.random.default_rng(seed)
    probability = rng.random((9, 7)).astype(np.float32)
    truth = rng.random((9, 7)) < share
    found = dice_by_threshold(probability, truth)
    for threshold, value in zip(THRESHOLDS, found, strict=True):
        mask = probability >= threshold
        total = mask.sum() + truth.sum()
        expected = 2 * (mask & truth).sum() / total if total else 1.0
        assert abs(value - expected) < 1e-12


def test_bytes_and_back():
    rng = np.random.default_rng(0)
    values = rng.random((3, 40, 30)).astype(np.float32)
    pair = probability_histograms(
        values / values.sum(axis=0), rng.integers(0, 3, (40, 30), np.uint8)
    )
    data = pair.to_bytes()
    assert len(data) == 2 * 512
    back = ProbabilityHistograms.from_bytes(data)
    assert np.array_equal(back.inside, pair.inside)
    assert np.array_equal(back.outside, pair.outside)
    assert back.inside.sum() + back.outside.sum() == 2 * 40 * 30


def test_softmin_agrees_with_cleanlab():
    rank = pytest.importorskip("cleanlab.segmentation.rank")
    rng = np.random.default_rng(1)
    garment = rng.random((60, 50)).astype(np.float32)
    mask = (garment + rng.normal(0, 0.3, garment.shape) > 0.5).astype(np.uint8)
    both = np.stack([1 - garment, garment])
    image_scores, _ = rank.get_label_quality_scores(
        mask[None].astype(np.int64), both[None], method="softmin", temperature=0.1, verbose=False
    )
    found = probability_histograms(garment[None], mask).softmin(0.1)
    assert found[0] == pytest.approx(image_scores[0], abs=0.01)


def test_expected_dice_agrees_with_the_pixels():
    rng = np.random.default_rng(2)
    p = rng.random((50, 40)).astype(np.float32)
    mask = (p > 0.6).astype(np.uint8)
    expected = 2 * p[mask > 0].sum() / (p.sum() + mask.sum())
    assert probability_histograms(p[None], mask).expected_dice()[0] == pytest.approx(
        expected, abs=1 / BINS
    )


def test_calibrated_probabilities_have_no_error_and_sure_wrong_ones_much():
    rng = np.random.default_rng(3)
    p = rng.random((600, 400)).astype(np.float32)
    right = (rng.random(p.shape) < p).astype(np.uint8)
    assert probability_histograms(p[None], right).calibration_error()[0] < 0.02
    sure = np.full((1, 20, 20), 0.99, dtype=np.float32)
    assert probability_histograms(sure, np.zeros((20, 20), np.uint8)).calibration_error()[0] > 0.9


def test_an_empty_mask_and_a_full_one_are_defined():
    p = np.full((1, 8, 8), 0.2, dtype=np.float32)
    for mask in (np.zeros((8, 8), np.uint8), np.ones((8, 8), np.uint8)):
        pair = probability_histograms(p, mask)
        for figure in (pair.dice(), pair.expected_dice(), pair.softmin(), pair.calibration_error()):
            assert np.isfinite(figure).all()
            assert (figure >= 0).all()
            assert (figure <= 1).all()


def test_a_class_id_no_probability_is_for_counts_as_outside():
    p = np.full((3, 4, 4), 1 / 3, dtype=np.float32)
    pair = probability_histograms(p, np.full((4, 4), 9, np.uint8))
    assert pair.inside.sum() == 0


def test_a_mask_of_another_size_is_fitted():
    p = np.zeros((1, 10, 10), dtype=np.float32)
    p[:, :5] = 1
    mask = np.zeros((100, 100), np.uint8)
    mask[:50] = 1
    pair = probability_histograms(p, mask)
    assert pair.dice()[0].min() == 1


@given(st.integers(0, 1000))
def test_pixels_that_do_not_count_are_as_if_they_were_not_there(seed):
    rng = np.random.default_rng(seed)
    probability = rng.random((1, 8, 12), dtype=np.float32)
    mask = rng.integers(0, 2, (8, 12)).astype(np.uint8)
    counted = np.zeros((8, 12), np.bool_)
    counted[:, : rng.integers(0, 12)] = True
    found = probability_histograms(probability, mask, counted)
    assert int((found.inside + found.outside).sum()) == int(counted.sum())
    if counted.any():
        left = counted.any(axis=0)
        alone = probability_histograms(probability[:, :, left], mask[:, left])
        np.testing.assert_array_equal(found.inside, alone.inside)
        np.testing.assert_array_equal(found.outside, alone.outside)


def test_a_map_of_many_pixels_counts():
    assert (
        probability_histograms(
            np.full((1, 300, 300), 0.9, np.float32),
            np.ones((300, 300), np.uint8),
            np.ones((300, 300), np.bool_),
        ).inside.sum()
        == 90_000
    )


def test_nonsense_is_refused():
    with pytest.raises(MaskError, match="NaN"):
        probability_histograms(np.full((1, 4, 4), np.nan, np.float32), np.zeros((4, 4), np.uint8))
    with pytest.raises(MaskError, match="mask has shape"):
        probability_histograms(np.zeros((1, 4, 4), np.float32), np.zeros((4, 4, 3), np.uint8))
    for data in (b"", b"123"):
        with pytest.raises(MaskError, match="whole pairs"):
            ProbabilityHistograms.from_bytes(data)
