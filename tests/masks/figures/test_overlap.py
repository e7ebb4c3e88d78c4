"""Overlap figures against torchmetrics and scikit-learn, and the conventions for empty masks."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk
from torchmetrics.functional import classification as tm
from torchmetrics.functional.segmentation import dice_score

from hemline.errors import MaskError
from hemline.masks.figures.overlap import (
    accuracy,
    class_dice,
    class_iou,
    class_precision,
    class_recall,
    confusion,
    dice,
    foreground,
    iou,
    precision,
    recall,
)

CLASSES = 4
shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)


@st.composite
def pairs(draw, elements=None, dtype=np.uint8):
    """Two masks of one size."""
    shape = draw(shapes)
    elements = st.integers(0, CLASSES - 1) if elements is None else elements
    return tuple(draw(hnp.arrays(dtype, shape, elements=elements)) for _ in range(2))


binary_pairs = pairs(st.booleans(), bool)


@given(binary_pairs)
def test_binary_figures_are_those_of_scikit_learn(pair):
    predicted, truth = pair
    flat = truth.ravel(), predicted.ravel()
    # Where scikit-learn would divide by zero it gives what it is told; the tests below say ours.
    if predicted.any() or truth.any():
        assert dice(predicted, truth) == pytest.approx(sk.f1_score(*flat, zero_division=0))
        assert iou(predicted, truth) == pytest.approx(sk.jaccard_score(*flat, zero_division=0))
        assert precision(predicted, truth) == pytest.approx(
            sk.precision_score(*flat, zero_division=0)
        )
        assert recall(predicted, truth) == pytest.approx(sk.recall_score(*flat, zero_division=0))
    counted = confusion(predicted.astype(np.uint8), truth.astype(np.uint8), classes=2)
    assert accuracy(counted) == pytest.approx(sk.accuracy_score(*flat))


@given(binary_pairs)
def test_binary_figures_are_those_of_torchmetrics(pair):
    predicted, truth = (torch.from_numpy(mask.astype(np.int64)) for mask in pair)
    if predicted.any() or truth.any():
        assert iou(*pair) == pytest.approx(
            float(tm.binary_jaccard_index(predicted, truth)), abs=1e-6
        )
        assert dice(*pair) == pytest.approx(float(tm.binary_f1_score(predicted, truth)), abs=1e-6)


@pytest.mark.parametrize("figure", [dice, iou, precision, recall])
def test_two_empty_masks_agree_and_an_empty_and_a_filled_one_do_not(figure):
    empty, filled = np.zeros((3, 4), np.uint8), np.ones((3, 4), np.uint8)
    assert figure(empty, empty) == 1.0
    assert figure(empty, filled) == 0.0
    assert figure(filled, empty) == 0.0
    assert figure(filled, filled * 255) == 1.0


@given(binary_pairs)
def test_dice_and_iou_do_not_mind_the_order(pair):
    assert dice(*pair) == dice(*pair[::-1])
    assert iou(*pair) == iou(*pair[::-1])
    assert iou(*pair) <= dice(*pair) <= 1


@given(pairs())
def test_class_figures_are_those_of_scikit_learn(pair):
    predicted, truth = pair
    matrix = confusion(predicted, truth, classes=CLASSES)
    flat = truth.ravel(), predicted.ravel()
    labels = list(range(CLASSES))
    assert np.array_equal(matrix, sk.confusion_matrix(*flat, labels=labels))
    present = np.isin(labels, np.concatenate(flat))
    for ours, theirs in (
        (class_dice, sk.f1_score),
        (class_iou, sk.jaccard_score),
        (class_precision, sk.precision_score),
        (class_recall, sk.recall_score),
    ):
        expected = theirs(*flat, labels=labels, average=None, zero_division=0)
        assert ours(matrix)[present] == pytest.approx(expected[present])
        assert np.isnan(ours(matrix)[~present]).all()


@given(pairs())
def test_class_dice_is_that_of_torchmetrics(pair):
    matrix = confusion(*pair, classes=CLASSES)
    predicted, truth = (torch.from_numpy(mask.astype(np.int64))[None] for mask in pair)
    theirs = dice_score(
        predicted, truth, num_classes=CLASSES, average="none", input_format="index"
    )[0].numpy()
    assert class_dice(matrix) == pytest.approx(theirs, nan_ok=True, abs=1e-6)


@given(pairs(), st.integers(0, CLASSES - 1))
def test_ignored_pixels_of_the_truth_do_not_count(pair, ignore):
    predicted, truth = pair
    kept = truth != ignore
    matrix = confusion(predicted, truth, classes=CLASSES, ignore=ignore)
    assert np.array_equal(matrix, confusion(predicted[kept], truth[kept], classes=CLASSES))
    theirs = tm.multiclass_jaccard_index(
        torch.from_numpy(predicted.astype(np.int64)),
        torch.from_numpy(truth.astype(np.int64)),
        num_classes=CLASSES,
        ignore_index=ignore,
        average="none",
    ).numpy()
    ours = class_iou(matrix)
    others = [label for label in range(CLASSES) if label != ignore and not np.isnan(ours[label])]
    assert ours[others] == pytest.approx(theirs[others], abs=1e-6)
    expected = (predicted == truth)[kept].mean() if kept.any() else 1.0
    assert accuracy(matrix) == pytest.approx(expected)


def test_ignore_may_be_beyond_the_classes():
    truth = np.array([[0, 255], [1, 255]], np.uint8)
    predicted = np.array([[0, 1], [0, 0]], np.uint8)
    matrix = confusion(predicted, truth, classes=2, ignore=255)
    assert matrix.tolist() == [[1, 0], [1, 0]]
    assert accuracy(matrix) == 0.5
    with pytest.raises(MaskError, match="truth has class id 255"):
        confusion(predicted, truth, classes=2)
    with pytest.raises(MaskError, match="prediction has class id 1"):
        confusion(predicted, truth * 0, classes=1)


def test_absent_classes_are_left_out_and_missed_ones_are_0():
    truth = np.array([[0, 1, 1]], np.uint8)
    predicted = np.array([[0, 2, 2]], np.uint8)
    matrix = confusion(predicted, truth, classes=4)
    for figure in (class_dice, class_iou, class_precision, class_recall):
        assert figure(matrix) == pytest.approx([1, 0, 0, np.nan], nan_ok=True)


@given(pairs())
def test_the_foreground_of_a_matrix_is_that_of_the_masks(pair):
    predicted, truth = pair
    matrix = confusion(predicted, truth, classes=CLASSES)
    binary = confusion((predicted > 0).astype(np.uint8), (truth > 0).astype(np.uint8), classes=2)
    assert np.array_equal(foreground(matrix), binary)
    assert accuracy(matrix) == pytest.approx((predicted == truth).mean())


@pytest.mark.parametrize("classes", [2, 20, 254])
def test_a_large_photo_is_counted_whole(classes):
    rng = np.random.default_rng(classes)
    truth, predicted = rng.integers(0, classes, (2, 333, 50), dtype=np.uint8)
    truth[100:140] = 255
    flat = truth[truth != 255], predicted[truth != 255]
    expected = sk.confusion_matrix(*flat, labels=range(classes))
    assert np.array_equal(confusion(predicted, truth, classes=classes, ignore=255), expected)


def test_no_pixel_at_all():
    nothing = np.full((3, 3), 255, np.uint8)
    matrix = confusion(nothing * 0, nothing, classes=2, ignore=255)
    assert not matrix.any()
    assert accuracy(matrix) == 1
    assert confusion(*[np.zeros((0, 5), np.uint8)] * 2, classes=2).tolist() == [[0, 0], [0, 0]]


def test_masks_of_two_sizes_are_an_error():
    a, b = np.zeros((3, 4), np.uint8), np.zeros((4, 3), np.uint8)
    for figure in (dice, iou, precision, recall):
        with pytest.raises(MaskError, match="cannot be compared"):
            figure(a, b)
    with pytest.raises(MaskError, match="cannot be compared"):
        confusion(a, b, classes=2)
