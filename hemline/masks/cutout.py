"""Cutouts: a garment on a transparent ground, the alpha channel is its mask."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError

_INSIDE = 127  # Half covered is inside, as with Label Studio's antialiased strokes.
_EDGE_SIGMA_PX = 0.7


def cutout_to_mask(cutout: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mask of a cutout.

    Args:
        cutout: (H, W, 4) uint8 RGBA.

    Returns:
        (H, W) uint8, 1 above alpha 127, else 0.

    Raises:
        MaskError: the image has no alpha channel.
    """
    if cutout.ndim != 3 or cutout.shape[2] != 4:
        raise MaskError(f"cutout has shape {cutout.shape}; it needs an alpha channel (H, W, 4)")
    return (cutout[..., 3] > _INSIDE).astype(np.uint8)


def make_cutout(photo: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut a garment out of its photo.

    Args:
        photo: (H, W, 3) uint8 RGB.
        alpha: (H, W) uint8, 0 outside to 255 inside.

    Returns:
        (H, W, 4) uint8 RGBA. Wholly transparent pixels are black, so that nothing of what was cut
        away stays in the file.

    Raises:
        MaskError: the photo and the alpha are not of one size.
    """
    if photo.shape != (*alpha.shape, 3):
        raise MaskError(
            f"photo of shape {photo.shape} and alpha of shape {alpha.shape} do not fit; resize one"
        )
    return np.dstack([photo * (alpha > 0)[..., None], alpha])


def soften_edge(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An alpha whose edge runs out over about two pixels, as a lens draws it.

    `cutout_to_mask` gives the mask back exactly: inside stays above 127, outside at or below.

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
