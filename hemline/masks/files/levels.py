"""What a grey mask says: class ids, or black and white with whatever edge between them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError
from hemline.masks.class_ids import class_ids
from hemline.masks.figures.overlap import IGNORE

Mask = NDArray[np.uint8]
Inside = NDArray[np.bool_]

HIGHEST_ID = 127  # a grey value above it is a level of black and white, not a class
HIGHEST_ID_BESIDE_VOID = 63  # a value between it and 255 is a soft edge
_MOST_CLASSES = 64  # more grey values than that are a soft edge, not classes
_AREA = np.ones((5, 5), np.uint8)  # what is of one value this far around is an area, no edge
_FLAT = 3  # levels by which an area of one value varies, in a JPEG
_BETWEEN = np.ones((25, 25), np.uint8)  # an edge has both of its sides this near
_LEAST_CONTRAST = 64  # below it dark and light are not black and white
_NOISE = 8  # levels by which a JPEG that is black all over is not
_PLATEAU = 0.05  # share of the pixels of its half from which a value is a level
_LEAST_SIDE = 16  # px; in a smaller picture nothing is said about what is around what

LIGHT_OR_DARK = (
    "say which part is garment with --garment-is light or --garment-is dark, or nonzero for "
    "all but black"
)


def read_levels(values: Mask, *, lossless: bool = True) -> Mask:
    """The class ids of a grey mask, or 1 where it is light.

    Small values are class ids, and 255 beside them is void. Two levels with nothing but edges
    between them are dark and light, cut at half; light is garment.

    Args:
        values: (H, W) uint8.
        lossless: whether the values are as they were drawn; class ids do not survive JPEG.

    Returns:
        (H, W) uint8 class ids, 0 is background and 255 void.

    Raises:
        MaskError: the values may be read in two ways. The sentence names the option that decides.
    """
    present = np.array(class_ids(values), dtype=np.intp)
    if lossless and _are_ids(values, present):
        if present.size == 2 and present[0] == 0:
            check_surroundings(values > 0)
        return values
    light = two_levels(values, lossless=lossless)
    check_surroundings(light)
    return light.astype(np.uint8)


def two_levels(values: Mask, *, lossless: bool = True) -> Inside:
    """Where a picture (H, W) uint8 of dark and light areas is light.

    Raises:
        MaskError: it has hardly any contrast, or areas of a third value.
    """
    present = np.array(class_ids(values), dtype=np.intp)
    first, last = int(present[0]), int(present[-1])
    if last - first >= _LEAST_CONTRAST:
        _check_areas(values, present)
        return above_half(values)
    noise = 0 if lossless else _NOISE
    if last <= noise or first >= 255 - noise:
        return values >= 128
    raise MaskError(
        f"its values go from {first} to {last}, which is neither black and white nor a single "
        f"colour; {LIGHT_OR_DARK}"
    )


def above_half(values: Mask) -> Inside:
    """Where values (H, W) uint8 lie above half between the picture's dark and its light level; of
    one that has a single value, where they are 128 or more."""
    counts = np.bincount(values.ravel(), minlength=256)
    present = np.flatnonzero(counts)
    if present.size == 1:
        return values >= 128
    dark, light = _levels(counts, int(present[0]), int(present[-1]))
    return values > (dark + light) / 2


def check_surroundings(inside: Inside, what: str = "garment would be all around a hole") -> None:
    """Raises MaskError where the part that would be garment runs around the picture's edge, as
    the background of a photo does."""
    height, width = inside.shape
    if min(height, width) < _LEAST_SIDE or inside.all():
        return
    corners = inside[[0, 0, -1, -1], [0, -1, 0, -1]]
    edge = np.concatenate([inside[0], inside[-1], inside[1:-1, 0], inside[1:-1, -1]])
    if np.count_nonzero(corners) >= 3 and edge.mean() >= 0.6:
        raise InvertedMaskError(f"it may be inverted: {what}; {LIGHT_OR_DARK}", inside)


class InvertedMaskError(MaskError):
    """What would be garment surrounds the rest: the mask is inverted, or shows a close-up.

    `inside` is (H, W) bool, the mask if it is not inverted.
    """

    def __init__(self, message: str, inside: Inside) -> None:
        super().__init__(message)
        self.inside = inside


def _are_ids(values: Mask, present: NDArray[np.intp]) -> bool:
    ids = present[present < IGNORE]
    void = present[-1] == IGNORE
    if not ids.size or (void and not ids.any()):
        return False
    if ids[-1] > (HIGHEST_ID_BESIDE_VOID if void else HIGHEST_ID) or present.size > _MOST_CLASSES:
        return False
    if void and ids.size == 1:
        raise MaskError(
            f"its values are {ids[0]} and 255: a class with void beside it, or black and white; "
            f"{LIGHT_OR_DARK}"
        )
    flat = np.unique(values[_flat(values, 0)])
    if void:
        return not (IGNORE in flat and not np.intersect1d(flat, ids[ids > 0]).size)
    return not (flat.size == 2 and _is_soft(values, present, int(flat[0]), int(flat[1])))


def _is_soft(values: Mask, present: NDArray[np.intp], dark: int, light: int) -> bool:
    """Whether what lies between the two values that have areas are the steps of an edge: each pixel
    has both sides near, or there are about as many values as steps."""
    between = present[(present > dark) & (present < light)]
    if not between.size:
        return False
    steps = light - dark - 1
    middle = (values > dark) & (values < light)
    near = (cv2.dilate(values, _BETWEEN) >= light) & (cv2.erode(values, _BETWEEN) <= dark)
    if near[middle].mean() >= 0.95:
        return True
    return bool(between.size >= 3 and between.size >= 0.3 * steps)


def _check_areas(values: Mask, present: NDArray[np.intp]) -> None:
    first, last = int(present[0]), int(present[-1])
    dark, light = _levels(np.bincount(values.ravel(), minlength=256), first, last)
    margin = 0.15 * (light - dark)
    middle = (values > dark + margin) & (values < light - margin) & _flat(values, _FLAT)
    if np.count_nonzero(middle) > max(_AREA.size, 0.002 * values.size):
        third = int(np.median(values[middle]))
        raise MaskError(
            f"it has areas of three values, {dark}, {third} and {light}, of which {third} may be "
            f"garment, background or neither; {LIGHT_OR_DARK}"
        )


def _levels(counts: NDArray[np.intp], first: int, last: int) -> tuple[int, int]:
    """The dark and the light level: the outermost values that are more than an overshoot."""
    half = (first + last) // 2
    return _outermost(counts[: half + 1]), 255 - _outermost(counts[:half:-1])


def _outermost(counts: NDArray[np.intp]) -> int:
    start = int(np.argmax(np.convolve(counts, np.ones(5))[4:] >= _PLATEAU * counts.sum()))
    return start + int(np.argmax(counts[start : start + 5]))


def _flat(values: Mask, by: int) -> Inside:
    """Where the values around a pixel differ by no more than `by`."""
    return np.asarray(cv2.subtract(cv2.dilate(values, _AREA), cv2.erode(values, _AREA)) <= by)
