"""A mask's outlines as polygons that keep their holes."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Points that stray less than this from the line between their neighbours are left out: a tenth of
# the points, and a pixel's edge moves by at most half of it.
TOLERANCE_PX = 0.5

_Ring = NDArray[np.float64]


def mask_to_rings(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> list[_Ring]:
    """One closed ring an island, each with its holes cut into it.

    A polygon of COCO's or YOLO's cannot say a hole, so the ring walks to the hole, around it and
    back on the same line, which encloses nothing: filled by the even-odd rule, as pycocotools and
    OpenCV fill, it is the island without its holes.

    Args:
        mask: (H, W), any non-zero pixel is inside.

    Returns:
        (N, 2) float64 each: x, y in pixels, the corner of the top left pixel is 0, 0. Islands and
        holes of less than three points after simplification are left out.
    """
    # On the doubled mask outlines run a quarter of a pixel inside its edge, and keep thin parts.
    doubled = np.kron((mask != 0).astype(np.uint8), np.ones((2, 2), dtype=np.uint8))
    contours, tree = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return []
    simple = [_simplify(contour) for contour in contours]
    rings: dict[int, _Ring] = {
        index: ring
        for index, (ring, node) in enumerate(zip(simple, tree[0], strict=True))
        if node[3] < 0 and len(ring) > 2
    }
    for ring, node in zip(simple, tree[0], strict=True):
        parent = int(node[3])
        if parent in rings and len(ring) > 2:
            rings[parent] = _joined(rings[parent], ring)
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
