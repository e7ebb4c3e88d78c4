"""What of a network's answer is taken: the part that the person pointed at, and no other."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.segmentation.clicks.maps import RADIUS

Inside = NDArray[np.bool_]
Plane = NDArray[np.float32]

_SURE = 0.5
# Where the network would change nothing: down to this share of the click's own probability, and to
# this probability, the change spreads, over at most this share of the mask's pixels.
_LEAST_SHARE = 0.6
_LEAST = 0.02
_LARGEST_GUESS = 0.02


def merge(
    mask: Inside,
    garment: Plane,
    row: int,
    column: int,
    *,
    positive: bool,
    radius: int = RADIUS,
) -> Inside:
    """The mask after one click, at (row, column): only what is connected with it changes.

    A positive click adds, a negative one takes away, as in the progressive merge of Chen et al.
    2022 (arXiv:2204.02574). A network that would change nothing there is overruled: its next
    likely pixels change, and if there are none a disk as large as a click.

    Args:
        mask: (H, W) bool, as it is.
        garment: (H, W) float32 in 0..1, how likely the network holds each pixel to be garment.
        radius: of a click, in px.
    """
    wanted = garment if positive else 1 - garment
    free = ~mask if positive else mask
    around = _around(row, column, radius, mask.shape)
    part = _under(free & (wanted >= _SURE), around)
    if part is None:
        near = float(wanted[around].max(initial=0))
        part = _under(free & (wanted >= max(near * _LEAST_SHARE, _LEAST)), around)
        if part is not None and np.count_nonzero(part) > _LARGEST_GUESS * mask.size:
            part = None
    if part is None:
        disk = np.zeros(mask.shape, np.uint8)
        part = cv2.circle(disk, (column, row), radius, 1, -1).astype(bool)
    return mask | part if positive else mask & ~part


def _under(change: Inside, around: tuple[slice, slice]) -> Inside | None:
    """The connected parts of a change that lie under a click; None where there is none."""
    if not change[around].any():
        return None
    _, parts = cv2.connectedComponents(change.astype(np.uint8), connectivity=4)
    wanted = np.zeros(int(parts.max()) + 1, bool)
    wanted[np.unique(parts[around])] = True
    wanted[0] = False
    return np.asarray(wanted[parts])


def _around(row: int, column: int, radius: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    reach = max(1, radius // 2)
    return (
        slice(max(row - reach, 0), min(row + reach + 1, shape[0])),
        slice(max(column - reach, 0), min(column + reach + 1, shape[1])),
    )
