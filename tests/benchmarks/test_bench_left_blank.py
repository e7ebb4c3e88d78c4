"""The benchmark of tasks left blank decides as the ranking does, and counts what it says."""

from dataclasses import replace

import numpy as np

from active_learning.signals.prediction_signals import PREDICTION_SIGNALS
from benchmarks.learning.bench_left_blank import spent
from benchmarks.learning.met_prefills import MetMasks, to_draw


def masks(dearer: float) -> MetMasks:
    """200 photos, of which a share takes 30 places to correct and is expected to be bad."""
    rng = np.random.default_rng(0)
    bad = rng.random(200) < dearer
    rows = np.zeros((200, len(PREDICTION_SIGNALS)))
    rows[:, PREDICTION_SIGNALS.index("own_expected_dice")] = np.where(bad, 0.7, 0.97)
    return MetMasks(
        rows,
        dice=np.full(200, 0.9),
        outline=np.full(200, 0.1),
        traced=np.full(200, 200.0),
        places=np.where(bad, 60.0, 2.0),
        drawn=np.full(200, 2000.0),
        parts=np.ones(200),
    )


def test_what_is_dearer_is_found_and_saves_time() -> None:
    found = spent(masks(0.3), 3.0, np.random.default_rng(1))
    assert 0.2 < found.blank < 0.4
    assert found.best <= found.decided < 0.8 * found.prefilled
    assert abs(found.blank - found.dearer) < 0.05


def test_where_nothing_is_dearer_nothing_is_left_blank() -> None:
    found = spent(masks(0.0), 3.0, np.random.default_rng(1))
    assert found.blank == 0
    assert found.decided == found.prefilled


def test_where_pre_fills_cannot_be_told_apart_nothing_is_left_blank() -> None:
    same = replace(masks(0.3), rows=np.zeros((200, len(PREDICTION_SIGNALS))))
    assert spent(same, 3.0, np.random.default_rng(1)).blank == 0


def test_who_draws_from_nothing_draws_the_whole_outline() -> None:
    label = np.zeros((1000, 600), np.uint8)
    label[200:800, 100:300] = 1
    length, parts = to_draw(label)
    assert abs(length - 1600) < 20
    assert parts == 1
