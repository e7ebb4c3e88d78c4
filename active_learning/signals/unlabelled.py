"""Pixels of a label that nobody labelled: they speak neither for it nor against it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.masks.figures.overlap import IGNORE

Mask = NDArray[np.uint8]
Plane = NDArray[np.float32]


def ignored_pixels(mask: Mask) -> NDArray[np.bool_] | None:
    """Where (H, W) a mask of class ids is `IGNORE`; None where it is nowhere."""
    ignored = mask == IGNORE
    return ignored if ignored.any() else None


def ignored_at(ignored: NDArray[np.bool_] | None, size: tuple[int, ...]) -> NDArray[np.bool_]:
    """The same at a map's size (h, w): a pixel is ignored if any part of it is, but for those that
    least of is where that would be all."""
    if ignored is None:
        return np.zeros(size, dtype=np.bool_)
    if ignored.shape == size:
        return ignored
    share = cv2.resize(ignored.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(share > share.min(), dtype=np.bool_)


def fill_ignored(mask: Mask, ignored: NDArray[np.bool_] | None, garment: Plane | None) -> Mask:
    """The mask (H, W) with what the model sees in place of what nobody labelled, so that the two
    cannot disagree there: 1 where it sees a garment, else background.

    Args:
        mask: (H, W) uint8 class ids. Where none of it is labelled as a class, all becomes
            background: a prediction alone is no label.
        ignored: from `ignored_pixels`.
        garment: probability of any garment, (h, w) in 0..1 at any size; None without a model.
    """
    if ignored is None:
        return mask
    labelled: Mask = np.where(ignored, 0, mask).astype(np.uint8)
    if garment is None or not labelled.any():
        return labelled
    large = cv2.resize(garment, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    filled: Mask = np.where(ignored, large >= 0.5, labelled).astype(np.uint8)
    return filled
