"""Which region a click is about."""

from collections.abc import Sequence

import numpy as np

from hemline.labelstudio.clicks.context import ClickError, Gesture
from hemline.labelstudio.clicks.drawn import DrawnRegion


def choose_region(
    regions: Sequence[DrawnRegion], gesture: Gesture, height: int, width: int
) -> DrawnRegion | None:
    """The region of the gesture's label: of several the one it lies in, else the nearest one. A
    gesture without a label is about whichever region that is. None: there is none yet.

    Raises:
        ClickError: it has no label, and there is no region to take one from.
        MaskError: of several regions one cannot be decoded.
    """
    fitting = [region for region in regions if gesture.label in (None, region.label)]
    if not fitting:
        if gesture.label is None:
            raise ClickError("there is no region yet; choose a label first, then click")
        return None
    if len(fitting) == 1:
        return fitting[0]
    x = (gesture.left + gesture.right) / 2 * width
    y = (gesture.top + gesture.bottom) / 2 * height
    return min(reversed(fitting), key=lambda region: _distance(region, x, y, height, width))


def _distance(region: DrawnRegion, x: float, y: float, height: int, width: int) -> float:
    """From a place to the region in pixels squared; 0 inside, infinite to an empty one."""
    rows, columns = np.nonzero(region.mask(height, width))
    if not rows.size:
        return float("inf")
    nearest = float(((rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2).min())
    return 0.0 if nearest < 1 else nearest
