"""Faults planted in a project's own labels: the examples that label risk is learnt from.

The kinds are those real sets have (`hemline.studio.faults`), another photo's mask and swapped
classes among them.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.risk.general_faults import (
    COLOUR_PART,
    GENERAL_FAULTS,
    change_colour_part,
    spoil_generally,
)
from active_learning.signals.frame import Mask, Photo
from hemline.masks.figures.overlap import dice
from hemline.masks.nearest import nearest_values
from hemline.studio.faults import FaultKind, spoil_mask

MASK_FAULTS = (
    FaultKind.UNDER_ARM,
    FaultKind.HEM_CUT,
    FaultKind.POLYGON,
    FaultKind.SHIFTED,
    FaultKind.MISSING_PART,
    FaultKind.EXTRA_PART,
    FaultKind.OFFSET,
    FaultKind.OTHER_GARMENT,
)
SWAPPED = "swapped_classes"
_UNSEEN = 0.995  # Dice of the spoilt mask with the right one above which nobody could see it
_TRIES = 4


@dataclass(frozen=True)
class Planted:
    """A spoilt label (H, W) uint8 class ids, what was planted, and its Dice with the right one."""

    mask: Mask
    kind: str
    dice: float


def plant(
    mask: Mask,
    kind: str,
    rng: np.random.Generator,
    *,
    other: Mask | None = None,
    photo: Photo | None = None,
) -> Planted | None:
    """Plant one fault of a severity drawn from `rng` in a label.

    Args:
        mask: (H, W) uint8 class ids.
        kind: one of MASK_FAULTS or GENERAL_FAULTS, or SWAPPED.
        other: another photo's mask of any size, for OTHER_GARMENT.
        photo: (H, W, 3) uint8 RGB, for COLOUR_PART.

    Returns:
        None where the fault cannot be planted: the mask is empty, it has fewer than two classes
        to swap, what it needs was not given, or four tries left no difference that could be seen.
    """
    for _ in range(_TRIES):
        spoilt = _spoil(mask, kind, rng, other, photo)
        if spoilt is None:
            return None
        same = float((spoilt[mask > 0] == mask[mask > 0]).mean()) if kind == SWAPPED else None
        agreement = dice(mask, spoilt) if same is None else same
        if spoilt.any() and agreement < _UNSEEN:
            return Planted(spoilt, str(kind), agreement)
    return None


def kinds_for(masks_have_classes: bool) -> tuple[str, ...]:
    """The kinds that make sense: classes can be swapped only where there are several."""
    kinds = (*(str(kind) for kind in MASK_FAULTS), *GENERAL_FAULTS)
    return (*kinds, SWAPPED) if masks_have_classes else kinds


def _spoil(
    mask: Mask, kind: str, rng: np.random.Generator, other: Mask | None, photo: Photo | None
) -> Mask | None:
    if not mask.any():
        return None
    if kind == SWAPPED:
        return _swap_classes(mask, rng)
    if kind == FaultKind.OTHER_GARMENT:
        return None if other is None or not other.any() else _fit(other, mask)
    garment = (mask > 0).astype(np.uint8)
    if kind == COLOUR_PART:
        changed = None if photo is None else change_colour_part(photo, garment, rng)
        return None if changed is None else _with_classes(mask, changed)
    if kind in GENERAL_FAULTS:
        return _with_classes(mask, spoil_generally(garment, kind, rng))
    spoilt = spoil_mask(garment, FaultKind(kind), rng, float(rng.random()))
    return _with_classes(mask, spoilt)


def _with_classes(mask: Mask, garment: NDArray[np.uint8]) -> Mask:
    """The garment's new extent with the class ids of before; new pixels take the nearest one's."""
    new = (garment > 0) & (mask == 0)
    result = np.where(garment > 0, mask, 0).astype(np.uint8)
    if not new.any():
        return result
    result[new] = nearest_values(mask, mask > 0, new)
    return result


def _swap_classes(mask: Mask, rng: np.random.Generator) -> Mask | None:
    """Two of the label's classes exchanged, or one renamed to its neighbour's."""
    ids = [int(k) for k in np.flatnonzero(np.bincount(mask.ravel(), minlength=1)) if k]
    if len(ids) < 2:
        return None
    first, second = (int(k) for k in rng.choice(ids, 2, replace=False))
    swapped = mask.copy()
    swapped[mask == first] = second
    swapped[mask == second] = first
    return swapped


def _fit(other: Mask, mask: Mask) -> Mask:
    if other.shape == mask.shape:
        return other.copy()
    size = (mask.shape[1], mask.shape[0])
    fitted: Mask = cv2.resize(other, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    return fitted
