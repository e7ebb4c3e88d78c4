"""How much a colour looks like the garment's or like what is around it: no network needed.

Two smoothed Lab histograms, of the mask's core and of what is well outside, give each pixel the
logarithm of how much likelier its colour is inside. A missing part looks like the garment although
it is outside; an extra part looks like the background although it is inside.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.signals.frame import Frame, Plane

_BINS = (12, 14, 14)  # of L, a, b
_RANGES = ((0.0, 100.0), (-70.0, 70.0), (-70.0, 70.0))
_AWAY = 0.03  # of the mask's side: nearer to the outline neither side is sure
_LIMIT = 4.0


def garment_likelihood(frame: Frame) -> Plane:
    """log P(colour | inside) / P(colour | outside) of each pixel, (h, w) in -4..4; 0 says nothing.

    Zero everywhere if the frame has no inside or no outside.
    """
    bins = _bins(frame.lab)
    away = _AWAY * frame.side
    known = ~frame.ignored
    core, around = (frame.depth > away) & known, (frame.depth < -away) & known
    if not core.any():
        core = (frame.mask > 0) & known
    if not (core.any() and around.any()):
        return np.zeros(frame.mask.shape, dtype=np.float32)
    ratio = np.log(_density(bins[core]) / _density(bins[around]))
    values = np.clip(ratio.ravel()[bins], -_LIMIT, _LIMIT)
    return cv2.blur(values.astype(np.float32), (5, 5)).astype(np.float32, copy=False)


def _bins(lab: Plane) -> NDArray[np.int64]:
    index = np.zeros(lab.shape[:2], dtype=np.int64)
    for channel, (count, (low, high)) in enumerate(zip(_BINS, _RANGES, strict=True)):
        part = ((lab[..., channel] - low) * (count / (high - low))).astype(np.int64)
        index = index * count + np.clip(part, 0, count - 1)
    return index


def _density(bins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of each colour, neighbours counted with it, and a little of every colour."""
    counts = np.bincount(bins, minlength=int(np.prod(_BINS))).reshape(_BINS).astype(np.float64)
    for axis in range(3):
        counts = 0.25 * _moved(counts, axis, 1) + 0.5 * counts + 0.25 * _moved(counts, axis, -1)
    share = counts / max(counts.sum(), 1e-12)
    smoothed: NDArray[np.float64] = 0.98 * share + 0.02 / counts.size
    return smoothed


def _moved(counts: NDArray[np.float64], axis: int, step: int) -> NDArray[np.float64]:
    moved = np.roll(counts, step, axis=axis)
    edge = [slice(None)] * 3
    edge[axis] = slice(0, 1) if step > 0 else slice(-1, None)
    moved[tuple(edge)] = counts[tuple(edge)]
    return moved
