"""A mask's outlines, a few points each, with their holes."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Points that stray less than this from the line between their neighbours are left out: a tenth of
# the points, and a pixel's edge moves by at most half of it.
TOLERANCE_PX = 0.5

_Ring = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of an island, or of a hole in the island `parent` (its place in the list).

    `points` (N, 2) float64: x, y in pixels, the corner of the top left pixel is 0, 0.
    """

    points: _Ring
    parent: int | None


def trace_outlines(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> list[Outline]:
    """The outlines of a mask (H, W), any non-zero pixel is inside: islands and holes.

    What has less than three points after simplification has none.
    """
    # On the doubled mask outlines run a quarter of a pixel inside its edge, and keep thin parts.
    inside = (mask != 0).astype(np.uint8)
    doubled = cv2.resize(inside, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    contours, tree = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return []
    rings = [_simplify(contour) for contour in contours]
    parents = [int(node[3]) for node in tree[0]]
    kept: dict[int, int] = {}
    outlines: list[Outline] = []
    for index in sorted(range(len(rings)), key=lambda index: parents[index] >= 0):
        is_island = parents[index] < 0
        if len(rings[index]) > 2 and (is_island or parents[index] in kept):
            kept[index] = len(outlines)
            outlines.append(Outline(rings[index], None if is_island else kept[parents[index]]))
    return outlines


def mask_to_rings(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> list[_Ring]:
    """One closed ring an island, each with its holes cut into it.

    A polygon of COCO's or YOLO's cannot say a hole, so the ring walks to the hole, around it and
    back on the same line, which encloses nothing: filled by the even-odd rule, as pycocotools and
    OpenCV fill, it is the island without its holes.

    Returns:
        The `points` of `trace_outlines`, islands with their holes.
    """
    rings: dict[int, _Ring] = {}
    for place, outline in enumerate(trace_outlines(mask)):  # islands come first
        if outline.parent is None:
            rings[place] = outline.points
        else:
            rings[outline.parent] = _joined(rings[outline.parent], outline.points)
    return list(rings.values())


def join_rings(rings: list[_Ring]) -> _Ring | None:
    """All rings as one, by lines walked there and back; None if there is none."""
    if not rings:
        return None
    whole = rings[0]
    for ring in rings[1:]:
        whole = _joined(whole, ring)
    return whole


def _simplify(contour: NDArray[Any]) -> _Ring:
    kept = cv2.approxPolyDP(contour, 2 * TOLERANCE_PX, True)
    return np.asarray((kept[:, 0].astype(np.float64) + 0.5) / 2)


def _joined(ring: _Ring, other: _Ring) -> _Ring:
    """`ring` with a walk to the nearest point of `other`, around it and back."""
    gaps = np.linalg.norm(ring[:, None] - other[None], axis=-1)
    here, there = (int(index) for index in np.unravel_index(int(gaps.argmin()), gaps.shape))
    around = np.roll(other, -there, axis=0)
    return np.vstack([ring[: here + 1], around, around[:1], ring[here:]])
