"""Faults beyond the eight kinds, so that what is learnt is what a wrong outline is like.

None of these is drawn as one of the kinds that rankings are measured with: no cut from below, no
change all round, no ellipse, no straight lines.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.signals.frame import Mask, Photo

SIDE_CUT = "side_cut"
SWOLLEN = "swollen"
SHRUNK = "shrunk"
COLOUR_PART = "colour_part"
GENERAL_FAULTS = (SIDE_CUT, SWOLLEN, SHRUNK, COLOUR_PART)

_CUT = (0.02, 0.15)  # share of the area
_REACH = (0.015, 0.06)  # of the mask's side
_PART = (0.01, 0.35)  # share of the area
_WORK = 128 * 128  # px that colours are grouped at


def spoil_generally(mask: Mask, kind: str, rng: np.random.Generator) -> Mask:
    """A binary mask (H, W) uint8 0/1, not empty, with a cut or a local change of its width."""
    if kind == SIDE_CUT:
        return _cut(mask, rng)
    reach = float(rng.uniform(*_REACH)) * np.count_nonzero(mask) ** 0.5
    near = _near_outline(mask, rng)
    if kind == SWOLLEN:
        away = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)
        return np.where(near & (away <= reach), 1, mask).astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.where(near & (depth <= reach), 0, mask).astype(np.uint8)


def change_colour_part(photo: Photo, mask: Mask, rng: np.random.Generator) -> Mask | None:
    """Drop a part of one colour from a binary mask, or take one in from beside it.

    This is how leggings stay unlabelled or a bag is taken for a coat: the outline keeps to edges.
    None where no part of a fitting size was found.
    """
    height, width = mask.shape
    scale = min(1.0, (_WORK / mask.size) ** 0.5)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0
    groups = _colour_groups(small.astype(np.uint8, copy=False), rng)
    drop = bool(rng.random() < 0.6)
    near = cv2.dilate(inside.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    parts = []
    for group in range(int(groups.max()) + 1):
        where = (groups == group) & (inside if drop else ~inside)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(
            where.view(np.uint8), connectivity=4
        )
        for number in range(1, count):
            share = stats[number, cv2.CC_STAT_AREA] / max(int(inside.sum()), 1)
            part = labels == number
            if _PART[0] <= share <= _PART[1] and (part & near).any():
                parts.append(part)
    if not parts:
        return None
    part = parts[int(rng.integers(len(parts)))].astype(np.float32)
    chosen = cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR) >= 0.5
    return np.where(chosen, 0 if drop else 1, mask).astype(np.uint8)


def _cut(mask: Mask, rng: np.random.Generator) -> Mask:
    """Cut off along a line from above or the sides, never from below."""
    rows, columns = np.nonzero(mask)
    angle = rng.uniform(-0.15 * np.pi, 1.15 * np.pi)  # pi / 2 is up
    along = columns * np.cos(angle) - rows * np.sin(angle)
    limit = np.quantile(along, 1 - rng.uniform(*_CUT))
    cut = mask.copy()
    cut[rows[along > limit], columns[along > limit]] = 0
    return cut


def _near_outline(mask: Mask, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A disc of 25 to 60 % of the mask's side around a point of the outline."""
    lines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    longest = max(lines, key=len)
    x, y = (int(value) for value in longest[int(rng.random() * len(longest)), 0])
    radius = float(rng.uniform(0.25, 0.6)) * np.count_nonzero(mask) ** 0.5
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    near: NDArray[np.bool_] = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    return near


def _colour_groups(photo: Photo, rng: np.random.Generator) -> NDArray[np.int64]:
    """Each pixel's nearest of 8 colours of the photo, after a blur."""
    lab = cv2.cvtColor(cv2.GaussianBlur(photo, (0, 0), 1.5), cv2.COLOR_RGB2LAB)
    pixels = lab.reshape(-1, 3).astype(np.float32)
    cv2.setRNGSeed(int(rng.integers(2**31 - 1)))
    start = np.zeros((len(pixels), 1), np.int32)
    end = (cv2.TERM_CRITERIA_MAX_ITER, 8, 1.0)
    colours = min(8, len(pixels))
    _, nearest, _ = cv2.kmeans(pixels, colours, start, end, 1, cv2.KMEANS_PP_CENTERS)
    return np.asarray(nearest, dtype=np.int64).reshape(photo.shape[:2])
