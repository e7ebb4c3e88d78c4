"""What a recipe may do to a photo before the network sees it."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.segmentation.recipe.parts import Preprocessing

MEAN = (0.485, 0.456, 0.406)  # ImageNet, RGB in 0..1
STD = (0.229, 0.224, 0.225)
_Pixels = NDArray[np.uint8]


def preprocess(image: _Pixels, steps: Sequence[Preprocessing]) -> _Pixels:
    """A photo `(h, w, 3)` uint8 RGB after each step in turn.

    "centre_and_normalise" is done later, on the network's floats: see transforms.normalise.
    """
    for step in steps:
        if step in _STEPS:
            image = _STEPS[step](image)
    return image


def grey(image: _Pixels) -> _Pixels:
    """The luma of ITU-R BT.601 in all three channels."""
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.uint8)


def stretch(image: _Pixels, low: float, high: float) -> _Pixels:
    """Contrast stretched so that the percentiles `low` and `high` of all values become 0 and 255.

    One stretch for the three channels keeps the colours' balance. A photo of one value stays.
    """
    darkest, brightest = np.percentile(image, (low, high))
    if brightest <= darkest:
        return image
    values = (np.arange(256) - darkest) * (255 / (brightest - darkest))
    stretched: _Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)[image]
    return stretched


def equalise(image: _Pixels) -> _Pixels:
    """The histogram of the luma (BT.601) made flat; colour differences stay."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)
    luma[..., 0] = cv2.equalizeHist(np.ascontiguousarray(luma[..., 0]))
    return cv2.cvtColor(luma, cv2.COLOR_YCrCb2RGB).astype(np.uint8)


_STEPS: dict[str, Callable[[_Pixels], _Pixels]] = {
    "grey": grey,
    "stretch_2_98": lambda image: stretch(image, 2, 98),
    "stretch_10_90": lambda image: stretch(image, 10, 90),
    "equalise": equalise,
}
