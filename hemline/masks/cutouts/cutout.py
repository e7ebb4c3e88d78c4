"""Cutouts: a garment on a transparent ground, the alpha channel is its mask."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError
from hemline.masks.nearest import nearest_values

_INSIDE = 127  # Half covered is inside, as with Label Studio's antialiased strokes.
_EDGE_SIGMA_PX = 0.5  # 0.7 is worse than a hard edge on sharp small photos
_NEIGHBOURS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def make_cutout(photo: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut a garment out of its photo.

    Args:
        photo: (H, W, 3) uint8 RGB.
        alpha: (H, W) uint8, 0 outside to 255 inside.

    Returns:
        (H, W, 4) uint8 RGBA. Inside (alpha above 127) are the photo's pixels. The pixels of a soft
        edge that lie outside show the backdrop in the photo, which would be a rim on another
        ground: they have the colour of the nearest pixel well inside. Wholly transparent pixels are
        black, so that nothing of what was cut away stays in the file.

    Raises:
        MaskError: the photo and the alpha are not of one size.
    """
    if photo.shape != (*alpha.shape, 3):
        raise MaskError(
            f"photo of shape {photo.shape} and alpha of shape {alpha.shape} do not match; resize "
            "one"
        )
    cutout = np.dstack([photo * (alpha > _INSIDE)[..., None], alpha])
    rows, columns = (np.flatnonzero((alpha > 0).any(axis=axis)) for axis in (1, 0))
    if len(rows):
        _colour_edge(cutout[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return cutout


def soften_edge(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An alpha whose edge runs out over a pixel or two, as a lens draws it.

    An alpha above 127 gives the mask back exactly.

    Args:
        mask: (H, W), any non-zero pixel is inside.

    Returns:
        (H, W) uint8, 0 outside to 255 inside.
    """
    inside = mask != 0
    blurred = cv2.GaussianBlur(inside.astype(np.uint8) * np.uint8(255), (0, 0), _EDGE_SIGMA_PX)
    # A blur rounds corners and loses thin straps; what the mask says stays.
    kept: NDArray[np.uint8] = np.where(
        inside, np.maximum(blurred, _INSIDE + 1), np.minimum(blurred, _INSIDE)
    ).astype(np.uint8)
    return kept


def _colour_edge(cutout: NDArray[np.uint8]) -> None:
    """Gives the seen pixels outside, (H, W, 4) uint8 RGBA in place, the nearest inner colour."""
    inside = cutout[..., 3] > _INSIDE
    outside = (cutout[..., 3] > 0) & ~inside
    if not outside.any() or not inside.any():
        return
    inner = cv2.erode(inside.astype(np.uint8), _NEIGHBOURS, borderValue=1)
    near_inner = cv2.dilate(inner, np.ones((5, 5), np.uint8))
    source = (inner > 0) | (inside & (near_inner == 0))  # a thin strap has no inner pixels
    cutout[outside, :3] = nearest_values(cutout[..., :3], source, outside)
