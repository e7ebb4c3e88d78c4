"""The benchmark of bounds counts what it says."""

import numpy as np

from active_learning.order.bounds import Group
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS
from benchmarks.learning.bench_bounds import check_bounds
from benchmarks.learning.bench_work_time import work_times
from benchmarks.learning.met_prefills import MetMasks, to_trace

EASY: Group = ("mannequin", "Front")
HARD: Group = ("street", "")


def _measured(rng: np.random.Generator, level: float, spread: float, count: int) -> MetMasks:
    truth = np.clip(level - np.abs(rng.normal(0, spread, count)), 0, 1)
    rows = np.zeros((count, len(PREDICTION_SIGNALS)))
    rows[:, PREDICTION_SIGNALS.index("own_expected_dice")] = level
    figures = [np.full(count, value) for value in (200.0, 2.0, 3000.0, 1.0)]
    return MetMasks(rows, truth, (1 - truth) / 2, *figures)


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


def test_what_is_to_be_traced_is_half_the_outline_of_each_wrong_place() -> None:
    label = np.zeros((500, 400), dtype=np.uint8)
    label[100:300, 100:300] = 1
    mask = label.copy()
    mask[100:150, 100:200] = 0  # missing
    mask[400:440, 50:90] = 1  # too much
    length, places = to_trace(mask, label)
    assert places == 2
    # In thousandths of the height: sides of 100 and 200, and of 80 and 80, less half a pixel each.
    assert abs(length - (300 + 160)) < 8


def test_a_sliver_is_nobodys_work() -> None:
    label = np.zeros((500, 400), dtype=np.uint8)
    label[100:300, 100:300] = 1
    mask = label.copy()
    mask[100:300, 100:102] = 0
    assert to_trace(mask, label) == (0, 0)


def test_work_takes_longer_where_more_is_wrong_and_breaks_are_few() -> None:
    rng = np.random.default_rng(4)
    masks = _measured(rng, 0.9, 0.05, 2000)
    seconds = work_times(masks, rng)
    assert 14 < np.median(seconds) < 18  # 5 s, two places of 3 s and 5 s of tracing
    assert 60 <= (seconds > 600).sum() <= 140
