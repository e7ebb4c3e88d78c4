"""Blame: the photo says whether label, model or its own lack of contrast is at fault."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from active_learning.blame import Blame, label_is_wrong, share_blame
from active_learning.label_features import LabelFeatures, features_of, label_features
from active_learning.reasons import reasons
from active_learning.risk.label_risk import point_risks
from active_learning.signals.disputes import Dispute
from active_learning.signals.label_signals import label_signals, without_model
from hemline.reasons import Reason, Region
from hemline.studio.figure.body import FigureKind
from hemline.studio.hard_cases import HardCase
from hemline.studio.scene import draw_scene
from hemline.studio.wardrobe.prints import Pattern
from hemline.studio.wardrobe.wardrobe import GarmentType
from tests.active_learning.garments import draw, probabilities
from worker.shipped_risk import shipped_risk_model


def blamed(photo, label, seen):
    """The blame where a model sees `seen` and somebody has labelled `label`."""
    signals = label_signals(photo, label, probabilities(seen))
    found = share_blame(signals, point_risks(shipped_risk_model().arcs, signals))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def dipped():
    scene = draw_scene(
        5008,
        height=576,
        width=384,
        kind=FigureKind.MANNEQUIN,
        garment_type=GarmentType.DRESS,
        pattern=Pattern.PLAIN,
        case=HardCase.DIPPED_HEM,
    )
    assert (scene.mask > scene.front_mask).sum() > 0.03 * scene.mask.sum()
    return scene


def test_a_back_hem_that_the_label_leaves_out_is_the_labels_fault(dipped):
    found = blamed(dipped.image, dipped.front_mask, dipped.mask)
    assert found.label > 2 * (found.contrast + found.model)
    assert found.convicts_label
    assert not found.clears_label
    assert found.below
    assert found.wrong is not None
    rows = [y for _, y in found.wrong.points]
    assert min(rows) > np.percentile(np.nonzero(dipped.mask)[0], 85)


def test_a_right_label_is_cleared_where_the_model_leaves_a_part_out(dipped):
    smaller = dipped.mask.copy()
    top = int(np.nonzero(smaller)[0].min())
    smaller[: top + 60] = 0
    found = blamed(dipped.image, dipped.mask, smaller)
    assert found.clears_label
    assert not found.convicts_label
    assert found.puzzles_model
    assert not found.lacks_contrast
    assert found.missed is not None


def test_where_nothing_can_be_seen_the_photo_is_to_blame():
    photo, mask = draw(3)
    left, top, width, height = cv2.boundingRect(mask)
    beside = np.zeros_like(mask)
    beside[top + height // 3 : top + 2 * height // 3, left : left + width + 14] = 1
    # A wall nearly of the garment's colour, of which an unsure model takes a part for garment.
    cloth = np.median(photo[mask > 0], axis=0)
    wall = np.zeros_like(mask)
    wall[top - 4 : top + height + 4, left + width // 2 :] = 1
    photo[(wall > 0) & (mask == 0)] = np.clip(cloth + 7, 0, 255).astype(np.uint8)
    found = blamed(photo, mask, mask | beside)
    assert found.contrast > 2 * (found.label + found.model)
    assert found.lacks_contrast
    assert found.pale is not None


def test_an_agreed_label_has_no_blame_and_without_a_model_nobody_knows(dipped):
    agreed = blamed(dipped.image, dipped.mask, dipped.mask)
    assert agreed.total < 0.01
    signals = without_model(label_signals(dipped.image, dipped.mask, probabilities(dipped.mask)))
    assert share_blame(signals, np.zeros(len(signals.points))) is None
    inverted = label_signals(dipped.image, 1 - dipped.mask, probabilities(dipped.mask))
    assert share_blame(inverted, np.zeros(len(inverted.points))) is None


def test_each_thing_that_speaks_against_a_label_raises_the_probability_that_it_is_wrong():
    whole = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 200.0], [0.0, 200.0]])
    line = np.array([[40.0, 90.0], [60.0, 90.0], [60.0, 110.0]])
    part = Dispute(True, 0.05, 0.1, 0.8, 20.0, 20.0, 0.5, np.arange(5), line)
    usual = label_is_wrong(part, np.full(5, 0.3), whole)
    for worse in (
        replace(part, at_model=50.0),
        replace(part, sure=0.97),
        replace(part, alike=0.9),
        replace(part, missing=False, alike=0.1),
        replace(part, line=line + np.array([0.0, 95.0])),
    ):
        assert label_is_wrong(worse, np.full(5, 0.3), whole) > usual
    assert label_is_wrong(part, np.full(5, 0.9), whole) > usual
    unknown = replace(part, at_model=float("nan"), along=np.arange(0))
    assert 0 < label_is_wrong(unknown, np.zeros(5), whole) < 1


BOX = Region("polygon", [[1.0, 2.0], [3.0, 2.0], [3.0, 5.5]])


def told(blame, risk, **more):
    (found,) = reasons([LabelFeatures(fixed_risk=risk, blame=blame, **more)], [risk])
    return {item.reason: item for item in found}


def test_a_label_that_is_cleared_is_not_called_bad_and_a_convicted_one_is():
    cleared = Blame(0.001, 0.1, 0.0, pale=BOX)
    found = told(cleared, 0.9)
    assert set(found) == {Reason.LOW_CONTRAST}
    assert found[Reason.LOW_CONTRAST].region == BOX
    assert found[Reason.LOW_CONTRAST].sentence.startswith("label and model differ by 10.0%")
    assert set(told(None, 0.9)) == {Reason.BAD_GROUND_TRUTH}
    assert told(None, 0.1) == {}
    convicted = told(Blame(0.06, wrong=BOX, below=True), 0.1)
    assert set(convicted) == {Reason.BAD_GROUND_TRUTH}
    assert convicted[Reason.BAD_GROUND_TRUTH].region == BOX
    assert "below the hem" in convicted[Reason.BAD_GROUND_TRUTH].sentence
    assert "6.0%" in convicted[Reason.BAD_GROUND_TRUTH].sentence


def test_a_short_stretch_without_contrast_is_told_only_where_label_and_model_differ():
    assert set(told(Blame(0.03, faint=0.07), 0.9)) == {
        Reason.BAD_GROUND_TRUTH,
        Reason.LOW_CONTRAST,
    }
    assert told(Blame(0.001, faint=0.07), 0.1) == {}


def test_a_model_that_is_wrong_about_what_can_be_seen_makes_a_photo_complicated():
    found = told(Blame(model=0.2, missed=BOX), 0.5)
    assert set(found) == {Reason.TOO_COMPLICATED}
    assert found[Reason.TOO_COMPLICATED].region == BOX
    assert "20.0%" in found[Reason.TOO_COMPLICATED].sentence


def test_features_have_the_blame_of_their_signals(dipped):
    model = shipped_risk_model()
    seen = probabilities(dipped.mask)
    kept = label_features(dipped.image, dipped.front_mask, seen, model)
    signals = label_signals(dipped.image, dipped.front_mask, seen)
    assert kept.blame == features_of(signals, point_risks(model.arcs, signals)).blame
    (reason,) = reasons([kept], [0.02])
    assert Reason.BAD_GROUND_TRUTH in {item.reason for item in reason}
