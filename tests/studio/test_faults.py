"""Planted faults: each changes what it says and nothing else, and more so at a higher severity."""

from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hemline.studio.faults import FaultKind, plant_fault, spoil_mask
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import Scene, draw_scene
from hemline.studio.wardrobe.wardrobe import GarmentType

Mask = NDArray[np.uint8]
MASK_FAULTS = [
    kind for kind in FaultKind if kind not in (FaultKind.BLENDED, FaultKind.OTHER_GARMENT)
]
seeds = st.integers(0, 2**31 - 1)
severities = st.floats(0, 1)
numbers = st.integers(0, 7)


@cache
def scene(number: int) -> Scene:
    return draw_scene(number, kind=FigureKind.MANNEQUIN, height=288, width=192)


def spoil(truth: Mask, kind: FaultKind, seed: int, severity: float) -> Mask:
    return spoil_mask(truth, kind, np.random.default_rng(seed), severity)


def changed_rows(mask: Mask, truth: Mask) -> tuple[float, float]:
    """First and last changed row, as shares of the bounding box's height."""
    _, top, _, height = cv2.boundingRect(truth)
    rows = np.flatnonzero((mask != truth).any(axis=1))
    return (rows[0] - top) / height, (rows[-1] + 1 - top) / height


def dice(mask: Mask, truth: Mask) -> float:
    return 2 * np.count_nonzero(mask & truth) / (np.count_nonzero(mask) + np.count_nonzero(truth))


@given(numbers, st.sampled_from(MASK_FAULTS), seeds, severities)
@settings(deadline=None)
def test_every_fault_changes_the_mask_but_keeps_most_of_it(
    number: int, kind: FaultKind, seed: int, severity: float
) -> None:
    truth = scene(number).mask
    before = truth.copy()
    mask = spoil(truth, kind, seed, severity)
    assert np.array_equal(truth, before)
    assert mask.shape == truth.shape
    assert mask.dtype == np.uint8
    assert set(np.unique(mask)) <= {0, 1}
    assert 0.55 < dice(mask, truth) < 1
    assert np.array_equal(mask, spoil(truth, kind, seed, severity))


@given(numbers, seeds, severities)
@settings(deadline=None)
def test_a_cut_hem_takes_from_the_lower_end_only(number: int, seed: int, severity: float) -> None:
    truth = scene(number).mask
    mask = spoil(truth, FaultKind.HEM_CUT, seed, severity)
    assert not (mask & (1 - truth)).any()
    first, last = changed_rows(mask, truth)
    assert first >= 1 - 0.15 - 0.03 - 0.02
    assert last == 1


@given(numbers, seeds, severities)
@settings(deadline=None)
def test_thin_under_the_arms_is_between_shoulder_and_hip(
    number: int, seed: int, severity: float
) -> None:
    truth = scene(number).mask
    mask = spoil(truth, FaultKind.UNDER_ARM, seed, severity)
    assert not (mask & (1 - truth)).any()
    first, last = changed_rows(mask, truth)
    assert first >= 0.17
    assert last <= 0.56


@given(numbers, seeds, severities)
@settings(deadline=None)
def test_a_shift_moves_and_keeps_the_area(number: int, seed: int, severity: float) -> None:
    truth = scene(number).mask
    mask = spoil(truth, FaultKind.SHIFTED, seed, severity)
    assert np.count_nonzero(mask) == pytest.approx(np.count_nonzero(truth), rel=0.02)
    away = np.subtract(centre(mask), centre(truth))
    size = np.sqrt(np.count_nonzero(truth))
    assert 0.02 * size - 1 < np.hypot(*away) < 0.08 * size + 1.5


@given(numbers, seeds, severities)
@settings(deadline=None)
def test_a_missing_part_only_takes_and_an_extra_part_only_adds(
    number: int, seed: int, severity: float
) -> None:
    truth = scene(number).mask
    missing = spoil(truth, FaultKind.MISSING_PART, seed, severity)
    extra = spoil(truth, FaultKind.EXTRA_PART, seed, severity)
    assert not (missing & (1 - truth)).any()
    assert not (truth & (1 - extra)).any()
    for changed in (missing != truth, extra != truth):
        outlines, _ = cv2.findContours(
            changed.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        points = np.concatenate(outlines)[:, 0]
        assert np.ptp(points, axis=0).max() <= 0.58 * np.sqrt(np.count_nonzero(truth)) + 2


@given(numbers, seeds, severities)
@settings(deadline=None)
def test_straight_lines_have_few_corners(number: int, seed: int, severity: float) -> None:
    truth = scene(number).mask
    mask = spoil(truth, FaultKind.POLYGON, seed, severity)
    assert corners(mask) < corners(truth)


@given(numbers, seeds, severities)
@settings(deadline=None)
def test_an_offset_is_wider_or_narrower_all_round(number: int, seed: int, severity: float) -> None:
    truth = scene(number).mask
    mask = spoil(truth, FaultKind.OFFSET, seed, severity)
    wider, narrower = not (truth & (1 - mask)).any(), not (mask & (1 - truth)).any()
    assert wider != narrower
    outside = cv2.distanceTransform(1 - truth, cv2.DIST_L2, 5)
    inside = cv2.distanceTransform(truth, cv2.DIST_L2, 5)
    reach = (outside if wider else inside)[mask != truth].max()
    size = np.sqrt(np.count_nonzero(truth))
    assert 1 <= reach <= max(0.04 * size, 1.0) + 0.5


@pytest.mark.parametrize("kind", MASK_FAULTS)
def test_dice_falls_with_severity(kind: FaultKind) -> None:
    means = []
    for severity in (0.0, 0.5, 1.0):
        values = [
            dice(spoil(scene(number).mask, kind, seed, severity), scene(number).mask)
            for number in range(8)
            for seed in range(4)
        ]
        means.append(np.mean(values))
    assert means[0] > means[1] > means[2]


def test_another_garments_mask_is_another_scenes() -> None:
    faulty = plant_fault(scene(0), FaultKind.OTHER_GARMENT, 5)
    assert faulty.dice < 0.97
    assert np.array_equal(faulty.image, scene(0).image)
    assert np.array_equal(faulty.truth, scene(0).mask)


@pytest.mark.parametrize("number", range(6))
def test_a_blended_garment_loses_contrast_and_keeps_its_mask(number: int) -> None:
    mild = plant_fault(scene(number), FaultKind.BLENDED, 1, 0.0)
    strong = plant_fault(scene(number), FaultKind.BLENDED, 1, 1.0)
    truth = scene(number).mask
    for faulty in (mild, strong):
        assert np.array_equal(faulty.mask, truth)
        assert faulty.dice == 1
        untouched = scene(number).alpha == 0
        assert np.array_equal(faulty.image[untouched], scene(number).image[untouched])
    plain = edge_contrast(scene(number).image, truth)
    assert edge_contrast(strong.image, truth) < edge_contrast(mild.image, truth) < plain


def test_faults_are_planted_the_same_from_the_same_seed() -> None:
    for kind in FaultKind:
        first, again = plant_fault(scene(1), kind, 3), plant_fault(scene(1), kind, 3)
        assert np.array_equal(first.mask, again.mask)
        assert np.array_equal(first.image, again.image)
        assert (first.severity, first.dice) == (again.severity, again.dice)
        assert 0 <= first.severity <= 1


def test_an_empty_mask_stays_empty_and_wrong_calls_are_named() -> None:
    empty = np.zeros((20, 20), dtype=np.uint8)
    for kind in MASK_FAULTS:
        assert not spoil(empty, kind, 0, 0.5).any()
    with pytest.raises(ValueError, match=r"severity 1\.5"):
        spoil(empty, FaultKind.HEM_CUT, 0, 1.5)
    with pytest.raises(ValueError, match="'blended' cannot be planted in a mask"):
        spoil(empty, FaultKind.BLENDED, 0, 0.5)


def test_faults_of_tiny_masks_still_work() -> None:
    for mask in (np.eye(9, dtype=np.uint8), np.pad(np.ones((1, 1), np.uint8), 4)):
        for kind in MASK_FAULTS:
            assert spoil(mask, kind, 2, 1.0).shape == mask.shape


def centre(mask: Mask) -> tuple[float, float]:
    moments = cv2.moments(mask, True)
    return moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]


def corners(mask: Mask) -> int:
    outlines, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return sum(len(cv2.approxPolyDP(line, 0.8, True)) for line in outlines)


def edge_contrast(image: NDArray[np.uint8], mask: Mask) -> float:
    """Mean Lab distance between the two sides of the outline."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    kernel = np.ones((7, 7), np.uint8)
    inner = (mask > 0) & (cv2.erode(mask, kernel) == 0)
    outer = (mask == 0) & (cv2.dilate(mask, kernel) > 0)
    local = [
        cv2.GaussianBlur(lab * side[..., None], (0, 0), 4)
        / np.maximum(cv2.GaussianBlur(side.astype(np.float32), (0, 0), 4), 1e-6)[..., None]
        for side in (inner, outer)
    ]
    return float(np.linalg.norm(local[0] - local[1], axis=2)[inner].mean())


def test_person_scenes_take_faults_too() -> None:
    worn = draw_scene(
        3, kind=FigureKind.PERSON, garment_type=GarmentType.COAT, height=192, width=128
    )
    for kind in FaultKind:
        assert plant_fault(worn, kind, 8).mask.shape == (192, 128)
