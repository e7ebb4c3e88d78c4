"""How far the outlines of two masks agree: Boundary IoU, boundary F, and distances in pixels.

A mask's edge is its pixels that have a pixel outside above, below, left or right of them; beyond
the photo is outside. Empty masks: two empty ones agree (figures 1, distances 0); an empty and a
filled one do not agree at all (figures 0, distances the photo's diagonal, as no two pixels are
further apart).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError

Mask = NDArray[np.bool_] | NDArray[np.uint8]

_BOUNDARY_SHARE = 0.02  # of the photo's diagonal, as in the paper
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def boundary_iou(a: Mask, b: Mask) -> float:
    """IoU of the masks' inner margins, 2 % of the photo's diagonal wide; 0 apart, 1 equal.

    Cheng et al., Boundary IoU, CVPR 2021. Unlike IoU it does not grow lenient with large masks.

    Args:
        a, b: (H, W), any non-zero pixel is inside. So for all functions here.

    Raises:
        MaskError: the masks are not of one size. So for all functions here.
    """
    width = max(1, round(_BOUNDARY_SHARE * _diagonal(a)))
    cropped_a, cropped_b = _crop(a, b)
    in_a, in_b = _margin(cropped_a, width), _margin(cropped_b, width)
    either = int(np.count_nonzero(in_a | in_b))
    return int(np.count_nonzero(in_a & in_b)) / either if either else 1.0


def boundary_f(a: Mask, b: Mask, *, tolerance_px: float = 3.0) -> float:
    """F score of the edges: which share of each lies within a tolerance of the other.

    The harmonic mean of the two shares (Martin et al., PAMI 2004; also DAVIS's F); 0 no edge pixel
    is near the other edge, 1 all are. At 3 px what an annotator would leave as it is counts as
    right.
    """
    distances = _edge_distances(a, b)
    if distances is None:
        return _agreement_of_empties(a, b)
    near_b, near_a = (float(np.mean(side <= tolerance_px)) for side in distances)
    return 2 * near_a * near_b / (near_a + near_b) if near_a + near_b else 0.0


def hd95(a: Mask, b: Mask) -> float:
    """95th percentile of the Hausdorff distance, in pixels; 0 equal edges.

    For each mask the 95th percentile of its edge pixels' distances to the other's edge, and of the
    two the larger.
    """
    distances = _edge_distances(a, b)
    if distances is None:
        return (1 - _agreement_of_empties(a, b)) * _diagonal(a)
    return float(max(np.percentile(side, 95) for side in distances))


def assd(a: Mask, b: Mask) -> float:
    """Average symmetric surface distance, in pixels: the mean over all pixels of both edges."""
    distances = _edge_distances(a, b)
    if distances is None:
        return (1 - _agreement_of_empties(a, b)) * _diagonal(a)
    return float(np.concatenate(distances).mean())


def _edge_distances(a: Mask, b: Mask) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Distances of a's edge pixels to b's edge, and of b's to a's; None if either is empty."""
    cropped_a, cropped_b = _crop(a, b)
    edge_a, edge_b = _edge(cropped_a), _edge(cropped_b)
    if not (edge_a.any() and edge_b.any()):
        return None
    return _distance_to(edge_b)[edge_a != 0], _distance_to(edge_a)[edge_b != 0]


def _crop(a: Mask, b: Mask) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Both masks as 0/1, cut to where either has pixels, with a rim of one pixel outside.

    No figure changes by this: what is cut off, like what is beyond the photo, is outside of both.
    """
    if a.shape != b.shape or a.ndim != 2:
        raise MaskError(f"masks of sizes {a.shape} and {b.shape} cannot be compared; resize one")
    in_a, in_b = (a != 0).view(np.uint8), (b != 0).view(np.uint8)
    left, top, width, height = cv2.boundingRect(in_a | in_b)
    window = np.s_[top : top + height, left : left + width]
    return np.pad(in_a[window], 1), np.pad(in_b[window], 1)


def _edge(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return mask - cv2.erode(mask, _CROSS).astype(np.uint8)


def _distance_to(edge: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Exact Euclidean distance of every pixel to the nearest edge pixel."""
    distances = cv2.distanceTransform(1 - edge, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distances.astype(np.float32, copy=False)


def _margin(mask: NDArray[np.uint8], width: int) -> NDArray[np.bool_]:
    """Pixels of the mask that `width` erosions by a 3 x 3 square take away."""
    depth = cv2.distanceTransform(mask, cv2.DIST_C, 3)
    return (depth > 0) & (depth <= width)


def _agreement_of_empties(a: Mask, b: Mask) -> float:
    return float(not a.any() and not b.any())


def _diagonal(mask: Mask) -> float:
    return float(np.hypot(*mask.shape))
