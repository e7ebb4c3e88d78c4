"""Polygons of a mask, for data sets that are written to be read again."""

import cv2
import numpy as np
from numpy.typing import NDArray


def mask_to_polygons(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> list[list[float]]:
    """Outlines of the islands of a mask `(H, W)`, in COCO's layout: x0, y0, x1, y1, ... in pixels.

    `polygons_to_mask` gives the mask back with its holes filled: COCO's polygons cannot say holes,
    so use run lengths where a garment may have them.
    """
    # OpenCV's outlines run through the centres of border pixels and so lose thin parts; on the
    # doubled mask they run a quarter of a pixel inside its edge, and filling rounds them outwards.
    doubled = np.kron((mask != 0).astype(np.uint8), np.ones((2, 2), dtype=np.uint8))
    contours, _ = cv2.findContours(doubled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [((contour + 0.5) / 2).ravel().tolist() for contour in contours if len(contour) > 2]
