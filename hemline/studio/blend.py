"""A garment blended into its background: the photo's own fault, its label unchanged."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.studio.figure.geometry import Floats, floats

_SMALLEST = 96  # The background's colour is spread over the garment on a photo this small.


def blend_into_background(
    image: NDArray[np.uint8], alpha: Floats, pull: float
) -> NDArray[np.uint8]:
    """Pull a garment's Lab colours by `pull` 0..1 towards those of the background nearby.

    `image` is `(H, W, 3)` uint8 RGB, `alpha` `(H, W)` the garment's share of each pixel, 0..1;
    pixels without garment stay as they are.
    """
    lab = floats(cv2.cvtColor(floats(image) / 255, cv2.COLOR_RGB2LAB))
    near = _background(lab, alpha)
    blended = lab + (pull * alpha)[..., None] * (near - lab)
    rgb = floats(cv2.cvtColor(blended.astype(np.float32), cv2.COLOR_LAB2RGB))
    result = np.clip(np.round(255 * rgb), 0, 255).astype(np.uint8)
    return np.where((alpha > 0)[..., None], result, image).astype(np.uint8)


def _background(lab: Floats, alpha: Floats) -> Floats:
    """Lab of the background, filled in under the garment from its surroundings, `(H, W, 3)`."""
    height, width = alpha.shape
    shrink = min(1.0, _SMALLEST / min(height, width))
    small = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    colours = cv2.resize(lab, small, interpolation=cv2.INTER_AREA)
    free = (cv2.resize(floats(alpha), small, interpolation=cv2.INTER_AREA) < 0.02).astype(
        np.float32
    )
    if not free.any():
        return lab
    filled = np.zeros_like(colours)
    known = np.zeros_like(free)
    # From near to far: what the narrow window does not reach, a wider one fills.
    for sigma in (2.0, 6.0, 18.0, 54.0):
        weight = cv2.GaussianBlur(free, (0, 0), sigma)
        spread = cv2.GaussianBlur(colours * free[..., None], (0, 0), sigma)
        mean = spread / np.maximum(weight, 1e-6)[..., None]
        share = np.clip(weight / 0.05, 0, 1) * (1 - known)
        filled += share[..., None] * mean
        known += share
    whole = filled / np.maximum(known, 1e-6)[..., None]
    return floats(cv2.resize(whole, (width, height), interpolation=cv2.INTER_LINEAR))
