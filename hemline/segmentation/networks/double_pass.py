"""What a second network sees: the photo within the first one's mask, made wider.

Source: the report on mannequin cut-outs, whose second pass saw what is within 50 px of the mask.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.segmentation.input.framing import MEAN_COLOUR

_Pixels = NDArray[np.uint8]


def see_through(image: _Pixels, mask: _Pixels, dilate: int) -> _Pixels:
    """The photo `(H, W, 3)` with all that is further than `dilate` px from the mask `(H, W)` in the
    colour that a network sees as nothing. An empty mask hides nothing, as it says nothing."""
    if not mask.any():
        return image
    distance = cv2.distanceTransform(
        (mask == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    seen = image.copy()
    seen[distance > dilate] = MEAN_COLOUR
    return seen
