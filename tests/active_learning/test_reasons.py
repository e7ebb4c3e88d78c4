"""Reasons: low contrast speaks for itself, and is not held against the label on the same arc."""

from dataclasses import replace

import numpy as np
import pytest

from active_learning.arc_signals import ARC_SIGNALS
from active_learning.label_signals import label_signals
from active_learning.reasons import Reason, find, reasons
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
    (same,) = reasons([find(signals, 0.9, points)])
    assert [item.reason for item in same] == [Reason.LOW_CONTRAST]
    assert same[0].region is not None
    (elsewhere,) = reasons([find(signals, 0.9, points[::-1])])
    assert Reason.BAD_GROUND_TRUTH in {item.reason for item in elsewhere}
    points[80:120] = 0.8
    (both,) = reasons([find(signals, 0.9, points)])
    assert Reason.BAD_GROUND_TRUTH in {item.reason for item in both}


def test_an_odd_view_is_told_of_where_low_contrast_excuses_the_outline(faint_arc):
    signals, where = faint_arc
    found = replace(find(signals, 0.9, np.where(where, 0.95, 0.02)), odd=4.0)
    ((told, *_),) = reasons([found])
    assert told.reason == Reason.BAD_GROUND_TRUTH
    assert (
        told.sentence
        == "its mask differs from the garment's other views 4.0 times as much as usual"
    )


def test_a_mask_that_is_wrong_all_over_is_not_said_to_be_off_on_a_stretch(faint_arc):
    signals, where = faint_arc
    noise = replace(signals, values={**signals.values, "model_dice": 0.12})
    ((told, *_),) = reasons([find(noise, 0.9, np.full(len(where), 0.04))])
    assert told.sentence == "mask and prediction agree by a Dice of 0.12 only"
