"""Where a person would click next: the middle of the largest wrong part, or anywhere inside it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.segmentation.clicks.maps import Click

Inside = NDArray[np.bool_]


def next_click(
    mask: Inside, truth: Inside, rng: np.random.Generator | None = None, known: Inside | None = None
) -> Click | None:
    """The click on the largest connected part that differs, of garment left out or of too much.

    The middle is where the part is thickest, the most distant from its outline (Sofiiuk et al.
    2022, arXiv:2102.06583); with `rng` any place at least half as deep.

    Args:
        mask: (H, W) bool, as it is.
        truth: (H, W) bool, as it should be.
        rng: chooses the place; None takes the middle.
        known: (H, W) bool, where the truth is known; None is everywhere.

    Returns:
        None where nothing differs.
    """
    wrong = mask != truth if known is None else (mask != truth) & known
    if not wrong.any():
        return None
    part = largest_part(wrong, truth)
    depth = cv2.distanceTransform(np.pad(part.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    if rng is None:
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    else:
        rows, columns = np.nonzero(depth >= 0.5 * depth.max())
        chosen = int(rng.integers(len(rows)))
        row, column = rows[chosen], columns[chosen]
    height, width = truth.shape
    return Click((column + 0.5) / width, (row + 0.5) / height, bool(truth[row, column]))


def largest_part(wrong: Inside, truth: Inside) -> Inside:
    """The largest connected part of the wrong pixels, those left out and those too much apart."""
    best, size = wrong, 0
    for kind in (wrong & truth, wrong & ~truth):
        _, parts, stats, _ = cv2.connectedComponentsWithStats(kind.astype(np.uint8), connectivity=8)
        if len(stats) > 1:
            largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
            if stats[largest, cv2.CC_STAT_AREA] > size:
                size = int(stats[largest, cv2.CC_STAT_AREA])
                best = np.asarray(parts == largest)
    return best
