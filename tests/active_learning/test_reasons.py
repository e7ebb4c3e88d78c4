"""Reasons: low contrast speaks for itself, and is not held against the label on the same arc."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from active_learning.label_features import features_of
from active_learning.reasons import compared_numbers, reasons
from active_learning.signals.arc_signals import ARC_SIGNALS
from active_learning.signals.garment_views import Oddness
from active_learning.signals.label_signals import label_signals, without_model
from hemline.reasons import Reason
from tests.active_learning.garments import draw, probabilities


@pytest.fixture
def faint_arc():
    """Signals of a right label whose first 40 points lack contrast, which the model bears out."""
    photo, mask = draw(3)
    signals = label_signals(photo, mask, probabilities(mask))
    arcs = signals.arcs.copy()
    where = np.arange(len(arcs)) < 40
    arcs[:, ARC_SIGNALS.index("contrast_close")] = np.where(where, 1.0, 40.0)
    arcs[:, ARC_SIGNALS.index("probability_-0.04")] = 0.9
    arcs[:, ARC_SIGNALS.index("probability_0.04")] = 0.1
    return replace(signals, arcs=arcs, missing=None, extra=None), where


def test_low_contrast_suppresses_bad_ground_truth_on_the_same_arc_alone(faint_arc):
    signals, where = faint_arc
    points = np.where(where, 0.95, 0.02)
    (same,) = reasons([features_of(signals, points)], [0.9])
    assert [item.reason for item in same] == [Reason.LOW_CONTRAST]
    assert same[0].region is not None
    (elsewhere,) = reasons([features_of(signals, points[::-1])], [0.9])
    assert Reason.BAD_GROUND_TRUTH in {item.reason for item in elsewhere}
    points[80:120] = 0.8
    (both,) = reasons([features_of(signals, points)], [0.9])
    assert Reason.BAD_GROUND_TRUTH in {item.reason for item in both}


def test_an_odd_view_is_no_reason_by_itself(faint_arc):
    signals, where = faint_arc
    odd = Oddness(23.7, "its mask is 62% smaller")
    excused = features_of(signals, np.where(where, 0.95, 0.02))
    right = features_of(signals, np.full(len(where), 0.02))
    for found, risk in ((excused, 0.9), (right, 0.001)):
        (told,) = reasons([found], [risk], oddness=[odd])
        assert Reason.BAD_GROUND_TRUTH not in {item.reason for item in told}
    doubtful = features_of(signals, np.where(where, 0.02, 0.95))
    (told,) = reasons([doubtful], [0.9], oddness=[odd])
    (bad,) = [item for item in told if item.reason == Reason.BAD_GROUND_TRUTH]
    assert bad.number == 0.9
    assert bad.sentence.endswith("; its mask is 62% smaller")
    (usual,) = reasons([doubtful], [0.9], oddness=[replace(odd, times=4.9)])
    assert all("smaller" not in item.sentence for item in usual)


def test_no_sentence_names_a_factor_beyond_what_says_anything(faint_arc):
    signals, where = faint_arc
    far = [0.1] * 20 + [2.37]
    found = [features_of(signals, np.zeros(len(where)))] * len(far)
    *_, last = reasons(found, [0.0] * len(far), far)
    (told,) = [item for item in last if item.reason == Reason.LIMITED_DATA]
    assert told.sentence == "more than 5 times farther than usual from similar photos"


def test_a_low_probability_is_no_sentence_against_a_label(faint_arc):
    signals, where = faint_arc
    ((told, *_),) = reasons([features_of(signals, np.full(len(where), 0.04))], [0.9])
    assert told.reason == Reason.BAD_GROUND_TRUTH
    assert told.sentence.startswith("the mask as a whole looks unusual")


def test_a_mask_that_is_wrong_all_over_is_not_said_to_be_off_on_a_stretch(faint_arc):
    signals, where = faint_arc
    noise = replace(signals, values={**signals.values, "model_dice": 0.12})
    ((told, *_),) = reasons([features_of(noise, np.full(len(where), 0.04))], [0.9])
    assert told.sentence == "mask and prediction agree with a Dice of only 0.12"


def _boxed(region):
    points = np.array(region.points)
    return points.min(axis=0), points.max(axis=0)


def test_limited_data_is_the_whole_garment():
    photo, mask = draw(3)
    signals = label_signals(photo, mask, probabilities(mask))
    found = features_of(signals, np.zeros(len(signals.points)))
    far = [*(0.1 + k / 999 for k in range(12)), 0.9]
    *_, told = reasons([found] * 13, [0.0] * 13, far)
    rows, columns = np.nonzero(mask)
    (limited,) = (item for item in told if item.reason == Reason.LIMITED_DATA)
    low, high = _boxed(limited.region)
    assert low.tolist() == [columns.min(), rows.min()]
    assert high.tolist() == [columns.max() + 1, rows.max() + 1]


def _complicated(found):
    usual = [replace(found, complexity=(k,) * 3 + (11 - k,) * 3) for k in range(12)]
    *_, told = reasons([*usual, found], [0.0] * 13)
    (one,) = (item for item in told if item.reason == Reason.TOO_COMPLICATED)
    return one


def test_too_complicated_is_where_the_model_cannot_tell():
    photo, mask = draw(3)
    p = probabilities(mask)
    p[:, 60:72, 20:40] = 0.5  # of half the photo's size
    signals = label_signals(photo, mask, p)
    found = features_of(signals, np.zeros(len(signals.points)))
    low, high = _boxed(_complicated(replace(found, complexity=(99,) * 3 + (7,) * 3)).region)
    assert (low > [30, 112]).all()
    assert (high < [90, 152]).all()


def test_too_complicated_is_along_the_outline_that_the_model_is_least_sure_of():
    photo, mask = draw(3)
    p = probabilities(mask)
    soft = cv2.GaussianBlur(p[0], (0, 0), 3.0)[None]
    bottom = int(np.nonzero(mask)[0].max()) // 2
    p[:, bottom - 5 :] = soft[:, bottom - 5 :]
    signals = replace(label_signals(photo, mask, p), undecided=None)
    region = features_of(signals, np.zeros(len(signals.points))).undecided
    assert region is not None
    assert region.kind == "line"
    assert np.mean([y for _, y in region.points]) > 2 * bottom - 20
    assert features_of(without_model(signals), np.zeros(len(signals.points))).undecided is None


def test_too_complicated_is_where_the_garment_is_thin():
    photo, mask = draw(3)
    strap = mask.copy()
    strap[8:34, 58:60] = 1
    signals = label_signals(photo, strap, probabilities(mask))
    found = features_of(signals, np.zeros(len(signals.points)))
    low, high = _boxed(_complicated(replace(found, complexity=(7,) * 3 + (99,) * 3)).region)
    assert low[1] <= 10
    assert (high <= [64, 40]).all()


def test_images_are_compared_with_the_others_of_the_project_too(faint_arc):
    signals, where = faint_arc
    found = features_of(signals, np.zeros(len(where)))
    usual = compared_numbers([found] * 12, [0.0] * 12, [0.1 + k / 999 for k in range(12)])
    (alone,) = reasons([found], [0.0], [0.9])
    assert Reason.LIMITED_DATA not in {item.reason for item in alone}
    (beside,) = reasons([found], [0.0], [0.9], others=usual)
    assert Reason.LIMITED_DATA in {item.reason for item in beside}
