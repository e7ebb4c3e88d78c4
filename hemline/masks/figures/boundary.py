"""How far the outlines of two masks agree: Boundary IoU, boundary F, and distances in pixels.

A mask's edge is its pixels that have a pixel outside above, below, left or right of them; beyond
the photo is outside. Empty masks: two empty ones agree (figures 1, distances 0); an empty and a
filled one do not agree at all (figures 0, distances the photo's diagonal, as no two pixels are
further apart).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from hemline.errors import MaskError

Mask = NDArray[np.bool_] | NDArray[np.uint8]

TOLERANCE_PX = 3.0  # what an annotator would leave as it is
HAND_SHARE = 0.005  # of the photo's diagonal: what a second hand is off by
_BOUNDARY_SHARE = 0.02  # of the photo's diagonal, as in the paper
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_PIXELS_A_SEARCH = 40  # a distance map costs about as much as one search in 40 of its pixels

_Distances = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class BoundaryFigures:
    """All figures of the outlines of two masks; `hd95` and `assd` in pixels."""

    boundary_iou: float
    boundary_f: float
    hd95: float
    assd: float


def boundary_figures(a: Mask, b: Mask) -> BoundaryFigures:
    """The four figures below at about the cost of the dearest, as edges are compared once.

    Args:
        a, b: (H, W), any non-zero pixel is inside. So for all functions here.

    Raises:
        MaskError: the masks are not of one size. So for all functions here.
    """
    cropped = _crop(a, b)
    distances = _edge_distances(*cropped)
    diagonal = _diagonal(a)
    return BoundaryFigures(
        boundary_iou=_margin_iou(*cropped, diagonal),
        boundary_f=_f_score(distances, TOLERANCE_PX) if distances else _both_empty(*cropped),
        hd95=_percentile_95(distances) if distances else _apart(*cropped, diagonal),
        assd=_average(distances) if distances else _apart(*cropped, diagonal),
    )


def boundary_iou(a: Mask, b: Mask) -> float:
    """IoU of the masks' inner margins, 2 % of the photo's diagonal wide; 0 apart, 1 equal.

    Cheng et al., Boundary IoU, CVPR 2021. Unlike IoU it does not grow lenient with large masks.
    """
    return _margin_iou(*_crop(a, b), _diagonal(a))


def boundary_f(a: Mask, b: Mask) -> float:
    """F score of the edges: which share of each lies within `TOLERANCE_PX` of the other.

    The harmonic mean of the two shares (Martin et al., PAMI 2004; also DAVIS's F); 0 no edge pixel
    is near the other edge, 1 all are.
    """
    cropped = _crop(a, b)
    distances = _edge_distances(*cropped)
    return _f_score(distances, TOLERANCE_PX) if distances else _both_empty(*cropped)


def outline_agreement(a: Mask, b: Mask) -> float:
    """As `boundary_f`, within 0.5 % of the photo's diagonal (10 px of 1152 x 1728): masks of two
    people differ by less where they mean the same outline."""
    cropped = _crop(a, b)
    distances = _edge_distances(*cropped)
    within = HAND_SHARE * _diagonal(a)
    return _f_score(distances, within) if distances else _both_empty(*cropped)


def hd95(a: Mask, b: Mask) -> float:
    """95th percentile of the Hausdorff distance, in pixels; 0 equal edges.

    For each mask the 95th percentile of its edge pixels' distances to the other's edge, and of the
    two the larger.
    """
    cropped = _crop(a, b)
    distances = _edge_distances(*cropped)
    return _percentile_95(distances) if distances else _apart(*cropped, _diagonal(a))


def assd(a: Mask, b: Mask) -> float:
    """Average symmetric surface distance, in pixels: the mean over all pixels of both edges."""
    cropped = _crop(a, b)
    distances = _edge_distances(*cropped)
    return _average(distances) if distances else _apart(*cropped, _diagonal(a))


def _margin_iou(a: NDArray[np.uint8], b: NDArray[np.uint8], diagonal: float) -> float:
    width = max(1, round(_BOUNDARY_SHARE * diagonal))
    in_a, in_b = _margin(a, width), _margin(b, width)
    either = int(np.count_nonzero(in_a | in_b))
    return int(np.count_nonzero(in_a & in_b)) / either if either else 1.0


def _f_score(distances: _Distances, within: float) -> float:
    near_b, near_a = (float(np.mean(side <= within)) for side in distances)
    return 2 * near_a * near_b / (near_a + near_b) if near_a + near_b else 0.0


def _percentile_95(distances: _Distances) -> float:
    return float(max(np.percentile(side, 95) for side in distances))


def _average(distances: _Distances) -> float:
    return float(np.concatenate(distances).mean())


def _both_empty(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    return float(not a.any() and not b.any())


def _apart(a: NDArray[np.uint8], b: NDArray[np.uint8], diagonal: float) -> float:
    return (1 - _both_empty(a, b)) * diagonal


def _edge_distances(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> _Distances | None:
    """Distances of a's edge pixels to b's edge, and of b's to a's; None if either is empty."""
    edge_a, edge_b = _edge(a), _edge(b)
    if not (edge_a.any() and edge_b.any()):
        return None
    return _distances(edge_a, edge_b), _distances(edge_b, edge_a)


def _distances(edge: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Exact Euclidean distance of each pixel of an edge, row by row, to the other edge.

    The two ways give the same numbers. Searching is far quicker for an ordinary outline, whose
    pixels mostly lie on the other; a map of all distances for a mask that is speckled all over.
    """
    places = np.argwhere(edge)
    distances = np.zeros(len(places))
    off = other[places[:, 0], places[:, 1]] == 0
    targets = np.argwhere(other)
    if (np.count_nonzero(off) + len(targets)) * _PIXELS_A_SEARCH > edge.size:
        distance_map = cv2.distanceTransform(1 - other, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        # Squares of distances between pixels are whole numbers, which OpenCV misses by a rounding.
        squares = np.square(distance_map[edge != 0].astype(np.float64))
        return np.asarray(np.sqrt(np.rint(squares)))
    distances[off] = KDTree(targets).query(places[off])[0]
    return distances


def _crop(a: Mask, b: Mask) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Both masks as 0/1, cut to where either has pixels, with a rim of one pixel outside.

    No figure changes by this: what is cut off, like what is beyond the photo, is outside of both.
    """
    if a.shape != b.shape or a.ndim != 2:
        raise MaskError(f"masks of sizes {a.shape} and {b.shape} cannot be compared; resize one")
    either = (a != 0) | (b != 0)
    left, top, width, height = cv2.boundingRect(either.view(np.uint8))
    window = np.s_[top : top + height, left : left + width]
    return _rimmed(a[window]), _rimmed(b[window])


def _rimmed(mask: Mask) -> NDArray[np.uint8]:
    return np.pad((mask != 0).view(np.uint8), 1)


def _edge(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return mask - cv2.erode(mask, _CROSS).astype(np.uint8)


def _margin(mask: NDArray[np.uint8], width: int) -> NDArray[np.bool_]:
    """Pixels of the mask that `width` erosions by a 3 x 3 square take away."""
    square = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * width + 1, 2 * width + 1))
    core = cv2.erode(mask, square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(mask != core)


def _diagonal(mask: Mask) -> float:
    return float(np.hypot(*mask.shape))
