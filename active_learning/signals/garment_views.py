"""Views of one garment should agree: the one that differs most from its siblings is a signal."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.signals.frame import Mask, Photo

ODD = 5.0  # times the usual difference between views from which one is odd
_STRONGEST = 10.0  # times the usual from which more says nothing more
_MOST = 1.0  # log odds that an odd view adds: views differ for good reasons too
_ENOUGH = 9  # views with a sibling below which nobody knows what is usual
# Differences that are usual anywhere: front, side and back of one garment differ by nature. Colour
# in ΔE, height and area in logarithms; with ODD, less than 20 ΔE, 13 % or 42 % is never odd.
_LEAST = (4.0, 0.024, 0.07)


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


@dataclass(frozen=True, slots=True)
class Oddness:
    """How far a view is from the garment's others: `times` what is usual in the project (0 where
    there is nothing to compare with), and the difference in a `sentence`."""

    times: float = 0.0
    sentence: str = ""

    @property
    def is_odd(self) -> bool:
        """Whether the view differs so much that it is worth a word."""
        return self.times >= ODD


USUAL_VIEW = Oddness()


def usual_gaps(garments: Sequence[Sequence[ViewSignals | None]]) -> Gaps | None:
    """How much the views of a garment usually differ in a project; None for fewer than nine views
    that have another to be compared with."""
    gaps = [np.abs(_gaps([_row(view) for view in views])) for views in garments]
    every = np.concatenate([np.zeros((0, 3)), *gaps])
    known = every[np.isfinite(every).all(axis=1)]
    if len(known) < _ENOUGH:
        return None
    colour, height, area = np.maximum(np.median(known, axis=0), _LEAST)
    return float(colour), float(height), float(area)


def odd_views(views: Sequence[ViewSignals | None], usual: Gaps | None) -> list[Oddness]:
    """How far each view of one garment is from its others, in units of what is usual.

    1 is usual and `ODD` or more is odd. Views are the same garment from another side, so only how
    unusual a difference is says anything. Of three and more, the oddest is left out where the
    others are compared: one wrong mask does not make its siblings odd. Of two that differ nobody
    can tell which is the odd one.
    """
    found = [USUAL_VIEW] * len(views)
    if usual is None:
        return found
    rows = {k: _row(view) for k, view in enumerate(views) if view is not None}
    if len(rows) < 2:
        return found
    every = _oddness(list(rows.values()), usual)
    for k, odd in zip(rows, every, strict=True):
        found[k] = odd
    if len(rows) > 2:
        oddest = max(rows, key=lambda k: found[k].times)
        others = [k for k in rows if k != oddest]
        among = _oddness([rows[k] for k in others], usual)
        for k, odd in zip(others, among, strict=True):
            found[k] = odd
    return found


def disagree(oddness: Sequence[Oddness]) -> bool:
    """Whether a garment's views disagree so much that each should be looked at."""
    return any(odd.is_odd for odd in oddness)


def raised(probability: float, odd: Oddness) -> float:
    """A label's risk or a photo's usefulness, 0 to 1, when the view is that odd. What is usual
    changes nothing, and 0 stays 0."""
    if not odd.is_odd:
        return probability
    share = (min(odd.times, _STRONGEST) - ODD) / (_STRONGEST - ODD)
    likelier = probability * math.exp(_MOST * (0.5 + 0.5 * share))
    return likelier / (1 - probability + likelier)


def _oddness(rows: Sequence[NDArray[np.float64]], usual: Gaps) -> list[Oddness]:
    """The oddness of each of two or more views, by what differs most from the others."""
    found = []
    for gap in _gaps(rows):
        times = np.abs(gap) / usual
        most = int(times.argmax())
        found.append(Oddness(float(times[most]), _sentence(most, gap[most], usual[most])))
    return found


def _sentence(what: int, gap: float, usual: float) -> str:
    """A difference in a unit that people know."""
    if what == 0:
        return (
            f"its colours differ from the garment's other views by {gap:.0f} ΔE; views here "
            f"usually differ by {usual:.0f}"
        )
    more = gap > 0
    how = ("taller" if more else "shorter") if what == 1 else ("larger" if more else "smaller")
    share, ordinary = abs(math.expm1(gap)), math.expm1(usual)
    much = f"{share:.0%}" if share < _STRONGEST else f"more than {_STRONGEST:.0f} times"
    return (
        f"its mask is {much} {how} than in the garment's other views; views here usually differ "
        f"by {ordinary:.0%}"
    )


def _row(view: ViewSignals | None) -> NDArray[np.float64]:
    if view is None:
        return np.full(5, np.nan)
    return np.array([*view.colour, np.log(view.height), np.log(view.area)])


def _gaps(views: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Each view's difference to the median of the others, (n, 3): the size of that of colour, and
    log height and log area, positive where the view's is the larger."""
    result = np.full((len(views), 3), np.nan)
    for k, view in enumerate(views):
        others = [other for j, other in enumerate(views) if j != k and np.isfinite(other).all()]
        if others and np.isfinite(view).all():
            gap = view - np.median(others, axis=0)
            result[k] = [np.linalg.norm(gap[:3]), gap[3], gap[4]]
    return result
