"""Batches, triage, drift, views and predicted Dice: pure functions, tried at their edges."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from active_learning.order.batches import (
    COLD_LABELS,
    Candidate,
    by_usefulness,
    choose_batch,
    cold_start,
)
from active_learning.order.clusters import UNKNOWN, cluster_centres, nearest_clusters
from active_learning.order.coverage import coverage_order
from active_learning.order.drift import paired_drift, population_stability
from active_learning.order.neighbours import isolation
from active_learning.order.triage import accepts, is_audited, moved_threshold
from active_learning.order.usefulness import MetPrefills, fit_dice_predictor
from active_learning.percentiles import percentiles
from active_learning.signals.garment_views import (
    ODD,
    Oddness,
    ViewSignals,
    disagree,
    odd_views,
    raised,
    usual_gaps,
    view_signals,
)
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS, prediction_signals
from active_learning.signals.unusual import USUAL, unusual
from hemline.reasons import Reason
from hemline.studio.scene import VIEWS, draw_scene
from tests.active_learning.garments import draw, probabilities


def _candidates(count, **changes):
    return [
        Candidate(f"t{k}", f"g{k // 2}", k % 4, usefulness=k / count, **changes)
        for k in range(count)
    ]


def _batch(candidates, seed=0, **budget):
    drawn = [candidates[k] for k in np.random.default_rng(seed).permutation(len(candidates))]
    return choose_batch(by_usefulness(candidates, seed=seed), drawn, **budget)


@given(st.integers(0, 60), st.integers(0, 30), st.integers(0, 5))
def test_a_batch_keeps_to_its_budget_and_takes_no_garment_twice(count, items, seed):
    candidates = _candidates(count)
    batch = _batch(candidates, seed, items=items)
    garments = [int(chosen.id[1:]) // 2 for chosen in batch]
    assert len(set(garments)) == len(batch)
    assert len(batch) == min(items, (count + 1) // 2)
    assert batch == _batch(candidates, seed, items=items)


def test_minutes_are_a_budget_too():
    assert len(_batch(_candidates(40, minutes=3.0), minutes=10)) == 3


def test_views_that_disagree_may_all_come():
    candidates = [Candidate(f"v{k}", "coat", 0, 0.5, views_disagree=True) for k in range(3)]
    assert len(_batch(candidates, items=9)) == 3


def test_a_batch_has_a_random_share_and_is_from_all_over():
    batch = _batch(_candidates(200), items=40)
    assert sum(chosen.random for chosen in batch) == 4
    assert [chosen.random for chosen in batch[:11]] == [True, *[False] * 9, True]
    clusters = {int(chosen.id[1:]) % 4 for chosen in batch[:9]}
    assert clusters == {0, 1, 2, 3}


def test_usefulness_orders_each_cluster_and_the_clusters_take_turns():
    candidates = [Candidate(f"t{k}", f"g{k}", int(k >= 9), k / 5) for k in range(12)]
    order = [item.id for item in by_usefulness(candidates)]
    assert order[:4] == ["t11", "t8", "t10", "t7"]
    assert len(order) == 12


def _three_heaps():
    """Unit vectors in three tight heaps of 20, 10 and 5, and one of zeros."""
    rng = np.random.default_rng(3)
    middles = np.eye(8, dtype=np.float32)[np.repeat([0, 1, 2], [20, 10, 5])]
    points = middles + rng.normal(0, 0.02, middles.shape).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return np.vstack([points, np.zeros((1, 8), np.float32)])


def test_coverage_takes_one_of_each_heap_the_largest_first_and_none_that_is_known():
    points, nothing = _three_heaps(), np.zeros((0, 8), np.float32)
    order = coverage_order(points, nothing, 3)
    assert [int(np.digitize(k, [20, 30])) for k in order] == [0, 1, 2]
    beside = coverage_order(points, points[[0, 3, 35]], 2)
    assert [int(np.digitize(k, [20, 30])) for k in beside] == [1, 2]
    everything = coverage_order(points, nothing, 99)
    assert sorted(everything) == list(range(35)), "what has no embedding stands for nothing"
    assert coverage_order(points[35:], nothing, 5) == []
    assert coverage_order(nothing, nothing, 5) == []
    assert coverage_order(points[:1], nothing, 5) == [0]


def test_coverage_beats_chance_at_bringing_all_near_to_a_label():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 16)).astype(np.float32) * np.linspace(2, 0.1, 16, dtype="f4")
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    centred = points - points.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    near = centred @ centred.T

    def covered(chosen):
        return near[:, chosen].max(axis=1).mean()

    ours = coverage_order(points, points[:0], 8)
    chance = [covered(rng.permutation(200)[:8]) for _ in range(200)]
    assert covered(ours) > max(chance)


def test_a_cold_start_is_as_long_as_labels_are_missing_to_a_dozen():
    points = _three_heaps()
    candidates = [Candidate(f"t{k}", f"g{k}", 0, k / 36) for k in range(36)]
    first = [int(item.id[1:]) for item in cold_start(candidates, points, points[:0])]
    assert len(first) == COLD_LABELS
    assert {int(np.digitize(k, [20, 30])) for k in first[:3]} == {0, 1, 2}
    later = cold_start(candidates, points, points[: COLD_LABELS - 1])
    assert [int(item.id[1:]) >= 20 for item in later] == [True]
    assert cold_start(candidates, points, points[:COLD_LABELS]) == []


def test_a_batch_without_a_budget_is_refused():
    with pytest.raises(ValueError, match="needs a budget"):
        choose_batch([], [])


def test_clusters_part_what_is_apart():
    rng = np.random.default_rng(0)
    centres = np.eye(8, dtype=np.float32)[[0, 1]]
    points = np.repeat(centres, 20, axis=0) + rng.normal(0, 0.01, (40, 8)).astype(np.float32)
    centres = cluster_centres(points, clusters=2)
    found = nearest_clusters(points, centres)
    assert len(set(found[:20])) == len(set(found[20:])) == 1
    assert found[0] != found[20]
    assert nearest_clusters(centres[found[:1]], centres)[0] == found[0]
    assert nearest_clusters(np.zeros((1, 8), np.float32), centres).tolist() == [UNKNOWN]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_few_photos_have_a_cluster_or_none(count):
    points = np.eye(8, dtype=np.float32)[:count]
    found = nearest_clusters(points, cluster_centres(points))
    assert len(found) == count
    assert UNKNOWN not in found
    nowhere = np.zeros((3, 8), np.float32)
    assert nearest_clusters(nowhere, cluster_centres(nowhere)).tolist() == [UNKNOWN] * 3


def test_isolation_agrees_with_all_pairs():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(30, 6)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points[3] = 0
    found = isolation(points)
    known = [k for k in range(30) if k != 3]
    for k in known:
        others = sorted(np.linalg.norm(points[k] - points[j]) for j in known if j != k)
        assert found[k] == pytest.approx(np.mean(others[:5]), abs=1e-3)
    assert np.isnan(found[3])
    assert np.isnan(isolation(points[:1])).all()


@given(st.lists(st.floats(-5, 5) | st.just(float("nan")), max_size=20))
def test_percentiles_rank(values):
    found = percentiles(values)
    assert all(0 <= value <= 100 for value in found)
    known = [(v, p) for v, p in zip(values, found, strict=True) if v == v]
    assert [p for _, p in sorted(known)] == sorted(p for _, p in known)


def test_reasons_have_a_value_and_words():
    assert Reason("low_contrast").words == "Low contrast"


def test_triage_is_off_by_default_and_never_takes_a_nan():
    assert not accepts(0.99, None)
    assert not accepts(float("nan"), 0.9)
    assert accepts(0.95, 0.95)


def test_the_audit_share_is_kept_and_steady():
    drawn = [is_audited(f"task{k}") for k in range(4000)]
    assert 0.07 < np.mean(drawn) < 0.13
    assert drawn == [is_audited(f"task{k}") for k in range(4000)]


def test_the_threshold_moves_with_what_the_audit_finds():
    good, poor = [0.99] * 60, [0.9] * 60
    assert moved_threshold(0.97, good, wanted=0.95) == pytest.approx(0.96)
    assert moved_threshold(0.97, poor, wanted=0.95) == pytest.approx(0.98)
    assert moved_threshold(0.95, good, wanted=0.95) == 0.95
    assert moved_threshold(0.97, poor[:9], wanted=0.95) == 0.97
    assert moved_threshold(0.97, [float("nan")] * 20, wanted=0.95) > 0.97


def test_drift_is_paired():
    old = np.random.default_rng(0).random(50)
    drift = paired_drift(old.tolist(), (old - 0.01).tolist())
    assert drift is not None
    assert drift.mean == pytest.approx(-0.01)
    assert drift.interval == pytest.approx((-0.01, -0.01))
    assert paired_drift([], []) is None
    with pytest.raises(ValueError, match="do not pair up"):
        paired_drift([1], [])


def test_population_stability_tells_the_same_from_another():
    rng = np.random.default_rng(0)
    one = rng.normal(size=2000).tolist()
    assert population_stability(one, rng.normal(size=2000).tolist()) < 0.02
    assert population_stability(one, rng.normal(1, 1, size=2000).tolist()) > 0.25
    assert population_stability([], one) == 0
    assert np.isfinite(population_stability([1, 1, 1], [2]))


def test_the_odd_view_is_found():
    garments = [[view_signals(*draw(k)) for _ in range(3)] for k in range(4)]
    photo, mask = draw(0)
    half = mask.copy()
    half[100:] = 0
    garments[0][2] = view_signals(photo, half)
    garments.append([None, view_signals(photo, mask)])
    usual = usual_gaps(garments)
    found = [odd_views(views, usual) for views in garments]
    assert [odd.is_odd for odd in found[0]] == [False, False, True]  # its siblings are not
    assert "smaller than in the garment's other views" in found[0][2].sentence or (
        "shorter than in the garment's other views" in found[0][2].sentence
    )
    assert disagree(found[0])
    assert not disagree(found[1])
    assert found[4] == [Oddness(), Oddness()]


def _views_of(number):
    drawn = [draw_scene(300 + number, view=view, height=256, width=176) for view in VIEWS]
    return [view_signals(scene.image, scene.mask) for scene in drawn]


def test_front_side_and_back_are_no_odd_views():
    garments = [_views_of(number) for number in range(20)]
    usual = usual_gaps(garments)
    odd = [view.is_odd for views in garments for view in odd_views(views, usual)]
    assert sum(odd) < 0.02 * len(odd)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"area": 0.05}, "50% smaller"),
        ({"area": 5.0}, "more than 10 times larger"),
        ({"height": 0.8}, "60% taller"),
        ({"colour": (90.0, 10.0, 10.0)}, "differ from the garment's other views by 40 ΔE"),
    ],
)
def test_an_odd_view_says_in_what(change, said):
    alike = ViewSignals((50.0, 10.0, 10.0), 0.5, 0.1)
    usual = usual_gaps([[alike] * 3] * 4)
    (*_, odd) = odd_views([alike, alike, replace(alike, **change)], usual)
    assert odd.is_odd
    assert said in odd.sentence


def test_few_views_say_nothing_of_what_is_usual():
    photo, mask = draw(0)
    half = mask.copy()
    half[100:] = 0
    views = [view_signals(photo, mask), view_signals(photo, half)]
    assert usual_gaps([]) is None
    assert usual_gaps([views] * 4) is None
    assert odd_views(views, None) == [Oddness(), Oddness()]


@given(st.floats(0, 1), st.floats(0, 50))
def test_an_odd_view_raises_a_risk_a_little(risk, odd):
    found = raised(risk, Oddness(odd))
    assert 0 <= found <= 1
    assert found >= risk - 1e-15
    if odd < ODD:
        assert found == risk
    elif 1e-6 < risk < 1 - 1e-6:
        assert risk < found < 3 * risk


def test_what_is_unusual_in_a_folder_stands_out_there():
    rng = np.random.default_rng(0)
    for level in (0.6, 0.95):  # a model that knows such photos, and one that does not
        softmin = np.clip(rng.normal(level, 0.01, 40), 0, 1)
        softmin[7] = level - 0.2
        found = unusual(softmin.tolist())
        assert found.argmax() == 7
        assert found[7] == 4
        assert np.median(found) < 0.5
    assert unusual([0.9] * 9).tolist() == [USUAL] * 9
    assert unusual([0.9] * 20).tolist() == [0.0] * 20
    assert unusual([0.9] * 20 + [float("nan")])[-1] == USUAL
    assert unusual([]).tolist() == []


KIND = ("coat", "Front")


def _met(rows, dice, names) -> MetPrefills:
    return MetPrefills(rows, dice, [0.02] * len(rows), names, [KIND] * len(rows))


def test_predicted_dice_learns_and_its_bound_holds():
    rng = np.random.default_rng(0)
    rows = rng.random((400, len(PREDICTION_SIGNALS)))
    dice = 0.6 + 0.35 * rows[:, PREDICTION_SIGNALS.index("band_entropy")] + rng.normal(0, 0.02, 400)
    names = [f"g{k}" for k in range(400)]
    predictor = fit_dice_predictor(_met(rows[:300], dice[:300].tolist(), names[:300]))
    middle, low = predictor.predict(rows[300:], [KIND] * 100)
    constant = np.abs(dice[300:] - np.median(dice[:300])).mean()
    assert np.abs(middle - dice[300:]).mean() < 0.6 * constant
    assert 0.82 < (dice[300:] >= low).mean() <= 1


@pytest.mark.parametrize("count", [0, 1, 5, 29])
def test_few_audit_items_promise_nothing(count):
    rows = np.full((count, len(PREDICTION_SIGNALS)), 0.9)
    predictor = fit_dice_predictor(_met(rows, [0.8] * count, ["g"] * count))
    middle, low = predictor.predict(np.full((2, len(PREDICTION_SIGNALS)), 0.9), [KIND] * 2)
    assert middle == pytest.approx([0.8 if count else 0.9] * 2)
    assert (low <= middle).all()
    if count < 9:
        assert (low == 0).all()
        assert np.isinf(predictor.outlines_within(middle, [KIND] * 2)).all()


def test_an_empty_prediction_has_no_dice_to_hope_for():
    photo, mask = draw(0)
    values = prediction_signals(photo, np.zeros_like(mask), probabilities(mask), flip_dice=0.5)
    row = np.array([[values[name] for name in PREDICTION_SIGNALS]])
    middle, low = fit_dice_predictor(_met(row[:0], [], [])).predict(row, [KIND])
    assert middle[0] == low[0] == 0
    full = prediction_signals(photo, mask, probabilities(mask))
    assert 0.8 < full["own_expected_dice"] <= 1
