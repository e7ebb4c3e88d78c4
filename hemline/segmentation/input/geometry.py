"""How a photo's size maps to the size its network sees."""

from math import sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.masks.class_ids import class_ids

MULTIPLE = 32  # five halvings of the encoder
_Pixels = NDArray[np.uint8]


def input_size(height: int, width: int, pixels: int) -> tuple[int, int]:
    """Height and width, multiples of 32, of about `pixels` pixels and the photo's own shape.

    Keeping the shape spends every pixel on the photo, where a fixed square would squash it.

    >>> input_size(1728, 1152, 256 * 384)
    (384, 256)
    >>> input_size(100, 10_000, 256 * 384)
    (32, 3072)
    """
    scale = sqrt(pixels / (height * width)) / MULTIPLE
    cells = pixels // MULTIPLE**2
    rows = min(max(1, round(height * scale)), cells)
    columns = min(max(1, round(width * scale)), cells)
    return rows * MULTIPLE, columns * MULTIPLE


def resize_image(image: _Pixels, height: int, width: int) -> _Pixels:
    """A photo `(H, W, 3)` at another size: averaged on the way down, cubic on the way up."""
    shrinks = height * width < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(image, (width, height), interpolation=method).astype(np.uint8, copy=False)


def resize_mask(mask: _Pixels, height: int, width: int) -> _Pixels:
    """A class-id mask `(H, W)` at another size: each pixel takes the class with most of its area.

    Ids are never averaged: halfway between classes 2 and 4 there is no class 3.
    """
    ids = np.array(class_ids(mask), dtype=np.uint8)
    if len(ids) == 1:
        return np.full((height, width), ids[0], dtype=np.uint8)
    shares = [
        cv2.resize((mask == k).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        for k in ids
    ]
    winners: _Pixels = ids[np.argmax(shares, axis=0)]
    return winners
