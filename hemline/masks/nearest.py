"""What the nearest known pixel says, for pixels that do not say it themselves."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Kind = TypeVar("Kind", bound=np.generic)


def nearest_values(
    values: NDArray[Kind], known: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> NDArray[Kind]:
    """For each pixel in `wanted` the value of the nearest pixel that is `known`.

    Args:
        values: (H, W) or (H, W, C), of any dtype.
        known: (H, W); at least one pixel is.
        wanted: (H, W).

    Returns:
        (N,) or (N, C), in the order of `values[wanted]`. Distances are Euclidean, to OpenCV's 5 x 5
        approximation.
    """
    _, number = cv2.distanceTransformWithLabels(
        (~known).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # Each known pixel has a number of its own, which the pixels that it is nearest to have too.
    value_of = np.zeros((int(number.max()) + 1, *values.shape[2:]), dtype=values.dtype)
    value_of[number[known]] = values[known]
    found: NDArray[Kind] = value_of[number[wanted]]
    return found
