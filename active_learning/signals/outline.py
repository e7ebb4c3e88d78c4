"""Points along a label's outline, with the direction that leads out of the mask."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.signals.frame import Frame, Plane, sample_plane, signed_depth

POINTS = 192
_SHORTEST = 0.12  # outlines below this share of the mask's side are speckles, counted elsewhere
_BESIDE = 0.04  # of the mask's side: colours are compared across that much
_SMOOTHING = 2.0  # px, along the outline before directions are taken

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class OutlinePoints:
    """N points spread evenly over all outlines of a mask, holes too, in order along each.

    `points` (N, 2) x, y in frame pixels; `normals` (N, 2) unit vectors out of the mask; `piece`
    (N,) which outline a point is on; `turning` (N,) radians turned between a point's neighbours;
    `at_border` (N,) where the mask ends with the photo, or with what nobody labelled, and there is
    no outside to compare with.
    """

    points: Plane
    normals: Plane
    piece: Indices
    turning: Plane
    at_border: NDArray[np.bool_]


def trace_outline(frame: Frame) -> OutlinePoints:
    """At most `POINTS` points of the outlines of a frame's mask; N is 0 only if all are specks."""
    lines = _outlines(frame)
    total = sum(len(line) for line in lines)
    spacing = max(1.0, total / POINTS)
    parts = [_spread(line, spacing) for line in lines]
    if not parts:
        none = np.zeros((0, 2), dtype=np.float32)
        return OutlinePoints(
            none, none, np.zeros(0, np.int64), none[:, 0], np.zeros(0, dtype=np.bool_)
        )
    points = np.concatenate([points for points, _ in parts])
    piece = np.repeat(np.arange(len(parts)), [len(points) for points, _ in parts])
    normals = _normals(frame, points)
    return OutlinePoints(
        points=points,
        normals=normals,
        piece=piece.astype(np.int64),
        turning=np.concatenate([turning for _, turning in parts]),
        at_border=_leaves_photo(frame, points + normals * np.float32(0.03 * frame.side))
        | _beside_ignored(frame, points),
    )


def along(outline: OutlinePoints, values: NDArray[np.floating], window: int) -> Plane:
    """Mean of values (N,) or (N, F) over `window` neighbours along each closed outline."""
    smoothed = np.empty(values.shape, dtype=np.float32)
    for number in np.unique(outline.piece):
        own = outline.piece == number
        part = values[own].astype(np.float32)
        reach = min(window, len(part))
        before = reach // 2
        padded = np.concatenate([part[len(part) - before :], part, part[: reach - 1 - before]])
        sums = np.cumsum(np.concatenate([np.zeros_like(padded[:1]), padded]), axis=0)
        smoothed[own] = (sums[reach:] - sums[:-reach]) / reach
    return smoothed


def _outlines(frame: Frame) -> list[Plane]:
    found, _ = cv2.findContours(frame.mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    lines = [line[:, 0].astype(np.float32) for line in found]
    long = [line for line in lines if len(line) >= max(8.0, _SHORTEST * frame.side)]
    return long or [line for line in lines if len(line) >= 8]


def _spread(line: Plane, spacing: float) -> tuple[Plane, Plane]:
    """Points at about the given spacing on the smoothed closed line, and the turning there."""
    smooth = _smooth(line)
    count = max(4, round(len(line) / spacing))
    at = (np.arange(count) * len(line) / count).astype(np.int64)
    points = smooth[at]
    step = np.roll(points, -1, axis=0) - points
    angle = np.arctan2(step[:, 1], step[:, 0])
    turning = np.angle(np.exp(1j * (angle - np.roll(angle, 1)))).astype(np.float32)
    return points, turning


def _smooth(line: Plane) -> Plane:
    reach = min(int(3 * _SMOOTHING), (len(line) - 1) // 2)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _SMOOTHING) ** 2)
    weights /= weights.sum()
    padded = np.concatenate([line[len(line) - reach :], line, line[:reach]]) if reach else line
    columns = [np.convolve(padded[:, axis], weights, mode="valid") for axis in (0, 1)]
    return np.stack(columns, axis=1).astype(np.float32)


def _normals(frame: Frame, points: Plane) -> Plane:
    """Down the slope of the signed distance: out of the mask, on holes too."""
    rim = 8  # beyond the photo is outside, with a slope that leads there
    soft = cv2.GaussianBlur(signed_depth(np.pad(frame.mask, rim)), (0, 0), 2.0)
    slope = np.dstack(
        [cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3)]
    )
    out = -sample_plane(slope.astype(np.float32, copy=False), points + rim)
    length = np.linalg.norm(out, axis=1, keepdims=True)
    return np.where(length > 1e-6, out / np.maximum(length, 1e-6), [[0.0, 1.0]]).astype(np.float32)


def _leaves_photo(frame: Frame, points: Plane) -> NDArray[np.bool_]:
    height, width = frame.photo_size
    x, y = frame.to_photo(points).T
    outside: NDArray[np.bool_] = (x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)
    return outside


def _beside_ignored(frame: Frame, points: Plane) -> NDArray[np.bool_]:
    if not frame.ignored.any():
        return np.zeros(len(points), dtype=np.bool_)
    far = cv2.distanceTransform((~frame.ignored).astype(np.uint8), cv2.DIST_L2, 5)
    near = sample_plane(far.astype(np.float32, copy=False), points)
    return np.asarray(near <= _BESIDE * frame.side, dtype=np.bool_)
