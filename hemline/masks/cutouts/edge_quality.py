"""What a cut-out's edge and detail look like: a rim of another colour, and blur."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.masks.nearest import nearest_values

_INSIDE = 127
_RIM_PX = 2
_DEPTH_PX = 6
_SHARPEST = 99.0  # percentile of the edges that blur is measured on
_LEAST_EDGE = 1.0  # grey levels a pixel; weaker edges are a sensor's noise
_FINE, _COARSE = 0.8, 2.0  # sigmas in pixels


def fringe_difference(rgb: NDArray[np.uint8], cover: NDArray[np.uint8]) -> float | None:
    """Median CIEDE2000 of the outer 2 px of a garment against what is 6 px further in.

    Args:
        rgb: (H, W, 3).
        cover: (H, W) uint8, inside above 127.

    Returns:
        0 where the rim has the colour of the inside, or None for a garment that is nowhere 6 px
        deep.
    """
    from skimage.color import deltaE_ciede2000  # and SciPy with it, half a second

    inside = np.pad((cover > _INSIDE).astype(np.uint8), 1, mode="edge")
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1]
    rim = (depth > 0) & (depth <= _RIM_PX)
    core = (depth >= _DEPTH_PX) & (depth < _DEPTH_PX + 2)
    if not core.any() or not rim.any():
        return None
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    inner = nearest_values(lab, core, rim)
    differences = deltaE_ciede2000(lab[rim], inner)  # type: ignore[no-untyped-call]
    return float(np.median(differences))


def blur_of(rgb: NDArray[np.uint8], inside: NDArray[np.bool_]) -> float | None:
    """How much of the strength of a garment's sharpest edges is left when they are blurred by 2 px.

    Args:
        rgb: (H, W, 3).
        inside: (H, W), the garment; its own outline does not count.

    Returns:
        From about 0.2, sharp to the pixel, to 1, nothing finer than 2 px; None where the garment
        is too thin or too plain to say.
    """
    core = cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    if not core.any():
        return None
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine, coarse = (_slope(grey, sigma) for sigma in (_FINE, _COARSE))
    strongest = float(np.percentile(fine[core], _SHARPEST))
    if strongest < _LEAST_EDGE:
        return None
    edges = core & (fine >= strongest)
    return float(coarse[edges].mean() / fine[edges].mean())


def _slope(grey: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Grey levels a pixel, of the picture blurred by `sigma` px."""
    blurred = cv2.GaussianBlur(grey, (0, 0), sigma)
    across, down = (cv2.Sobel(blurred, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
    return np.asarray(np.hypot(across, down), np.float32)
