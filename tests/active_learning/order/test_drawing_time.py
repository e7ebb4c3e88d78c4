"""Drawing time: learnt from few masks without claiming more than they tell."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from active_learning.order.dearer import is_dearer, margin_s
from active_learning.order.drawing_time import (
    DrawingPredictor,
    DrawnMasks,
    fit_drawing_predictor,
)
from active_learning.order.work_time import FEWEST, TimePredictor
from active_learning.ranking import Ranking
from active_learning.risk.project_risk import ProjectRisk
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS
from hemline.masks.figures.work_times import FEWEST_TIMED
from tests.active_learning.order.test_work_time import rows_of
from worker.shipped_risk import shipped_risk_model

NOTHING = np.full((1, len(PREDICTION_SIGNALS)), np.nan)
TIMES = st.lists(
    st.tuples(st.floats(2, 5000), st.sampled_from(["coat", "dress", ""]), st.sampled_from("abcd")),
    min_size=FEWEST_TIMED,
    max_size=FEWEST - 1,
)


def drawn(seconds: list[float], types: list[str], garments: list[str] | None = None) -> DrawnMasks:
    """Of one annotator, and predictions of which nothing is known."""
    number = len(seconds)
    return DrawnMasks(
        np.repeat(NOTHING, number, axis=0),
        seconds,
        ["ada"] * number,
        garments or [f"garment {k}" for k in range(number)],
        types,
    )


@given(TIMES)
@settings(max_examples=60, deadline=None)
def test_a_types_time_is_between_its_own_and_that_of_all(
    made: list[tuple[float, str, str]],
) -> None:
    seconds, types, garments = (list(column) for column in zip(*made, strict=True))
    found = fit_drawing_predictor(drawn(seconds, types, garments), {})
    assert found.masks == len(made)
    assert found.typical_s is not None
    median = float(np.median(seconds))
    usual = np.minimum(seconds, 4 * median)
    for name, own_s in found.by_type.items():
        own = np.exp(np.log(usual[np.array(types) == name]).mean())
        low, high = sorted((float(own), found.typical_s))
        assert low * 0.999 <= own_s <= high * 1.001
    if found.error_s is not None and found.constant_error_s is not None:
        assert found.error_s <= found.constant_error_s


@given(TIMES, st.floats(1, 20))
@settings(max_examples=60, deadline=None)
def test_twice_as_long_is_twice_as_long_and_the_order_of_labels_is_nothing(
    made: list[tuple[float, str, str]], factor: float
) -> None:
    seconds, types, garments = (list(column) for column in zip(*made, strict=True))
    once = fit_drawing_predictor(drawn(seconds, types, garments), {})
    order = np.random.default_rng(len(made)).permutation(len(made)).tolist()
    more = fit_drawing_predictor(
        drawn(
            [seconds[k] * factor for k in order],
            [types[k] for k in order],
            [garments[k] for k in order],
        ),
        {},
    )
    assert once.typical_s is not None
    assert more.typical_s == pytest.approx(once.typical_s * factor)


@given(st.integers(0, 11), st.floats(1e3, 1e6))
@settings(max_examples=30, deadline=None)
def test_a_break_moves_little(place: int, away: float) -> None:
    seconds = [50.0 + k for k in range(12)]
    plain = fit_drawing_predictor(drawn(seconds, [""] * 12), {}).typical_s
    seconds[place] = away
    broken = fit_drawing_predictor(drawn(seconds, [""] * 12), {}).typical_s
    assert plain is not None
    assert broken is not None
    assert broken < 1.15 * plain


def test_types_that_take_long_are_told_from_the_rest() -> None:
    rng = np.random.default_rng(1)
    types = ["coat", "top"] * 14
    seconds = [(120.0 if name == "coat" else 40.0) * rng.lognormal(0, 0.2) for name in types]
    found = fit_drawing_predictor(drawn(seconds, types), {})
    coat, top, other = found.predict(np.repeat(NOTHING, 3, axis=0), ["coat", "top", "hat"])
    assert coat > 1.8 * top
    assert top < other < coat
    assert found.error_s is not None
    assert found.constant_error_s is not None
    assert found.error_s < 0.7 * found.constant_error_s


def test_types_that_tell_nothing_are_mostly_left_alone() -> None:
    types = [f"type {k % 7}" for k in range(28)]
    kept = 0
    for seed in range(40):
        seconds = 60 * np.random.default_rng(seed).lognormal(0, 0.3, 28)
        found = fit_drawing_predictor(drawn(seconds.tolist(), types), {})
        kept += bool(found.by_type)
        if not found.by_type:
            assert found.error_s == found.constant_error_s
    assert kept <= 10


def test_photos_are_told_apart_once_there_are_enough() -> None:
    rng = np.random.default_rng(3)
    expected = rng.uniform(0.8, 1.0, 200)
    seconds = (30 + 600 * (1 - expected)) * rng.lognormal(0, 0.15, 200)
    masks = replace(drawn(seconds.tolist(), [""] * 200), rows=rows_of(expected))
    found = fit_drawing_predictor(masks, {})
    assert found.forest is not None
    easy, hard = found.predict(rows_of(np.array([0.99, 0.82])), ["", ""])
    assert easy < 0.6 * hard


def test_a_slow_person_makes_no_photo_hard() -> None:
    slow = replace(
        drawn([100.0] * 10 + [50.0] * 10, [""] * 20), annotators=["bo"] * 10 + ["ada"] * 10
    )
    found = fit_drawing_predictor(slow, {"bo": 2.0, "ada": 1.0})
    assert found.typical_s == pytest.approx(50.0)
    assert found.error_s == pytest.approx(0.0)


def test_of_too_few_masks_nothing_is_said() -> None:
    found = fit_drawing_predictor(drawn([60.0] * 9, ["coat"] * 9), {})
    assert found == DrawingPredictor(9)
    assert found.missing == 1
    assert np.isnan(found.predict(NOTHING, ["coat"])).all()


def test_one_garment_alone_has_a_usual_time_and_no_error() -> None:
    found = fit_drawing_predictor(drawn([60.0] * 12, ["coat"] * 12, ["one"] * 12), {})
    assert found.typical_s == pytest.approx(60.0)
    assert found.error_s is None


def test_a_ranking_keeps_it() -> None:
    rng = np.random.default_rng(1)
    types = ["coat", "top"] * 14
    seconds = [(120.0 if name == "coat" else 40.0) * rng.lognormal(0, 0.2) for name in types]
    found = fit_drawing_predictor(drawn(seconds, types), {})
    risk = shipped_risk_model()
    kept = Ranking.from_bytes(Ranking(ProjectRisk(risk), drawing=found).to_bytes(), risk)
    assert kept.drawing == found
    assert Ranking.from_bytes(Ranking(ProjectRisk(risk)).to_bytes(), risk).drawing.masks == 0


class _AnyForest:
    """What tells pre-fills apart, for `is_dearer`."""


def test_correcting_is_dearer_only_beyond_both_errors_together() -> None:
    told = TimePredictor(_AnyForest(), 20.0, 6.0, 9.0)  # type: ignore[arg-type]
    known = DrawingPredictor(20, 60.0, {}, None, 8.0, 8.0)
    assert margin_s(told, known) == 10.0
    correcting = np.array([69.0, 71.0, np.nan, 200.0])
    drawing = np.array([60.0, 60.0, 60.0, np.nan])
    assert is_dearer(correcting, drawing, told, known).tolist() == [False, True, False, False]
    for time, without in (
        (replace(told, forest=None), known),
        (replace(told, error_s=None), known),
        (told, DrawingPredictor(9)),
    ):
        assert not is_dearer(correcting, drawing, time, without).any()
