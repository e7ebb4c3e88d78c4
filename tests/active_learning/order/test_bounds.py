"""Bounds by group: they hold where they say so, and thin groups share one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from active_learning.order.bounds import COVERAGE, FEWEST, Group, bound, fit_bounds

COAT, DRESS = ("coat", "Front"), ("dress", "Front")


@given(
    st.lists(st.floats(-1, 1), min_size=9, max_size=300),
)
def test_a_bound_is_one_of_the_errors_and_nine_in_ten_keep_within_it(errors):
    found = bound(np.array(errors), most=5.0)
    assert found in errors
    assert np.mean(np.array(errors) <= found) >= COVERAGE


@pytest.mark.parametrize("count", [0, 1, 8])
def test_of_fewer_than_nine_errors_nothing_is_promised(count):
    assert bound(np.zeros(count), most=5.0) == 5.0
    assert bound(np.zeros(9), most=5.0) == 0.0


def test_each_group_with_enough_items_has_its_own_bound():
    rng = np.random.default_rng(0)
    errors = np.concatenate([rng.uniform(0, 0.1, 400), rng.uniform(0, 1, 400)])
    bounds = fit_bounds(errors, [COAT] * 400 + [DRESS] * 400, most=9.0)
    coat, dress, other = bounds.of([COAT, DRESS, ("skirt", "Back")])
    assert 0.08 < coat < 0.1
    assert 0.85 < dress < 0.95
    assert 0.7 < other < 0.9  # of all


def test_views_of_a_type_are_pooled_before_all_types_are():
    thin = FEWEST - 10
    groups: list[Group] = [("coat", "Front")] * thin + [("coat", "Back")] * thin
    groups += [("bag", "Front")] * thin + [("hat", "Front")] * thin
    errors = np.repeat([0.1, 0.2, 0.6, 0.8], thin)
    bounds = fit_bounds(errors, groups, most=9.0)
    assert dict(bounds.own) == {("coat", ""): 0.2}
    assert bounds.of([("coat", "Side"), ("bag", "Front"), ("", "")]).tolist() == [0.2, 0.8, 0.8]


@given(st.permutations(range(120)))
def test_the_order_of_items_does_not_matter(order):
    rng = np.random.default_rng(1)
    errors = rng.random(120)
    groups: list[Group] = [
        (("coat", "dress")[k % 2], ("Front", "Back")[k % 3 == 0]) for k in range(120)
    ]
    shuffled = fit_bounds(errors[order], [groups[k] for k in order], most=9.0)
    assert shuffled == fit_bounds(errors, groups, most=9.0)


def test_coverage_in_each_group_over_many_draws():
    """Half of the items set the bounds, the other half is looked at."""
    rng = np.random.default_rng(2)
    kinds: list[Group] = [COAT] * 120 + [DRESS] * 120 + [("hat", "")] * 30 + [("bag", "")] * 30
    scale = np.array([{"coat": 0.02, "dress": 0.1}.get(kind, 0.05) for kind, _ in kinds])
    covered: dict[str, list[float]] = {}
    for _ in range(300):
        errors = rng.exponential(scale)
        half = rng.permutation(len(kinds))
        known, new = half[:150], half[150:]
        bounds = fit_bounds(errors[known], [kinds[k] for k in known], most=9.0)
        holds = errors[new] <= bounds.of([kinds[k] for k in new])
        for name in ("coat", "dress"):
            covered.setdefault(name, []).extend(
                hold for hold, k in zip(holds, new, strict=True) if kinds[k][0] == name
            )
    for name, values in covered.items():
        assert 0.88 < np.mean(values) < 0.94, name
