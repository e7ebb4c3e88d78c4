"""What a prediction tells about itself: computed once, when the mask is predicted, and stored."""

import numpy as np

from active_learning.signals.frame import Mask, Photo, Plane
from active_learning.signals.label_signals import label_signals

_SHARED = (
    "own_expected_dice",
    "band_entropy",
    "softmin",
    "photo_share",
    "perimeter",
    "solidity",
    "islands",
    "second_island",
    "holes",
    "pinholes",
    "thin_share",
    "at_border",
    "contrast_mean",
    "contrast_p10",
    "contrast_low",
    "shift_spread",
    "likelihood_rim_in",
    "likelihood_rim_out",
    "likelihood_split",
    "texture_inside",
    "texture_around",
)
PREDICTION_SIGNALS = (*_SHARED, "flip_dice")


def prediction_signals(
    photo: Photo,
    mask: Mask,
    probabilities: Plane,
    *,
    flip_dice: float | None = None,
    threshold: float = 0.5,
) -> dict[str, float]:
    """Values by the names of PREDICTION_SIGNALS, NaN where unknown; all NaN for an empty mask.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8 class ids, as predicted.
        probabilities: (C, h, w) in 0..1 that it was made from.
        flip_dice: agreement with the mirrored photo's mask.
        threshold: of the garment's probability, one label only.

    Raises:
        MaskError: sizes differ, or the probabilities are NaN or out of range.
    """
    values = dict.fromkeys(PREDICTION_SIGNALS, float("nan"))
    if mask.any():
        found = label_signals(photo, mask, probabilities, threshold=threshold).values
        values.update({name: found[name] for name in _SHARED})
    values["flip_dice"] = float("nan") if flip_dice is None else float(np.clip(flip_dice, 0, 1))
    return values
