"""A mask in its photo as the checks look at it: at its own size, and at one scale for all."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from active_learning.signals.colours import garment_likelihood
from active_learning.signals.frame import Frame, Mask, Photo, Plane, disc, frame_label
from hemline.masks.nearest import nearest_values

FINER = 1.5  # times the frame of the signals: straps are thin
_AROUND_PX = 12  # of the photo, around the mask
_SMOOTH_PX = 2

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CheckBox:
    """Pixels of the photo from `left`, `top` on, `width` across and `height` down."""

    left: int
    top: int
    width: int
    height: int

    def as_list(self) -> list[int]:
        return [self.left, self.top, self.width, self.height]


@dataclass(frozen=True, slots=True)
class CheckFigure:
    """What a check measured: its number, and where in the photo; `number` is NaN where the mask or
    the photo cannot say, `box` None where there is nothing to see."""

    number: float
    box: CheckBox | None = None


@dataclass(frozen=True)
class MaskInPhoto:
    """A mask and its photo.

    Attributes:
        photo: (h, w, 3) uint8 RGB, cut to the mask with a margin, at the photo's own size.
        inside: (h, w) uint8 0 or 1.
        left, top: where the cut begins in the photo.
        whole: (height, width) of the photo.
        frame: the same at the scale of the signals, `FINER` times as fine.
        likelihood: (h', w') of the frame, how much a colour looks like the garment's.
    """

    photo: Photo
    inside: Mask
    left: int
    top: int
    whole: tuple[int, int]
    frame: Frame
    likelihood: Plane

    def box_of(self, cut: Bools) -> CheckBox | None:
        """The box in the photo around what is true in the cut (h, w)."""
        x, y, width, height = cv2.boundingRect(cut.view(np.uint8))
        return CheckBox(x + self.left, y + self.top, width, height) if width else None

    def box_in_frame(self, where: Bools) -> CheckBox | None:
        """The box in the photo around what is true in the frame (h', w')."""
        x, y, width, height = cv2.boundingRect(where.view(np.uint8))
        return self._box((x, y), (x + width, y + height)) if width else None

    def box_around(self, points: Plane) -> CheckBox:
        """The box in the photo around the pixels (N, 2), x and y, of the frame."""
        return self._box(points.min(axis=0), points.max(axis=0) + 1)

    def _box(self, low: ArrayLike, high: ArrayLike) -> CheckBox:
        """Between two corners in the frame, within the photo."""
        ends = np.array([low, high], dtype=np.float64)
        (left, top), (right, bottom) = self.frame.to_photo(ends)
        right, bottom = min(right, self.whole[1]), min(bottom, self.whole[0])
        return CheckBox(int(left), int(top), max(1, int(right - left)), max(1, int(bottom - top)))


def look_at(photo: Photo, mask: Mask) -> MaskInPhoto:
    """The views of a mask (H, W) uint8, not empty, in its photo (H, W, 3) uint8 RGB."""
    inside = (mask > 0).view(np.uint8)
    x, y, width, height = cv2.boundingRect(inside)
    left, top = max(0, x - _AROUND_PX), max(0, y - _AROUND_PX)
    window = np.s_[top : y + height + _AROUND_PX, left : x + width + _AROUND_PX]
    frame = frame_label(photo, inside, finer=FINER)
    return MaskInPhoto(
        np.ascontiguousarray(photo[window]),
        np.ascontiguousarray(inside[window]),
        left,
        top,
        (int(mask.shape[0]), int(mask.shape[1])),
        frame,
        garment_likelihood(frame),
    )


def parts(where: Bools, *, least: int = 1, most: int = 20) -> list[Bools]:
    """The connected parts of what is true (h, w) that have `least` pixels, the largest first."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(where.view(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    order = [int(k) for k in np.argsort(-areas, kind="stable")[:most] if areas[k] >= least]
    return [np.asarray(labels == k + 1) for k in order]


def largest_part(where: Bools) -> Bools:
    """The largest connected part of what is true (h, w); nothing where there is none."""
    return next(iter(parts(where, most=1)), np.zeros_like(where))


def opened(where: Bools, radius: float) -> Bools:
    """What is true (h, w) and wide enough for a disc of that radius."""
    found = cv2.morphologyEx(where.view(np.uint8), cv2.MORPH_OPEN, disc(radius))
    return np.asarray(found > 0)


def spread(colours: Plane, known: Bools, *, smooth: float) -> Plane:
    """Colours (h, w, 3) everywhere: those of the nearest known pixels, smoothed over that many.

    Zero where nothing is known.
    """
    if not known.any():
        return np.zeros_like(colours)
    weight = cv2.blur(known.astype(np.float32), (2 * _SMOOTH_PX + 1,) * 2)
    mean = cv2.blur(colours * known[..., None], (2 * _SMOOTH_PX + 1,) * 2)
    local = mean / np.maximum(weight, 1e-6)[..., None]
    filled = nearest_values(local, known, np.ones_like(known)).reshape(local.shape)
    size = (2 * max(1, round(smooth)) + 1,) * 2
    return np.asarray(cv2.blur(cv2.blur(filled, size), size), np.float32)
