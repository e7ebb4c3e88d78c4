"""Signals are finite where they should be, the same at any scale, and see what is wrong."""

import cv2
import numpy as np
import pytest

from active_learning.signals.arc_signals import ARC_SIGNALS, colour_difference
from active_learning.signals.label_signals import LABEL_SIGNALS, label_signals, without_model
from hemline.errors import MaskError
from tests.active_learning.garments import draw, probabilities


@pytest.fixture(scope="module")
def right():
    photo, mask = draw(0)
    return label_signals(photo, mask, probabilities(mask))


def test_a_right_label_agrees_with_its_photo_and_its_model(right):
    assert set(right.values) == set(LABEL_SIGNALS)
    assert right.arcs.shape == (len(right.points), len(ARC_SIGNALS))
    assert right.values["model_dice"] > 0.95
    assert right.values["contrast_p10"] > 15
    assert abs(right.values["shift_median"]) < 0.02
    assert right.values["missing_total"] < 0.02
    assert right.missing is None or right.values["missing_largest"] < 0.02


def test_a_hem_cut_off_is_seen_missing_where_it_is(right):
    photo, mask = draw(0)
    cut = mask.copy()
    bottom = int(np.nonzero(mask)[0].max())
    cut[bottom - 25 :] = 0
    found = label_signals(photo, cut, probabilities(mask))
    assert found.values["missing_largest"] > 0.08
    assert found.values["missing_bottom"] > found.values["missing_top"]
    assert found.values["contrast_worst_tenth"] < right.values["contrast_worst_tenth"] / 2
    assert found.missing is not None
    assert bottom - 30 < found.missing[:, 1].mean() < bottom + 5


def test_a_part_too_much_is_seen_extra(right):
    photo, mask = draw(0)
    wide = mask.copy()
    cv2.circle(wide, (100, 140), 16, 1, cv2.FILLED)
    found = label_signals(photo, wide, probabilities(mask))
    assert found.values["extra_unlike_largest"] > 0.03
    assert found.values["extra_unlike_largest"] > 5 * right.values["extra_unlike_largest"]


def test_the_size_of_the_photo_hardly_matters(right):
    photo, mask = draw(0)
    large = cv2.resize(photo, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    found = label_signals(large, cv2.resize(mask, None, fx=4, fy=4), probabilities(mask))
    for name in ("model_dice", "contrast_mean", "solidity", "perimeter", "photo_share"):
        assert found.values[name] == pytest.approx(right.values[name], rel=0.25)


def test_without_a_model_only_what_needs_one_is_unknown(right):
    photo, mask = draw(0)
    bare = label_signals(photo, mask, None)
    blind = without_model(right)
    for name in LABEL_SIGNALS:
        assert bare.values[name] == pytest.approx(blind.values[name], nan_ok=True)
    assert np.isnan(bare.values["softmin"])
    assert np.isfinite(bare.values["contrast_p10"])
    assert np.array_equal(np.isnan(bare.arcs), np.isnan(blind.arcs))


def test_the_photos_border_is_no_outline():
    photo, mask = draw(1)
    mask[:, :60] = 1
    found = label_signals(photo, mask, probabilities(mask))
    assert found.values["at_border"] > 0.2
    assert np.isnan(found.arcs).all(axis=1).any()


@pytest.mark.parametrize("pixels", [1, 2, 5])
def test_specks_and_slivers_are_defined(pixels):
    photo, mask = draw(2)
    speck = np.zeros_like(mask)
    speck[50, 50 : 50 + pixels] = 1
    found = label_signals(photo, speck, probabilities(mask))
    assert np.isfinite(found.values["model_dice"])
    assert found.values["photo_share"] > 0


def test_a_full_mask_and_classes_are_defined():
    photo, mask = draw(3)
    label_signals(photo, np.ones_like(mask), probabilities(mask))
    p = probabilities(mask)[0]
    three = np.stack([1 - p, 0.7 * p, 0.3 * p])
    found = label_signals(photo, (mask * 2).astype(np.uint8), three)
    assert found.values["class_agreement"] < 0.1
    unseen = label_signals(photo, (mask * 9).astype(np.uint8), three)
    assert unseen.values["worst_class_dice"] == 0


@pytest.mark.parametrize("classes", [1, 2])
def test_what_nobody_labelled_is_not_counted(classes):
    """The same figures with a wrong part that is void as with the part right."""
    photo, mask = draw(0)
    p = probabilities(mask)
    if classes > 1:
        p = np.concatenate([1 - p, 0.9 * p, 0.1 * p])
    bottom = int(np.nonzero(mask)[0].max())
    void = mask.copy()
    void[bottom - 25 : bottom + 8] = 255
    cut = np.where(void == 255, 0, mask)
    right, wrong, found = (label_signals(photo, m, p).values for m in (mask, cut, void))
    for name in ("model_dice", "boundary_iou", "missing_total", "missing_alike", "contrast_mean"):
        assert found[name] == pytest.approx(right[name], rel=0.02, abs=2e-3), name
        assert wrong[name] != pytest.approx(right[name], rel=0.02, abs=2e-3), name
    unsure = np.full_like(p, 0.5)
    unsure[..., : (bottom - 30) // 2, :] = p[..., : (bottom - 30) // 2, :]
    assert label_signals(photo, mask, unsure).values["softmin"] < right["softmin"] - 0.05
    void[bottom - 34 :] = 255
    assert label_signals(photo, void, unsure).values["softmin"] > right["softmin"] - 0.02


def test_no_outline_is_compared_with_what_nobody_labelled():
    """Without a model, a void hem leaves an outline that is nobody's word."""
    photo, mask = draw(0)
    bottom = int(np.nonzero(mask)[0].max())
    void = mask.copy()
    void[bottom - 25 :] = 255
    found = label_signals(photo, void, None)
    at_void = found.points[:, 1] > bottom - 27
    assert at_void.any()
    assert np.isnan(found.arcs[at_void]).all()
    assert found.values["contrast_p10"] > 15
    with pytest.raises(MaskError, match="mask is empty"):
        label_signals(photo, np.full_like(mask, 255), probabilities(mask))


def test_what_does_not_fit_is_refused():
    photo, mask = draw(4)
    with pytest.raises(MaskError, match="mask is empty"):
        label_signals(photo, np.zeros_like(mask), None)
    with pytest.raises(MaskError, match="make the two the same size"):
        label_signals(photo, mask[:-1], None)
    with pytest.raises(MaskError, match="NaN"):
        label_signals(photo, mask, np.full((1, 8, 8), np.nan, np.float32))


def test_colour_difference_is_ciede2000():
    """Pairs and values of Sharma, Wu and Dalal 2005."""
    one = np.array([[50.0, 2.6772, -79.7751], [50.0, 0.0, 0.0]], np.float32)
    other = np.array([[50.0, 0.0, -82.7485], [50.0, -1.0, 2.0]], np.float32)
    assert colour_difference(one, other) == pytest.approx([2.0425, 2.3669], abs=1e-3)


def test_a_map_of_more_pixels_than_a_side_may_have_is_fine():
    photo, mask = draw(0)
    large = cv2.resize(probabilities(mask)[0], (300, 400), interpolation=cv2.INTER_LINEAR)[None]
    assert label_signals(photo, mask, large).values["model_dice"] > 0.95
    void = mask.copy()
    void[:5] = 255
    assert label_signals(photo, void, large).values["model_dice"] > 0.95
