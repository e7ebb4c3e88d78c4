"""Checks of a mask's edge: backdrop in it, teeth, and stretches as straight as a ruler."""

import cv2
import numpy as np

from active_learning.checks.look import Bools, CheckFigure, MaskInPhoto, largest_part
from active_learning.signals.arc_signals import colour_difference
from active_learning.signals.frame import Mask, Plane
from hemline.masks.nearest import nearest_values

_RIM_PX = 2  # of the photo
_DEPTH_PX = (6, 8)  # from the edge, where the colours of garment and backdrop are taken
_FINE, _COARSE = 1.0, 4.0  # px of the frame, along the outline
_SHORTEST = 0.3  # of the mask's side: a shorter outline has no shape to speak of
_STRAY_LINE = 1.25  # px of the frame that a straight stretch may stray
_STRAIGHT = 0.2  # of the mask's side, from which a stretch is long
_WINDOW = 0.15  # of the mask's side: a stretch of the outline that a box is drawn around


def halo(seen: MaskInPhoto) -> CheckFigure:
    """How far the outer 2 px are from the garment's colour, towards the backdrop's; mean ΔE00.

    A pixel counts with its difference to what is 6 px further in, if it is nearer to what is 6 px
    further out, and with 0 if not: a seam or a shadow is not the backdrop.
    """
    depth = _distance(seen.inside)
    away = _distance((seen.inside == 0).view(np.uint8))
    rim = (depth > 0) & (depth <= _RIM_PX)
    low, high = _DEPTH_PX
    core, around = (depth >= low) & (depth < high), (away >= low) & (away < high)
    rim &= ~_at_end(rim.shape, low)
    if not (rim.any() and core.any() and around.any()):
        return CheckFigure(float("nan"))
    colours = cv2.cvtColor(seen.photo.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab = colours.astype(np.float32, copy=False)
    own = lab[rim]
    within, beyond = (nearest_values(lab, where, rim) for where in (core, around))
    inner, outer = colour_difference(own, within), colour_difference(own, beyond)
    shows = np.where(outer < inner, inner, 0.0)
    plane = np.zeros(rim.shape, np.float32)
    plane[rim] = shows
    part = largest_part(cv2.dilate((plane > 0).view(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    return CheckFigure(float(shows.mean()), seen.box_of(part))


def jagged(seen: MaskInPhoto) -> CheckFigure:
    """How much longer the outline is than when it is smoothed: teeth, steps and frayed brushwork.

    0 is smooth; 0.1 a tenth longer.
    """
    long = short = worst = 0.0
    box = None
    for line in _lines(seen):
        fine, coarse = (_steps(_smooth(line, sigma)) for sigma in (_FINE, _COARSE))
        long, short = long + float(fine.sum()), short + float(coarse.sum())
        reach = max(8, round(_WINDOW * seen.frame.side))
        excess = _window(fine - coarse, reach)
        if excess.max() > worst:
            worst, at = float(excess.max()), int(excess.argmax())
            box = seen.box_around(np.take(line, range(at, at + reach), axis=0, mode="wrap"))
    return CheckFigure(long / short - 1, box) if short else CheckFigure(float("nan"))


def straight(seen: MaskInPhoto) -> CheckFigure:
    """Share of the outline in long stretches as straight as a ruler, 0 to 1.

    Not counted is what lies on the photo's frame.
    """
    total = held = longest = 0.0
    box = None
    height, width = seen.frame.mask.shape
    for line in _lines(seen):
        corners = cv2.approxPolyDP(line.astype(np.float32), _STRAY_LINE, True)[:, 0]
        following = np.roll(corners, -1, axis=0)
        lengths = np.linalg.norm(following - corners, axis=1)
        middle = (corners + following) / 2
        inner = (middle > 2).all(axis=1) & (middle < [width - 3, height - 3]).all(axis=1)
        is_long = (lengths > _STRAIGHT * seen.frame.side) & inner
        total, held = total + float(lengths.sum()), held + float(lengths[is_long].sum())
        if is_long.any() and lengths[is_long].max() > longest:
            at = int(np.where(is_long, lengths, 0).argmax())
            longest = float(lengths[at])
            box = seen.box_around(np.array([corners[at], following[at]]))
    return CheckFigure(held / total, box) if total else CheckFigure(float("nan"))


def _distance(inside: Mask) -> Plane:
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5), np.float32)


def _at_end(shape: tuple[int, ...], reach: int) -> Bools:
    """Where the cut ends: the mask may end with the photo there."""
    ends = np.ones(shape, np.bool_)
    ends[reach:-reach, reach:-reach] = False
    return ends


def _lines(seen: MaskInPhoto) -> list[Plane]:
    """The outlines (N, 2) that are long enough, in frame pixels."""
    found, _ = cv2.findContours(seen.frame.mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    least = max(16.0, _SHORTEST * seen.frame.side)
    return [line[:, 0].astype(np.float32) for line in found if len(line) >= least]


def _smooth(line: Plane, sigma: float) -> Plane:
    reach = min(int(3 * sigma) + 1, (len(line) - 1) // 2)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    padded = np.concatenate([line[len(line) - reach :], line, line[:reach]])
    columns = [np.convolve(padded[:, axis], weights, mode="valid") for axis in (0, 1)]
    return np.stack(columns, axis=1).astype(np.float32)


def _steps(line: Plane) -> Plane:
    return np.asarray(np.linalg.norm(np.roll(line, -1, axis=0) - line, axis=1), np.float32)


def _window(values: Plane, reach: int) -> Plane:
    """Sums (N,) of `reach` values from each on, around the closed line."""
    reach = min(reach, len(values))
    sums = np.concatenate([[0.0], np.cumsum(np.concatenate([values, values[:reach]]))])
    return np.asarray(sums[reach : reach + len(values)] - sums[: len(values)], np.float32)
