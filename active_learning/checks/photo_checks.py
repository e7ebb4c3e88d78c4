"""Checks of what the photo has of the garment: all of it, sharp, and in enough pixels."""

import cv2
import numpy as np

from active_learning.checks.look import CheckBox, CheckFigure, MaskInPhoto
from active_learning.signals.frame import Mask
from hemline.masks.cutouts.edge_quality import blur_of


def cut_by_frame(mask: Mask) -> CheckFigure:
    """The largest share of a side of the photo (H, W) that the mask lies on."""
    inside = mask > 0
    height, width = mask.shape
    sides = [
        (inside[0], CheckBox(0, 0, width, 1)),
        (inside[-1], CheckBox(0, height - 1, width, 1)),
        (inside[:, 0], CheckBox(0, 0, 1, height)),
        (inside[:, -1], CheckBox(width - 1, 0, 1, height)),
    ]
    touched, box = max(sides, key=lambda side: float(side[0].mean()))
    if not touched.any():
        return CheckFigure(0.0)
    ends = np.flatnonzero(touched)
    first, length = int(ends[0]), int(ends[-1] - ends[0] + 1)
    found = (first, box.top, length, 1) if box.height == 1 else (box.left, first, 1, length)
    return CheckFigure(float(touched.mean()), CheckBox(*found))


def blur(seen: MaskInPhoto) -> CheckFigure:
    """How much of the strength of the sharpest edges is left when they are blurred by 2 px; 0.4 in
    a sharp photo, 1 where nothing finer is left. The same number as in the rule packs."""
    found = blur_of(seen.photo, np.asarray(seen.inside > 0))
    return (
        CheckFigure(float("nan"))
        if found is None
        else CheckFigure(found, seen.box_of(seen.inside > 0))
    )


def resolution(mask: Mask) -> CheckFigure:
    """Pixels of the longer side of the garment's box."""
    x, y, width, height = cv2.boundingRect((mask > 0).view(np.uint8))
    return CheckFigure(float(max(width, height)), CheckBox(x, y, width, height))
