"""Where a label and a model dispute a part of the photo, and what the photo's own edges and colours
say to it.

A part that the model sees and the label leaves out, or the other way round, lies between two lines:
the label's outline on one side and the model's on the other. At most one of the two is the
garment's edge.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.signals.arc_signals import contrast_across
from active_learning.signals.frame import Frame, Mask, Plane, disc, signed_depth
from active_learning.signals.outline import OutlinePoints, trace_outline

_SEAM = 0.012  # of the label's side: thinner differences are a matter of resolution
_LEAST = 0.004  # share of the label's area from which a part is looked at
_MOST = 8  # parts a label, the largest first
_NEAR = 4  # frame pixels within which a line is that of a part

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Dispute:
    """A part that the model sees and the label leaves out (`missing`), or that the label has and
    the model does not see.

    `size` is a share of the label's area, `depth` how deep the part is at most as a share of the
    label's side, `sure` the model's mean probability of its own side, 0.5 to 1. `at_label` and
    `at_model` are the median ΔE00 across the label's outline and the model's along the part; NaN
    where there is none. `alike` is how much its colours are those of the garment rather than those
    around, 0 to 1. `along` are the points of the label's outline that the part lies at, and `line`
    the part's outline (N, 2) x, y in photo pixels.
    """

    missing: bool
    size: float
    depth: float
    sure: float
    at_label: float
    at_model: float
    alike: float
    along: Indices
    line: NDArray[np.float64]


def disputes(
    frame: Frame, outline: OutlinePoints, contrast: Plane, likelihood: Plane, probability: Plane
) -> list[Dispute]:
    """The parts of a frame that label and model dispute, the largest first.

    Args:
        contrast: ΔE00 (N,) across the label's outline at each of its points; NaN where unknown.
        likelihood: (h, w) of the frame, from `garment_likelihood`.
        probability: (h, w) of the frame in 0..1.
    """
    seen = (probability >= 0.5).astype(np.uint8)
    model = replace(frame, mask=seen, depth=signed_depth(seen))
    parts = _parts(frame, seen)
    if not parts:
        return []
    of_model = trace_outline(model) if seen.any() else None
    at_model = np.zeros(0) if of_model is None else contrast_across(model, of_model)
    if of_model is not None:
        at_model[of_model.at_border] = np.nan
    area = max(float(np.count_nonzero(frame.mask)), 1.0)
    garment_like = 0.5 * (1 + np.tanh(0.5 * likelihood))
    own_side = np.maximum(probability, 1 - probability)
    found = []
    for part in parts:
        near = cv2.dilate(part, disc(_NEAR)) > 0
        inside = part > 0
        along = _beside(outline, near, np.abs(model.depth))
        beyond = np.zeros(0, np.int64)
        if of_model is not None:
            beyond = _beside(of_model, near, np.abs(frame.depth))
        depth = cv2.distanceTransform(np.pad(part, 1), cv2.DIST_L2, 5).max()
        found.append(
            Dispute(
                missing=not bool(frame.mask[inside][0]),
                size=float(np.count_nonzero(inside)) / area,
                depth=float(depth) / frame.side,
                sure=float(own_side[inside].mean()),
                at_label=_median(contrast[along]),
                at_model=_median(at_model[beyond]),
                alike=float(garment_like[inside].mean()),
                along=along,
                line=frame.to_photo(_line(part)),
            )
        )
    return found


def _parts(frame: Frame, seen: Mask) -> list[Mask]:
    """Connected parts (h, w) uint8 0/1 that differ by more than a seam, the largest first."""
    least = _LEAST * max(int(np.count_nonzero(frame.mask)), 1)
    differ = ((frame.mask > 0) != (seen > 0)) & ~frame.ignored
    parts: list[Mask] = []
    for missing in (True, False):
        side = (differ & ((frame.mask == 0) == missing)).astype(np.uint8)
        core = cv2.morphologyEx(side, cv2.MORPH_OPEN, disc(_SEAM * frame.side))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(core, connectivity=4)
        parts.extend(
            (labels == number).astype(np.uint8)
            for number in range(1, count)
            if stats[number, cv2.CC_STAT_AREA] >= least
        )
    return sorted(parts, key=lambda part: -int(np.count_nonzero(part)))[:_MOST]


def _beside(outline: OutlinePoints, near: NDArray[np.bool_], other: Plane) -> Indices:
    """The points of an outline that a part lies at and where the other outline is not."""
    columns, rows = np.round(outline.points).astype(np.int64).T
    height, width = near.shape
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    return np.flatnonzero(near[rows, columns] & (other[rows, columns] > _NEAR / 2))


def _line(part: Mask) -> NDArray[np.float64]:
    lines, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    longest = cv2.approxPolyDP(max(lines, key=len), 0.7, True)
    return np.asarray(longest[:, 0], dtype=np.float64)


def _median(values: NDArray[np.floating]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
