"""Checks of a mask's parts: stray ones, openings filled, thin ones lost, remnants, odd sides."""

from collections.abc import Callable

import cv2
import numpy as np

from active_learning.checks.look import (
    Bools,
    CheckFigure,
    MaskInPhoto,
    largest_part,
    opened,
    parts,
    spread,
)
from active_learning.signals.frame import Plane, disc

_SMALL = 0.0005  # of the garment: a part that lies apart and is smaller is a speck
_SAME = 8.0  # ΔE76 within which a pixel shows the backdrop
_APART = 14.0  # ΔE76 that what is looked for must stand out by
_RIM = 0.02  # of the mask's side: nearer to the outline nothing is told
_LIKE = 1.0  # log likelihood from which a colour looks like the garment's
_STRAP = 0.03  # of the mask's side: what is wider is no strap
_FAR = 0.05  # of the mask's side, that a strap must lead away
_RARE = 0.02  # of the garment's core: a colour that is rarer is foreign to it
_CORE = 0.06  # of the mask's side: what lies deeper is surely the garment
_LEAST_PART = 6  # pixels of the frame
_BINS = (10, 12, 12)  # of L, a, b


def stray_parts(seen: MaskInPhoto) -> CheckFigure:
    """Number of specks that lie apart from the rest and have not the garment's colour."""
    _, labels, stats, centres = cv2.connectedComponentsWithStats(seen.inside, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    stray = areas < _SMALL * areas.sum()
    stray[areas.argmax()] = False
    moved = np.array([seen.left - seen.frame.left, seen.top - seen.frame.top]) + 0.5
    place = centres[1:] + moved
    columns, rows = (place * seen.frame.scale).astype(np.int64).T
    height, width = seen.likelihood.shape
    colour = seen.likelihood[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
    stray &= colour < _LIKE
    if not stray.any():
        return CheckFigure(0.0)
    largest = 1 + int(np.where(stray, areas, 0).argmax())
    return CheckFigure(float(stray.sum()), seen.box_of(np.asarray(labels == largest)))


def filled_opening(seen: MaskInPhoto) -> CheckFigure:
    """The largest area inside the mask that shows the backdrop's colour, as a share of the mask.

    It must stand out from the garment around it: a garment of the backdrop's own colour has none.
    """
    frame = seen.frame
    lab, inside = frame.lab, frame.mask > 0
    behind = spread(lab, frame.depth < -_RIM * frame.side, smooth=0.08 * frame.side)
    same = inside & (frame.depth > _RIM * frame.side / 2)
    same &= np.linalg.norm(lab - behind, axis=2) < _SAME
    same &= seen.likelihood < 0
    same = opened(same, 0.012 * frame.side)

    def stands_out(part: Bools) -> bool:
        ring = _ring(part, 0.03 * frame.side) & inside & ~same
        if not ring.any():
            return False
        contrast = float(np.linalg.norm(np.median(lab[ring], 0) - np.median(lab[part], 0)))
        return contrast >= _APART

    return _largest_share(seen, same, stands_out)


def lost_strap(seen: MaskInPhoto) -> CheckFigure:
    """Length of the longest thin part beside the mask that has the garment's colour, as a share of
    the mask's side."""
    frame = seen.frame
    far_out = frame.depth < -_RIM * frame.side
    behind = spread(frame.lab, far_out & (seen.likelihood < 0), smooth=0.05 * frame.side)
    like = (frame.mask == 0) & (seen.likelihood > _LIKE)
    like &= np.linalg.norm(frame.lab - behind, axis=2) > _APART
    both = like | (frame.mask > 0)
    thin = like & ~opened(both, _STRAP * frame.side / 2)
    thin = cv2.morphologyEx(thin.view(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
    best, found = 0.0, np.zeros_like(thin)
    for part in parts(thin, least=12):
        away = -frame.depth[part]
        if away.min() <= _STRAP * frame.side + 1 and away.max() >= _FAR * frame.side:
            _, _, width, height = cv2.boundingRect(part.view(np.uint8))
            length = float(np.hypot(width, height))
            if length > best:
                best, found = length, part
    return CheckFigure(best / frame.side, seen.box_in_frame(found))


def remnant(seen: MaskInPhoto) -> CheckFigure:
    """The largest part at the mask's edge whose colour the rest of the garment has nowhere, as a
    share of the mask: a hanger, a clip, the neck or a hand of a mannequin."""
    frame = seen.frame
    inside = frame.mask > 0
    foreign = inside & (_rarity(seen) < _RARE)
    foreign = opened(foreign, 0.008 * frame.side)

    def is_at_edge(part: Bools) -> bool:
        ring = _ring(part, 0.01 * frame.side)
        return float((ring & ~inside).sum() / max(1, ring.sum())) >= 0.3

    return _largest_share(seen, foreign, is_at_edge)


def uneven_sides(seen: MaskInPhoto) -> CheckFigure:
    """What one side has and the other lacks although the photo shows the garment's colour there,
    as a share of the mask: the largest such part."""
    frame = seen.frame
    inside = frame.mask > 0
    mirrored = _mirrored(inside)
    lacks = mirrored & ~inside & (frame.depth < -_RIM * frame.side) & (seen.likelihood > _LIKE)
    return _share(seen, largest_part(opened(lacks, 0.02 * frame.side)))


def _rarity(seen: MaskInPhoto) -> Plane:
    """Share of the garment's core with a pixel's colour or a neighbour's, (h, w)."""
    frame = seen.frame
    index = np.zeros(frame.mask.shape, np.int64)
    for channel, (count, (low, high)) in enumerate(
        zip(_BINS, ((0, 100), (-60, 60), (-60, 60)), strict=True)
    ):
        part = ((frame.lab[..., channel] - low) * (count / (high - low))).astype(np.int64)
        index = index * count + np.clip(part, 0, count - 1)
    core = frame.depth > _CORE * frame.side
    if not core.any():
        return np.ones(index.shape, np.float32)
    counts = np.bincount(index[core], minlength=int(np.prod(_BINS))).reshape(_BINS)
    near = cv2.blur(counts.astype(np.float32).reshape(_BINS[0], -1), (1, 3)).reshape(_BINS)
    for axis in range(3):
        near = near + np.roll(near, 1, axis) + np.roll(near, -1, axis)
    share = near / max(1.0, float(counts.sum()))
    return np.asarray(share.ravel()[index], np.float32)


def _mirrored(inside: Bools) -> Bools:
    """The mask (h, w) mirrored at the upright axis at which both agree best."""
    columns = inside.sum(axis=0).astype(np.float64)
    width = len(columns)
    flipped = inside[:, ::-1]
    about = 2 * float((columns * np.arange(width)).sum() / max(columns.sum(), 1)) - (width - 1)
    reach = max(1, round(0.06 * width))
    shifts = range(round(about) - reach, round(about) + reach + 1, max(1, reach // 8))
    candidates = [_moved(flipped, shift) for shift in shifts]
    agreed = [int(np.count_nonzero(inside & other)) for other in candidates]
    return candidates[int(np.argmax(agreed))]


def _moved(inside: Bools, shift: int) -> Bools:
    moved = np.zeros_like(inside)
    width = inside.shape[1]
    if abs(shift) >= width:
        return moved
    if shift >= 0:
        moved[:, shift:] = inside[:, : width - shift]
    else:
        moved[:, :shift] = inside[:, -shift:]
    return moved


def _largest_share(seen: MaskInPhoto, where: Bools, holds: Callable[[Bools], bool]) -> CheckFigure:
    """The largest part of what is true (h, w) for which that holds, as a share of the mask."""
    found = (part for part in parts(where, least=_LEAST_PART) if holds(part))
    return _share(seen, next(found, np.zeros_like(where)))


def _share(seen: MaskInPhoto, part: Bools) -> CheckFigure:
    return CheckFigure(float(part.sum()) / _area(seen), seen.box_in_frame(part))


def _ring(part: Bools, reach: float) -> Bools:
    around = cv2.dilate(part.view(np.uint8), disc(max(2, round(reach))))
    return np.asarray((around > 0) & ~part)


def _area(seen: MaskInPhoto) -> float:
    return max(1.0, float(np.count_nonzero(seen.frame.mask)))
