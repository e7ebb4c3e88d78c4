"""A mask without what lies along its outlines, where a model is least sure of what it drew."""

from math import hypot

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.masks.class_ids import class_ids
from hemline.masks.figures.overlap import IGNORE

Mask = NDArray[np.uint8]

_NARROW = 0.005  # of the photo's diagonal: 3 pixels to either side at the network's size


def narrow_reach(mask: Mask) -> float:
    """How far from an outline a mask (H, W) says little, in pixels of the photo: 0.5 % of its
    diagonal, 1 or more."""
    return max(1.0, _NARROW * hypot(*mask.shape))


def ignore_outline(mask: Mask, reach: float) -> Mask:
    """A copy of the mask with `IGNORE` where another class is at most `reach` pixels away.

    The photo's frame is no outline: a garment that is cut off there stays whole.

    Args:
        mask: (H, W) uint8 class ids, 0 for background.
        reach: pixels between the centres of two pixels, 1 or more.
    """
    near = np.zeros(mask.shape, dtype=np.bool_)
    ids = class_ids(mask)
    for k in ids if len(ids) > 1 else ():
        inside = (mask == k).astype(np.uint8)
        distance = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        near |= (inside > 0) & (distance <= reach)
    banded: Mask = np.where(near, np.uint8(IGNORE), mask)
    return banded
