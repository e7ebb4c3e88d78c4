"""Work times: breaks, paces, and what pre-fills save."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.masks.figures.work_times import paces, pooled_paces, time_saved, without_breaks

TIMES = st.lists(
    st.tuples(st.floats(0, 1e6, allow_nan=False), st.sampled_from("abc")), min_size=1, max_size=60
)


@given(TIMES)
def test_no_time_grows_and_short_ones_stay(pairs: list[tuple[float, str]]) -> None:
    seconds, people = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    worked = without_breaks(seconds, people)
    assert (worked <= np.array(seconds)).all()
    short = np.array(seconds) <= paces(seconds, people)
    np.testing.assert_array_equal(worked[short], np.array(seconds)[short])


def test_a_break_is_told_by_the_persons_own_pace() -> None:
    seconds = [10.0] * 10 + [100.0] * 10 + [90.0]
    people = ["quick"] * 10 + ["slow"] * 10 + ["quick"]
    worked = without_breaks(seconds, people)
    assert worked[-1] == 40.0  # four times 10 s; for the slow person it would be no break
    assert worked[10] == 100.0


def test_a_hopeless_pre_fill_is_no_break() -> None:
    seconds, people = [10.0] * 20 + [110.0, 3600.0], ["a"] * 22
    assert without_breaks(seconds, people)[-2:].tolist() == [40.0, 40.0]
    assert without_breaks(seconds, people, no_break_s=120.0)[-2:].tolist() == [110.0, 120.0]


def test_who_has_few_labels_has_the_pace_of_all() -> None:
    assert paces([10.0] * 11 + [500.0], ["a"] * 11 + ["b"])[-1] == 10.0


def test_time_saved_is_the_difference_of_the_means_for_each_pre_fill() -> None:
    saved = time_saved([20.0] * 30, [50.0] * 10)
    assert saved is not None
    assert (saved.masks, saved.each, saved.seconds) == (30, 30.0, 900.0)
    assert saved.interval == (900.0, 900.0)


def test_pre_fills_that_cost_time_save_less_than_nothing() -> None:
    saved = time_saved([80.0, 90.0], [50.0] * 10)
    assert saved is not None
    assert saved.seconds == pytest.approx(-70.0)


def test_nothing_is_said_without_enough_masks_drawn_from_nothing() -> None:
    assert time_saved([20.0] * 30, [50.0] * 9) is None
    assert time_saved([], [50.0] * 30) is None


@pytest.mark.parametrize("number", [40, 1500])  # drawn again, and by the normal distribution
def test_the_interval_holds_the_truth_in_19_of_20_draws(number: int) -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        with_one, without = rng.gamma(4, 10, number), rng.gamma(4, 15, number)
        saved = time_saved(with_one, without)
        assert saved is not None
        held += saved.interval[0] <= 20 * number <= saved.interval[1]
    assert 178 <= held <= 199  # 190 expected; 3 standard errors of a binomial are 9


@given(TIMES, st.floats(0.1, 10))
def test_a_pace_is_drawn_towards_that_of_all(pairs: list[tuple[float, str]], scale: float) -> None:
    seconds, people = [pair[0] + 10 for pair in pairs], [pair[1] for pair in pairs]
    found = pooled_paces((seconds, people))
    assert set(found) == set(people)
    more = pooled_paces(([own * scale for own in seconds], people))
    worked = without_breaks(seconds, people)
    for name, pace in found.items():
        own = worked[np.array(people) == name] / np.median(worked)
        assert min(own.min(), 1.0) <= pace * 1.0001
        assert pace <= max(own.max(), 1.0) * 1.0001
        if scale >= 0.2:  # no time falls below a second
            assert more[name] == pytest.approx(pace)


def test_who_draws_more_is_not_slower_for_it() -> None:
    correcting = ([20.0] * 40, ["ada"] * 30 + ["bo"] * 10)
    drawing = ([90.0] * 20, ["ada"] * 2 + ["bo"] * 18)
    assert pooled_paces(correcting, drawing) == {"ada": 1.0, "bo": 1.0}
    assert pooled_paces(([], [])) == {}
