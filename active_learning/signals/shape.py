"""Signals of a label's own shape: what hurried or broken masks look like, without the photo."""

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.signals.frame import Frame, Mask, disc
from active_learning.signals.outline import OutlinePoints

SHAPE_SIGNALS = (
    "photo_share",
    "perimeter",
    "solidity",
    "aspect",
    "islands",
    "second_island",
    "holes",
    "largest_hole",
    "pinholes",
    "thin_share",
    "straightness",
    "turning_concentration",
    "corners",
    "at_border",
)


def shape_signals(frame: Frame, outline: OutlinePoints, thin: Mask) -> dict[str, float]:
    """Values by the names of SHAPE_SIGNALS; lengths and areas are relative to the mask's own.

    `thin` is from `thin_parts`.
    """
    mask = frame.mask
    area = float(np.count_nonzero(mask))
    lines, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outer = [line for line, links in zip(lines, hierarchy[0], strict=True) if links[3] < 0]
    hole_areas = [
        cv2.contourArea(line)
        for line, links in zip(lines, hierarchy[0], strict=True)
        if links[3] >= 0
    ]
    areas = sorted((max(cv2.contourArea(line), 1.0) for line in outer), reverse=True)
    perimeter = sum(cv2.arcLength(line, True) for line in lines)
    hull = cv2.contourArea(cv2.convexHull(np.concatenate(outer)))
    _, _, width, height = cv2.boundingRect(mask)
    photo = frame.photo_size[0] * frame.photo_size[1] * frame.scale**2
    segments = [_segments(np.asarray(line), frame.side) for line in lines if len(line) >= 8]
    turning = np.sort(np.abs(outline.turning))[::-1]
    return {
        "photo_share": area / max(photo, 1.0),
        "perimeter": perimeter / frame.side,
        "solidity": min(1.0, area / max(hull, 1.0)),
        "aspect": float(np.log(height / max(width, 1))),
        "islands": float(sum(part >= 1e-3 * area for part in areas)),
        "second_island": areas[1] / area if len(areas) > 1 else 0.0,
        "holes": float(sum(part >= 1e-3 * area for part in hole_areas)),
        "largest_hole": max(hole_areas, default=0.0) / area,
        "pinholes": float(sum(part < 1e-3 * area for part in hole_areas)),
        "thin_share": float(np.count_nonzero(thin)) / area,
        "straightness": sum(long for long, _ in segments) / max(perimeter, 1.0),
        "turning_concentration": float(turning[: max(1, len(turning) // 10)].sum())
        / max(float(turning.sum()), 1e-6),
        "corners": sum(count for _, count in segments) * frame.side / max(perimeter, 1.0),
        "at_border": float(outline.at_border.mean()) if len(outline.at_border) else 0.0,
    }


def largest_thin_part(thin: Mask) -> NDArray[np.float64] | None:
    """The outline (N, 2), x, y in frame pixels, of the largest of the `thin_parts`; None if there
    are none."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(thin, connectivity=8)
    if count < 2:
        return None
    largest = (labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)
    (line, *_), _ = cv2.findContours(largest, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return line[:, 0].astype(np.float64) if len(line) > 2 else None


def thin_parts(frame: Frame) -> Mask:
    """1 (h, w) where the mask is too thin for a disc of 3 % of its side."""
    opened = cv2.morphologyEx(frame.mask, cv2.MORPH_OPEN, disc(0.03 * frame.side))
    return np.asarray((frame.mask > 0) & (opened == 0), dtype=np.uint8)


def _segments(line: NDArray[np.integer], side: float) -> tuple[float, int]:
    """Length in straight stretches of over 15 % of the mask's side, and the number of corners."""
    corners = cv2.approxPolyDP(line, 1.5, True)[:, 0].astype(np.float64)
    lengths = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return float(lengths[lengths > 0.15 * side].sum()), len(corners)
