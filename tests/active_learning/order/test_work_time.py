"""Predicted work time: learnt where there is something to learn, the median elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from active_learning.order.work_time import (
    FEWEST,
    FEWEST_TYPICAL,
    TimedPrefills,
    TimePredictor,
    fit_time_predictor,
)
from active_learning.ranking import Ranking
from active_learning.risk.project_risk import ProjectRisk
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS
from worker.shipped_risk import shipped_risk_model

EXPECTED = PREDICTION_SIGNALS.index("own_expected_dice")


def rows_of(expected: NDArray[np.float64]) -> NDArray[np.float32]:
    rows = np.random.default_rng(1).normal(size=(len(expected), len(PREDICTION_SIGNALS)))
    rows[:, EXPECTED] = expected
    return rows.astype(np.float32)


def worked(number: int, *, paces: tuple[float, ...] = (1.0,), seed: int = 0) -> TimedPrefills:
    """Pre-fills that take 10 s, and 3 s for each hundredth of Dice that is missing."""
    rng = np.random.default_rng(seed)
    expected = rng.uniform(0.8, 1.0, number)
    who = np.arange(number) % len(paces)
    seconds = (10 + 300 * (1 - expected)) * np.array(paces)[who] * rng.lognormal(0, 0.2, number)
    return TimedPrefills(
        rows_of(expected),
        seconds.tolist(),
        [f"person {k}" for k in who],
        [f"garment {k}" for k in range(number)],
    )


def test_what_is_left_to_correct_is_learnt() -> None:
    predictor = fit_time_predictor(worked(300))
    assert predictor.error_s is not None
    assert predictor.constant_error_s is not None
    assert predictor.error_s < 0.75 * predictor.constant_error_s
    good, bad = predictor.predict(rows_of(np.array([0.99, 0.82])))
    assert good < 0.6 * bad


def test_a_slow_persons_photos_are_no_hard_ones() -> None:
    """Three paces: without them in the reckoning the error would be that of the people."""
    predictor = fit_time_predictor(worked(300, paces=(0.5, 1.0, 2.0)))
    assert predictor.error_s is not None
    assert predictor.constant_error_s is not None
    assert predictor.error_s < 0.75 * predictor.constant_error_s


def test_a_pause_changes_little() -> None:
    timed = worked(300)
    broken = [9000.0 if k % 15 == 0 else seconds for k, seconds in enumerate(timed.seconds)]
    rows = rows_of(np.array([0.85, 0.9, 0.95]))
    plain = fit_time_predictor(timed).predict(rows)
    paused = fit_time_predictor(replace(timed, seconds=broken)).predict(rows)
    np.testing.assert_allclose(paused, plain, rtol=0.3)


def test_where_nothing_can_be_learnt_the_median_is_all() -> None:
    timed = worked(300)
    shuffled = np.random.default_rng(3).permutation(timed.seconds)
    predictor = fit_time_predictor(replace(timed, seconds=shuffled.tolist()))
    assert predictor.forest is None
    assert predictor.error_s == predictor.constant_error_s
    np.testing.assert_allclose(predictor.predict(timed.rows[:3]), np.median(shuffled), rtol=1e-9)


@pytest.mark.parametrize("number", [FEWEST_TYPICAL, FEWEST - 1])
def test_few_pre_fills_take_their_median(number: int) -> None:
    timed = worked(number)
    predictor = fit_time_predictor(timed)
    assert predictor == TimePredictor(typical_s=float(np.median(timed.seconds)), prefills=number)


@pytest.mark.parametrize("number", [0, FEWEST_TYPICAL - 1])
def test_of_next_to_nothing_nothing_is_known(number: int) -> None:
    predictor = fit_time_predictor(worked(number))
    assert np.isnan(predictor.predict(rows_of(np.array([0.9])))).all()


def test_times_of_nought_are_no_division_by_it() -> None:
    timed = worked(60)
    predictor = fit_time_predictor(replace(timed, seconds=[0.0] * 60))
    assert predictor.predict(timed.rows[:2]).tolist() == [0.0, 0.0]


def test_a_ranking_keeps_it() -> None:
    predictor = fit_time_predictor(worked(120))
    risk = shipped_risk_model()
    kept = Ranking.from_bytes(Ranking(ProjectRisk(risk), time=predictor).to_bytes(), risk)
    rows = rows_of(np.array([0.85, 0.99]))
    assert kept.time.error_s == predictor.error_s
    assert kept.time.prefills == 120
    np.testing.assert_array_equal(kept.time.predict(rows), predictor.predict(rows))


def test_a_ranking_of_before_work_was_timed_is_read() -> None:
    risk = shipped_risk_model()
    kept = Ranking.from_bytes(Ranking(ProjectRisk(risk)).to_bytes(), risk)
    assert kept.time == TimePredictor()
