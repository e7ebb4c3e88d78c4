"""Views of one garment should agree: the one that differs most from its siblings is a signal."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.frame import Mask, Photo

ODD = 3.0  # times the usual difference between views from which one is odd
_STRONGEST = 6.0  # times the usual from which more says nothing more
_MOST = 1.0  # log odds that an odd view adds: views differ for good reasons too
_ENOUGH = 9  # views with a sibling below which nobody knows what is usual
_LEAST = (2.0, 0.02, 0.05)  # differences that are never worth a word


@dataclass(frozen=True)
class ViewSignals:
    """What one view's mask says of its garment: mean CIELAB `colour` (3,) of the inner part, and
    the `height` and `area` of the mask as shares of the photo's."""

    colour: tuple[float, float, float]
    height: float
    area: float


def view_signals(photo: Photo, mask: Mask) -> ViewSignals | None:
    """The signals of a view; None for an empty mask.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W), non-zero is garment.
    """
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return None
    step = max(1, len(rows) // 20_000)
    pixels = photo[rows[::step], columns[::step]].astype(np.float32)[None] / 255
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0]
    middle = np.median(lab, axis=0)
    return ViewSignals(
        (float(middle[0]), float(middle[1]), float(middle[2])),
        float(np.ptp(rows) + 1) / mask.shape[0],
        len(rows) / mask.size,
    )


Gaps = tuple[float, float, float]  # of colour, of log height and of log area


def usual_gaps(garments: Sequence[Sequence[ViewSignals | None]]) -> Gaps | None:
    """How much the views of a garment usually differ in a project; None for fewer than nine views
    that have another to be compared with."""
    gaps = [_gaps([_row(view) for view in views]) for views in garments]
    every = np.concatenate([np.zeros((0, 3)), *gaps])
    known = every[np.isfinite(every).all(axis=1)]
    if len(known) < _ENOUGH:
        return None
    colour, height, area = np.maximum(np.median(known, axis=0), _LEAST)
    return float(colour), float(height), float(area)


def odd_views(views: Sequence[ViewSignals | None], usual: Gaps | None) -> list[float]:
    """How far each view of one garment is from its others, in units of what is usual.

    1 is usual and 3 or more is odd; 0 where there is nothing to compare with. Views are the same
    garment from another side, so only how unusual a difference is says anything.
    """
    if usual is None:
        return [0.0] * len(views)
    gaps = _gaps([_row(view) for view in views])
    return [float(np.max(gap / usual)) if np.isfinite(gap).all() else 0.0 for gap in gaps]


def disagree(oddness: Sequence[float]) -> bool:
    """Whether a garment's views disagree so much that each should be looked at."""
    return max(oddness, default=0.0) >= ODD


def raised(probability: float, odd: float) -> float:
    """A label's risk or a photo's usefulness, 0 to 1, when the view is that odd. What is usual
    changes nothing, and 0 stays 0."""
    if odd < ODD:
        return probability
    share = (min(odd, _STRONGEST) - ODD) / (_STRONGEST - ODD)
    likelier = probability * math.exp(_MOST * (0.5 + 0.5 * share))
    return likelier / (1 - probability + likelier)


def odd_sentence(odd: float) -> str:
    """What to say of an odd view."""
    return f"its mask differs from the garment's other views {odd:.1f} times as much as usual"


def _row(view: ViewSignals | None) -> NDArray[np.float64]:
    if view is None:
        return np.full(5, np.nan)
    return np.array([*view.colour, np.log(view.height), np.log(view.area)])


def _gaps(views: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Each view's difference to the median of the others, (n, 3): colour, log height, log area."""
    result = np.full((len(views), 3), np.nan)
    for k, view in enumerate(views):
        others = [other for j, other in enumerate(views) if j != k and np.isfinite(other).all()]
        if others and np.isfinite(view).all():
            gap = np.abs(view - np.median(others, axis=0))
            result[k] = [np.linalg.norm(gap[:3]), gap[3], gap[4]]
    return result
