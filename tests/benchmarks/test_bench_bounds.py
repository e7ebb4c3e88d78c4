"""The benchmark of bounds counts what it says."""

import numpy as np

from active_learning.order.bounds import Group
from benchmarks.learning.bench_bounds import PrefillErrors, check_bounds

EASY: Group = ("mannequin", "Front")
HARD: Group = ("street", "")


def _measured(rng: np.random.Generator, level: float, spread: float, count: int) -> PrefillErrors:
    truth = np.clip(level - np.abs(rng.normal(0, spread, count)), 0, 1)
    return PrefillErrors(np.full(count, level), truth, (1 - truth) / 2)


def test_each_group_is_counted_by_itself() -> None:
    rng = np.random.default_rng(0)
    found = {EASY: _measured(rng, 0.98, 0.01, 200), HARD: _measured(rng, 0.95, 0.1, 200)}
    held = check_bounds(found, splits=60)
    for row in held.values():
        assert 0.87 < row.dice < 0.95
        assert 0.87 < row.outline < 0.95
    assert held[EASY].dice_bound < held[HARD].dice_bound / 3


def test_a_group_with_too_few_photos_takes_the_bound_of_all() -> None:
    rng = np.random.default_rng(0)
    found = {EASY: _measured(rng, 0.98, 0.01, 300), HARD: _measured(rng, 0.95, 0.1, 10)}
    assert check_bounds(found, splits=30)[HARD].dice < 0.7
