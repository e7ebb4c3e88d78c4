"""Faults that real sets of garment masks have, planted on purpose with the truth kept.

Sizes are free of scale: shares of the mask's bounding box, of its perimeter, or of the square root
of its area. A severity of 0 is the mildest fault of a kind, 1 the worst.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.masks.figures.overlap import dice
from hemline.studio.blend import blend_into_background
from hemline.studio.scene import Scene, draw_scene

Mask = NDArray[np.uint8]


class FaultKind(StrEnum):
    """Kinds of fault; all but BLENDED spoil the mask, BLENDED spoils the photo."""

    HEM_CUT = "hem_cut"
    UNDER_ARM = "under_arm"
    POLYGON = "polygon"
    SHIFTED = "shifted"
    MISSING_PART = "missing_part"
    EXTRA_PART = "extra_part"
    OFFSET = "offset"
    OTHER_GARMENT = "other_garment"
    BLENDED = "blended"


# The mildest and the worst of each kind; what of is said at the function that plants it.
_RANGES = {
    FaultKind.HEM_CUT: (0.05, 0.15),
    FaultKind.UNDER_ARM: (0.03, 0.07),
    FaultKind.POLYGON: (0.012, 0.03),
    FaultKind.SHIFTED: (0.03, 0.08),
    FaultKind.MISSING_PART: (0.12, 0.28),
    FaultKind.EXTRA_PART: (0.12, 0.28),
    FaultKind.OFFSET: (0.015, 0.04),
    FaultKind.BLENDED: (0.6, 0.9),
}
_BAND = (0.18, 0.55)  # Height of the under-arm band, as shares of the bounding box.


@dataclass(frozen=True)
class FaultyScene:
    """A scene with a fault in it.

    `image` `(H, W, 3)` uint8 and `mask` `(H, W)` uint8 class ids are what a data set would hold;
    `truth` is the right mask, `dice` that of the mask with it (1 when only the photo is spoilt).
    """

    scene: Scene
    image: NDArray[np.uint8]
    mask: Mask
    truth: Mask
    kind: FaultKind
    severity: float
    dice: float


def plant_fault(
    scene: Scene, kind: FaultKind, seed: int, severity: float | None = None
) -> FaultyScene:
    """Plant one fault in a scene.

    The same seed plants the same fault; `severity` 0..1 is drawn from it unless given. For
    OTHER_GARMENT it has no meaning: that mask is another scene's.
    """
    rng = np.random.default_rng([seed, list(FaultKind).index(kind)])
    drawn = float(rng.random())
    severity = drawn if severity is None else severity
    truth, image, mask = scene.mask, scene.image, scene.mask
    if kind is FaultKind.BLENDED:
        low, high = _RANGES[kind]
        pull = low + severity * (high - low)
        image = blend_into_background(image, scene.alpha.astype(np.float32) / 255, pull)
    elif kind is FaultKind.OTHER_GARMENT:
        height, width = truth.shape
        other = int(rng.integers(2**31))
        mask = draw_scene(other, view=scene.view, height=height, width=width).mask
    else:
        mask = spoil_mask(truth, kind, rng, severity)
    return FaultyScene(scene, image, mask, truth, kind, severity, dice(mask > 0, truth > 0))


def spoil_mask(mask: Mask, kind: FaultKind, rng: np.random.Generator, severity: float) -> Mask:
    """A binary mask `(H, W)` uint8 0/1 with a fault of the given severity 0..1 planted in it.

    An empty mask stays empty.

    Raises:
        ValueError: `kind` is no fault of a mask by itself, or `severity` is outside 0..1.
    """
    if kind not in _SPOILERS:
        raise ValueError(f"fault '{kind}' cannot be planted in a mask alone; use plant_fault")
    if not 0 <= severity <= 1:
        raise ValueError(f"severity {severity} is outside 0..1")
    if not mask.any():
        return mask.copy()
    low, high = _RANGES[kind]
    mask = np.ascontiguousarray(mask)  # OpenCV draws into no other layout
    return _SPOILERS[kind](mask, rng, low + severity * (high - low))


def _cut_hem(mask: Mask, rng: np.random.Generator, share: float) -> Mask:
    """Cut off, along a tilted line, `share` of the bounding box's height at the bottom."""
    left, top, width, height = _bounds(mask)
    tilt = float(rng.uniform(-0.06, 0.06)) * height
    x = np.arange(mask.shape[1])
    line = top + height * (1 - share) + tilt * ((x - left) / max(width, 1) - 0.5)
    rows = np.arange(mask.shape[0])[:, None] + 0.5
    return np.where(rows < np.minimum(line, top + height - 1), mask, 0).astype(np.uint8)


def _thin_under_arms(mask: Mask, rng: np.random.Generator, share: float) -> Mask:
    """Eat `share` of the bounding box's width from each side of the upper middle."""
    _, top, width, height = _bounds(mask)
    depth = max(share * width, 1.0)
    start, end = (top + part * height for part in _BAND)
    rows = np.arange(mask.shape[0]) + 0.5
    inside = np.clip((rows - start) / max(end - start, 1), 0, 1)
    # Full depth over most of the band, running out at its ends.
    reach = depth * np.clip(4 * np.minimum(inside, 1 - inside), 0, 1)
    columns = np.arange(mask.shape[1])
    outside = mask == 0
    last = np.maximum.accumulate(np.where(outside, columns, -1), axis=1)
    following = np.where(outside, columns, mask.shape[1])
    following = np.minimum.accumulate(following[:, ::-1], axis=1)[:, ::-1]
    away = np.minimum(columns - last, following - columns)
    return np.where(away > np.round(reach)[:, None], mask, 0).astype(np.uint8)


def _draw_straight(mask: Mask, rng: np.random.Generator, share: float) -> Mask:
    """Replace each outline by straight lines that stray from it by `share` of its perimeter."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    straight = [
        cv2.approxPolyDP(
            np.roll(line, int(rng.integers(len(line))), axis=0),
            max(share * cv2.arcLength(line, True), 1.0),
            True,
        )
        for line in outlines
    ]
    drawn = np.zeros_like(mask)
    cv2.fillPoly(drawn, [line for line in straight if len(line) > 2], 1)
    return drawn


def _shift(mask: Mask, rng: np.random.Generator, share: float) -> Mask:
    """Move the mask by `share` of the square root of its area."""
    angle = rng.uniform(0, 2 * np.pi)
    step = share * _size(mask)
    dx, dy = round(step * np.cos(angle)), round(step * np.sin(angle))
    if dx == dy == 0:
        dx = 1
    moved = cv2.warpAffine(
        mask,
        np.array([[1, 0, dx], [0, 1, dy]], dtype=np.float64),
        mask.shape[::-1],
        flags=cv2.INTER_NEAREST,
    )
    return np.asarray(moved, dtype=np.uint8)


def _remove_part(mask: Mask, rng: np.random.Generator, share: float) -> Mask:
    """Remove an ellipse on the edge whose half-length is `share` of the square root of area."""
    return np.where(_edge_ellipse(mask, rng, share), 0, mask).astype(np.uint8)


def _add_part(mask: Mask, rng: np.random.Generator, share: float) -> Mask:
    """Add an ellipse on the edge whose half-length is `share` of the square root of area."""
    return np.where(_edge_ellipse(mask, rng, share), 1, mask).astype(np.uint8)


def _offset(mask: Mask, rng: np.random.Generator, share: float) -> Mask:
    """Make the mask all round wider or narrower by `share` of the square root of its area."""
    reach = max(share * _size(mask), 1.0)
    if rng.random() < 0.5:
        away = cv2.distanceTransform((mask == 0).astype(np.uint8), cv2.DIST_L2, 5)
        return np.asarray(away <= reach, dtype=np.uint8)
    depth = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.asarray(depth > reach, dtype=np.uint8)


_SPOILERS = {
    FaultKind.HEM_CUT: _cut_hem,
    FaultKind.UNDER_ARM: _thin_under_arms,
    FaultKind.POLYGON: _draw_straight,
    FaultKind.SHIFTED: _shift,
    FaultKind.MISSING_PART: _remove_part,
    FaultKind.EXTRA_PART: _add_part,
    FaultKind.OFFSET: _offset,
}


def _edge_ellipse(mask: Mask, rng: np.random.Generator, share: float) -> NDArray[np.bool_]:
    """An ellipse, half as broad as long or broader, around a point of the outline."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    longest = max(outlines, key=len)
    x, y = (int(part) for part in longest[int(rng.random() * len(longest)), 0])
    half = max(share * _size(mask), 1.0)
    axes = (round(half), max(1, round(half * rng.uniform(0.5, 1.0))))
    ellipse = np.zeros_like(mask)
    cv2.ellipse(ellipse, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 1, cv2.FILLED)
    return ellipse > 0


def _bounds(mask: Mask) -> tuple[int, int, int, int]:
    left, top, width, height = cv2.boundingRect(mask)
    return left, top, width, height


def _size(mask: Mask) -> float:
    return float(np.sqrt(np.count_nonzero(mask)))
