"""Summaries against SciPy and plain definitions, and what they are of nothing, one and NaN."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy import stats

from hemline.masks.figures.statistics import (
    Interval,
    difference_of_means,
    find_outliers,
    mean_interval,
    median_interval,
    summarise,
)

rows = st.lists(st.floats(0, 1).map(lambda value: round(value, 3)), min_size=1, max_size=40)


@settings(deadline=None, max_examples=40)
@given(rows)
def test_a_summary_by_its_definition(values):
    summary = summarise(values)
    assert summary.n == len(values)
    assert summary.mean == pytest.approx(np.mean(values))
    assert summary.median == pytest.approx(np.median(values))
    mad = stats.median_abs_deviation(values, scale=1 / 1.4826)
    if mad > 0:
        below = [k for k, value in enumerate(values) if value < np.median(values) - 2.5 * mad]
        assert list(summary.outliers) == below
    assert summary.left_out == summary.outliers
    kept = [value for k, value in enumerate(values) if k not in summary.outliers]
    assert summary.corrected_mean == pytest.approx(np.mean(kept))
    assert summary.corrected_median == pytest.approx(np.median(kept))


@settings(deadline=None, max_examples=40)
@given(rows.filter(lambda values: len(values) > 1))
def test_intervals_hold_within_the_values(values):
    for interval in (mean_interval(values), median_interval(values)):
        assert interval is not None
        low, high = interval
        assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


@pytest.mark.parametrize("n", [8, 9, 60, 61])
def test_intervals_are_those_of_scipy(n):
    values = 1 - np.random.default_rng(n).exponential(0.05, n)
    for ours, statistic, method in (
        (mean_interval, np.mean, "BCa"),
        (median_interval, np.median, "percentile"),
    ):
        theirs = stats.bootstrap(
            (values,), statistic, method=method, n_resamples=20_000, random_state=1
        ).confidence_interval
        assert ours(values) == pytest.approx(tuple(theirs), abs=0.06 * np.ptp(theirs) + 1e-4)


def known_mean_interval(values: ArrayLike) -> Interval:
    interval = mean_interval(values)
    assert interval is not None
    return interval


def test_the_expansion_goes_on_where_drawing_stops(monkeypatch):
    values = 1 - np.random.default_rng(0).exponential(0.05, 1_200)
    expanded = known_mean_interval(values)
    monkeypatch.setattr("hemline.masks.figures.statistics._DRAWN_UP_TO", 2_000)
    drawn = known_mean_interval(values)
    assert expanded == pytest.approx(drawn, abs=0.05 * np.ptp(drawn))


def test_one_bad_value_in_many_leaves_the_interval_within_the_values():
    low, high = known_mean_interval([1.0] * 5_000 + [0.0])
    assert 0.998 < low < 5_000 / 5_001 < high <= 1


def test_an_interval_holds_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(5)
    samples = 1 - rng.exponential(0.05, (150, 40))
    held = sum(low <= 0.95 <= high for low, high in map(known_mean_interval, samples))
    assert 0.88 * 150 <= held < 150


def test_a_hundred_thousand_values_are_quick():
    values = np.random.default_rng(0).beta(20, 1, 100_000)
    began = time.process_time()
    summarise(values)
    assert time.process_time() - began < 0.5


def test_a_seed_is_a_result():
    values = np.random.default_rng(0).random(30)
    assert summarise(values, seed=4) == summarise(values, seed=4)
    assert summarise(values, seed=4) != summarise(values, seed=5)


def test_none_one_and_equal_values():
    nothing = summarise([])
    assert nothing.n == 0
    assert (nothing.mean, nothing.median, nothing.corrected_mean) == (None, None, None)
    assert nothing.mean_interval is None
    assert nothing.outliers == nothing.left_out == ()
    one = summarise([0.7])
    assert one.mean == one.median == one.corrected_mean == 0.7
    assert one.mean_interval is one.median_interval is None
    equal = summarise([0.1] * 7)
    assert equal.mean_interval == pytest.approx((0.1, 0.1))
    assert equal.median_interval == (0.1, 0.1)
    assert equal.outliers == ()


def test_the_bad_one_stands_out_where_most_are_equal():
    assert find_outliers([1.0] * 8 + [0.2]) == (8,)
    # Masks taken untouched are at 1; small corrections of many others are not outliers.
    assert find_outliers([1.0] * 60 + [0.98] * 40) == ()


def test_distances_are_worse_when_high():
    values = [1.0, 1.2, 0.9, 1.1, 30.0, 0.0]
    assert find_outliers(values, worse="high") == (4,)
    assert 4 not in find_outliers(values)


def test_confirmed_ones_alone_are_left_out():
    values = [0.9, 0.91, 0.92, 0.93, 0.1, 0.2]
    summary = summarise(values, confirmed_bad=[4])
    assert summary.outliers == (4, 5)
    assert summary.left_out == (4,)
    assert summary.corrected_mean == pytest.approx(np.mean([0.9, 0.91, 0.92, 0.93, 0.2]))
    assert summarise(values, confirmed_bad=[]).corrected_mean == summary.mean
    assert summarise(values, confirmed_bad=range(6)).corrected_mean is None


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(ValueError, match="value 1 of 3 is"):
        summarise([0.5, bad, 0.5])


def test_wrong_shapes_and_indices_are_refused():
    with pytest.raises(ValueError, match="not \\(n,\\)"):
        summarise([[0.5]])
    for index in (2, -1):
        with pytest.raises(ValueError, match=f"index {index} of confirmed_bad"):
            summarise([0.5, 0.6], confirmed_bad=[index])


def test_a_difference_of_means_has_an_interval_that_holds_it():
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(200):
        found, (low, high) = difference_of_means(rng.gamma(4, 1, 30), rng.gamma(4, 1.5, 50))
        assert low <= found <= high
        held += low <= -2.0 <= high
    assert 176 <= held <= 199


@pytest.mark.parametrize("one", [[], [0.5]])
def test_means_of_nothing_are_not_compared(one):
    if one:
        assert difference_of_means(one, one) == (0.0, (0.0, 0.0))
        return
    with pytest.raises(ValueError, match="cannot be compared"):
        difference_of_means(one, [0.5])
