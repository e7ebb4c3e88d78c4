"""How far two masks cover the same pixels: Dice, IoU, precision, recall, accuracy.

Empty masks: where both masks are empty there is nothing to disagree on, and every figure is 1;
where only one is, every figure is 0. Dice is the F1 score of the pixels.
"""

import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError

Mask = NDArray[np.bool_] | NDArray[np.uint8]

IGNORE = 255  # of a truth's pixels that nobody labelled: they count neither for nor against
_STRIP = 64  # rows at a time stay in the processor's cache


def dice(a: Mask, b: Mask) -> float:
    """Twice the pixels in both over the sum of the pixels of each; 0 apart, 1 equal.

    Args:
        a, b: (H, W), any non-zero pixel is inside. So for all functions here.

    Raises:
        MaskError: the masks are not of one size. So for all functions here.
    """
    both, only_a, only_b = _counts(a, b)
    return _ratio(2 * both, 2 * both + only_a + only_b)


def iou(a: Mask, b: Mask) -> float:
    """Pixels in both over pixels in either (Jaccard index); 0 apart, 1 equal."""
    both, only_a, only_b = _counts(a, b)
    return _ratio(both, both + only_a + only_b)


def precision(predicted: Mask, truth: Mask) -> float:
    """Share of the predicted pixels that are true; 0 if nothing was predicted and should be."""
    both, only_predicted, only_truth = _counts(predicted, truth)
    return _ratio(both, both + only_predicted, otherwise=float(only_truth == 0))


def recall(predicted: Mask, truth: Mask) -> float:
    """Share of the true pixels that were predicted; 0 if something was predicted in nothing."""
    return precision(truth, predicted)


def confusion(
    predicted: NDArray[np.uint8],
    truth: NDArray[np.uint8],
    *,
    classes: int,
    ignore: int | None = None,
) -> NDArray[np.int64]:
    """Count the pixels of each true class that were given each class.

    Matrices of several photos may be added up before figures are taken.

    Args:
        predicted, truth: (H, W) class ids below `classes`.
        classes: number of classes, the background with them.
        ignore: value of the truth, of any size, whose pixels do not count.

    Returns:
        (classes, classes): rows are true classes, columns predicted ones.

    Raises:
        MaskError: the sizes differ, or a counted pixel has a class id beyond `classes`.
    """
    _check_sizes(predicted, truth)
    counted = None if ignore is None else truth != ignore
    for name, ids in (("truth", truth), ("prediction", predicted)):
        top = int(ids.max(initial=0) if counted is None else ids.max(where=counted, initial=0))
        if top >= classes:
            raise MaskError(f"{name} has class id {top} but there are {classes} classes")
    cells = classes * classes
    matrix = np.zeros(cells + 1, dtype=np.int64)  # the last cell is of what does not count
    for top in range(0, len(truth), _STRIP):
        strip = np.s_[top : top + _STRIP]
        codes = truth[strip].astype(np.int64) * classes + predicted[strip]
        if counted is not None:
            codes[~counted[strip]] = cells
        matrix += np.bincount(codes.ravel(), minlength=cells + 1)
    return matrix[:cells].reshape(classes, classes)


def foreground(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """A confusion matrix of background and anything else, (2, 2), from one of any classes."""
    edges = [0, 1]
    return np.add.reduceat(np.add.reduceat(matrix, edges, axis=0), edges, axis=1)


def accuracy(matrix: NDArray[np.int64]) -> float:
    """Share of the counted pixels whose class is right, 0 to 1; 1 if none was counted."""
    return _ratio(int(np.trace(matrix)), int(matrix.sum()))


def class_dice(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Dice of each class of a confusion matrix: (classes,), NaN where neither mask has the class.

    NaN and not 1, so that `np.nanmean` is over the classes that were there to be found.
    """
    right, true, given = _class_counts(matrix)
    return _ratios(2 * right, true + given, true + given)


def class_iou(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """IoU of each class of a confusion matrix: (classes,), NaN where neither mask has the class."""
    right, true, given = _class_counts(matrix)
    return _ratios(right, true + given - right, true + given)


def class_precision(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Precision of each class: (classes,), NaN where neither has it, 0 where only truth has."""
    right, true, given = _class_counts(matrix)
    return _ratios(right, given, true + given)


def class_recall(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Recall of each class: (classes,), NaN where neither has it, 0 where only prediction has."""
    right, true, given = _class_counts(matrix)
    return _ratios(right, true, true + given)


def _counts(a: Mask, b: Mask) -> tuple[int, int, int]:
    """Pixels in both, only in a, only in b."""
    _check_sizes(a, b)
    in_a, in_b = a != 0, b != 0
    both = int(np.count_nonzero(in_a & in_b))
    return both, int(np.count_nonzero(in_a)) - both, int(np.count_nonzero(in_b)) - both


def _check_sizes(a: Mask, b: Mask) -> None:
    if a.shape != b.shape:
        raise MaskError(f"masks of sizes {a.shape} and {b.shape} cannot be compared; resize one")


def _ratio(part: int, whole: int, otherwise: float = 1.0) -> float:
    return part / whole if whole else otherwise


def _class_counts(
    matrix: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Right, true and given pixels of each class."""
    return np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)


def _ratios(
    part: NDArray[np.int64], whole: NDArray[np.int64], present: NDArray[np.int64]
) -> NDArray[np.float64]:
    return np.where(present > 0, part / np.maximum(whole, 1), np.nan)
