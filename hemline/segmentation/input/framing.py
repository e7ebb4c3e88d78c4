"""How a photo is laid into the network's input, in training and prediction alike."""

from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.segmentation.input.geometry import MULTIPLE, input_size, resize_image, resize_mask
from hemline.segmentation.input.preprocessing import preprocess
from hemline.segmentation.recipe.parts import Input

MEAN_COLOUR = (124, 116, 104)  # ImageNet's: where there is no photo, the network sees about zero
_Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Framing:
    """The network's input `(height, width)` and the part of it, `rows` by `columns` from `top` and
    `left` on, that the photo covers."""

    height: int
    width: int
    top: int
    left: int
    rows: int
    columns: int

    @property
    def photo(self) -> tuple[slice, slice]:
        """The index of the photo's part in an array `(..., height, width)`."""
        return slice(self.top, self.top + self.rows), slice(self.left, self.left + self.columns)


def frame_of(height: int, width: int, options: Input) -> Framing:
    """Where a photo of a size goes. A letterboxed photo is in the middle of its square.

    >>> frame_of(1728, 1152, Input(pixels=512 * 512, fit="letterbox"))
    Framing(height=512, width=512, top=0, left=85, rows=512, columns=341)
    """
    if options.fit == "keep":
        rows, columns = input_size(height, width, options.pixels)
        return Framing(rows, columns, 0, 0, rows, columns)
    side = max(1, round(sqrt(options.pixels) / MULTIPLE)) * MULTIPLE
    if options.fit == "squash":
        return Framing(side, side, 0, 0, side, side)
    scale = side / max(height, width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    return Framing(side, side, (side - rows) // 2, (side - columns) // 2, rows, columns)


def lay_image(image: _Pixels, frame: Framing, options: Input) -> _Pixels:
    """A photo `(H, W, 3)` as the network's input `(height, width, 3)`, preprocessed."""
    small = preprocess(resize_image(image, frame.rows, frame.columns), options.preprocess)
    return _pad(small, frame, MEAN_COLOUR)


def lay_mask(mask: _Pixels, frame: Framing) -> _Pixels:
    """A class-id mask `(H, W)` as the input's `(height, width)`, background around the photo."""
    return _pad(resize_mask(mask, frame.rows, frame.columns), frame, 0)


def _pad(pixels: _Pixels, frame: Framing, colour: int | tuple[int, int, int]) -> _Pixels:
    bottom = frame.height - frame.rows - frame.top
    right = frame.width - frame.columns - frame.left
    if not (frame.top or bottom or frame.left or right):
        return pixels
    padded = cv2.copyMakeBorder(
        pixels, frame.top, bottom, frame.left, right, cv2.BORDER_CONSTANT, value=colour
    )
    return padded.astype(np.uint8, copy=False)
