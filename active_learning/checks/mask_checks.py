"""All checks of a mask in its photo, and from which number on each is worth a word.

The limits are what hardly any right label reaches: `make bench-checks` counts how many do.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from active_learning.checks.edge_checks import halo, jagged, straight
from active_learning.checks.look import CheckFigure, look_at
from active_learning.checks.part_checks import (
    filled_opening,
    lost_strap,
    remnant,
    stray_parts,
    uneven_sides,
)
from active_learning.checks.photo_checks import blur, cut_by_frame, resolution
from active_learning.percentiles import percentiles
from active_learning.signals.frame import Mask, Photo
from hemline.reasons import FoundCheck, MaskCheck

LIMITS = {
    MaskCheck.HALO: 19.0,
    MaskCheck.CUT_BY_FRAME: 0.01,
    MaskCheck.STRAY_PARTS: 1.0,
    MaskCheck.FILLED_OPENING: 0.01,
    MaskCheck.LOST_STRAP: 0.47,
    MaskCheck.REMNANT: 0.05,
    MaskCheck.UNEVEN_SIDES: 0.045,
    MaskCheck.JAGGED: 0.08,
    MaskCheck.STRAIGHT: 0.66,
    MaskCheck.BLUR: 0.75,
    MaskCheck.LOW_RESOLUTION: 320.0,
}
_LESS_IS_WORSE = (MaskCheck.LOW_RESOLUTION,)

Numbers = NDArray[np.float64]


def check_mask(photo: Photo, mask: Mask) -> dict[MaskCheck, CheckFigure]:
    """The figure of each check.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8, not empty; any non-zero pixel is garment.

    Raises:
        MaskError: the mask is empty, or not of the photo's size.
    """
    seen = look_at(photo, mask)
    return {
        MaskCheck.HALO: halo(seen),
        MaskCheck.CUT_BY_FRAME: cut_by_frame(mask),
        MaskCheck.STRAY_PARTS: stray_parts(seen),
        MaskCheck.FILLED_OPENING: filled_opening(seen),
        MaskCheck.LOST_STRAP: lost_strap(seen),
        MaskCheck.REMNANT: remnant(seen),
        MaskCheck.UNEVEN_SIDES: uneven_sides(seen),
        MaskCheck.JAGGED: jagged(seen),
        MaskCheck.STRAIGHT: straight(seen),
        MaskCheck.BLUR: blur(seen),
        MaskCheck.LOW_RESOLUTION: resolution(mask),
    }


def stands_out(check: MaskCheck, number: float) -> bool:
    """Whether a check's number is worth a word; NaN never is."""
    limit = LIMITS[check]
    return number < limit if check in _LESS_IS_WORSE else number >= limit


def checks_found(
    checks: Sequence[Mapping[MaskCheck, CheckFigure]], others: Numbers | None = None
) -> list[list[FoundCheck]]:
    """The checks that stand out in each of N images.

    Args:
        others: (M, len(MaskCheck)) from `check_numbers`, the project's other images that the
            percentiles are of, too.
    """
    own = check_numbers(checks)
    numbers = own if others is None else np.concatenate([own, others])
    ranks = np.array([percentiles(column.tolist()) for column in numbers.T]).T
    return [
        [
            FoundCheck(
                check,
                found.number,
                float(ranks[k, column]),
                found.box.as_list() if found.box is not None else None,
            )
            for column, check in enumerate(MaskCheck)
            if (found := image.get(check)) is not None and stands_out(check, found.number)
        ]
        for k, image in enumerate(checks)
    ]


def check_numbers(checks: Sequence[Mapping[MaskCheck, CheckFigure]]) -> Numbers:
    """(N, len(MaskCheck)), the larger the worse; NaN where unknown."""
    rows = [[_badness(check, image.get(check)) for check in MaskCheck] for image in checks]
    return np.array(rows, dtype=np.float64).reshape(-1, len(MaskCheck))


def _badness(check: MaskCheck, found: CheckFigure | None) -> float:
    if found is None:
        return math.nan
    return -found.number if check in _LESS_IS_WORSE else found.number
