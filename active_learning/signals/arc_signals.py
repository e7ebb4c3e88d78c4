"""Signals of each point of a label's outline: is there an edge here, and is it the right one?

All look along the normal, at distances in shares of the mask's side: the colour change (CIEDE2000)
at the outline and beside it, the garment's likelihood by colour, the model's probability, and the
shape around the point. An outline that is off lacks contrast where it is, has more beside it, or
has the same thing on both sides.
"""

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from active_learning.signals.frame import Frame, Plane, sample_plane
from active_learning.signals.outline import OutlinePoints, along

OFFSETS = np.array([-0.075, -0.05, -0.035, -0.02, -0.01, 0, 0.01, 0.02, 0.035, 0.05, 0.075])
_LOOKS = np.array([-0.08, -0.04, -0.02, 0.0, 0.02, 0.04, 0.08])
_SPANS = (0.02, 0.04)  # ΔE is taken from this far inside to as far outside
_CLOSE, _WIDE = 7, 21  # neighbours along the outline, of 192 points

ARC_SIGNALS = (
    *(f"step_{k}" for k in range(len(OFFSETS) - 1)),
    *(f"contrast_{span:g}" for span in _SPANS),
    "contrast_relative",
    "best_offset",
    "best_gain",
    *(f"likelihood_{look:g}" for look in _LOOKS),
    *(f"probability_{look:g}" for look in _LOOKS),
    "model_depth",
    "normal_down",
    "normal_side",
    "height",
    "side",
    "turning",
    "turning_wide",
    "chord",
    *(
        f"{name}_{reach}"
        for reach in ("close", "wide")
        for name in (
            "contrast",
            "best_offset",
            "likelihood_in",
            "likelihood_out",
            "probability_in",
            "probability_out",
            "model_depth",
        )
    ),
)


def arc_signals(
    frame: Frame,
    outline: OutlinePoints,
    likelihood: Plane,
    probability: Plane | None,
    model_depth: Plane,
) -> Plane:
    """The signals (N, len(ARC_SIGNALS)) float32 of an outline's N points; NaN where unknown.

    Args:
        likelihood: (h, w) of the frame, from `garment_likelihood`.
        probability: (h, w) of the frame in 0..1; None without a model.
        model_depth: (h, w) signed distance to the predicted outline in frame pixels; not looked
            at without a model.
    """
    if not len(outline.points):
        return np.zeros((0, len(ARC_SIGNALS)), dtype=np.float32)
    steps, contrast = _contrasts(frame, outline)
    middle = (OFFSETS[:-1] + OFFSETS[1:]) / 2
    best = steps.argmax(axis=1)
    offset = middle[best]
    gain = steps.max(axis=1) - contrast[:, 0]
    colour = sample_plane(likelihood, _beside(frame, outline, _LOOKS))
    if probability is None:
        model = np.full((len(best), len(_LOOKS)), np.nan, dtype=np.float32)
        depth = np.full(len(best), np.nan, dtype=np.float32)
    else:
        model = sample_plane(probability, _beside(frame, outline, _LOOKS))
        depth = np.clip(sample_plane(model_depth, outline.points) / frame.side, -0.3, 0.3)
    relative = contrast[:, 0] / max(float(np.median(contrast[:, 0])), 1.0)
    local = np.stack(
        [contrast[:, 0], offset, colour[:, 2], colour[:, 4], model[:, 2], model[:, 4], depth],
        axis=1,
    )
    columns = [steps, contrast, relative, offset, gain, colour, model, depth]
    columns += [
        *_shape(frame, outline),
        along(outline, local, _CLOSE),
        along(outline, local, _WIDE),
    ]
    return np.column_stack(columns).astype(np.float32)


def contrast_across(frame: Frame, outline: OutlinePoints) -> Plane:
    """ΔE00 (N,) across an outline, from 2 % of the mask's side within to as much outside."""
    return np.asarray(_contrasts(frame, outline)[1][:, 0], dtype=np.float32)


def colour_difference(one: Plane, other: Plane) -> Plane:
    """CIEDE2000 of two arrays (..., 3) of CIELAB, (...): 1 is just seen, 100 black to white."""
    return np.asarray(deltaE_ciede2000(one, other), dtype=np.float32)  # type: ignore[no-untyped-call]


def _contrasts(frame: Frame, outline: OutlinePoints) -> tuple[Plane, Plane]:
    """ΔE00 between samples in sequence (N, 10), and across the outline (N, 2)."""
    around = sample_plane(frame.lab, _beside(frame, outline, OFFSETS))
    steps = colour_difference(around[:, :-1], around[:, 1:])
    spans = np.array([[-span, span] for span in _SPANS]).ravel()
    across = sample_plane(frame.lab, _beside(frame, outline, spans))
    return steps, colour_difference(across[:, 0::2], across[:, 1::2])


def _beside(frame: Frame, outline: OutlinePoints, offsets: NDArray[np.float64]) -> Plane:
    """Points (N, K, 2) at each offset along the normals, at least a pixel and a half apart."""
    reach = np.sign(offsets) * np.maximum(np.abs(offsets) * frame.side, 1.5 * (offsets != 0))
    points = outline.points[:, None] + outline.normals[:, None] * reach[None, :, None]
    return np.asarray(points, dtype=np.float32)


def _shape(frame: Frame, outline: OutlinePoints) -> list[Plane]:
    rows, columns = np.nonzero(frame.mask)
    top, height = rows.min(), max(1, int(np.ptp(rows)))
    left, width = columns.min(), max(1, int(np.ptp(columns)))
    return [
        outline.normals[:, 1],
        np.abs(outline.normals[:, 0]),
        ((outline.points[:, 1] - top) / height).astype(np.float32),
        np.abs((outline.points[:, 0] - left) / width - 0.5).astype(np.float32),
        np.abs(outline.turning),
        along(outline, np.abs(outline.turning), _CLOSE),
        _chord(outline),
    ]


def _chord(outline: OutlinePoints) -> Plane:
    """How straight the outline is around each point: chord over arc of 15 neighbours, 0 to 1."""
    values = np.ones(len(outline.points), dtype=np.float32)
    for number in np.unique(outline.piece):
        own = np.flatnonzero(outline.piece == number)
        points = outline.points[own]
        reach = min(7, len(own) // 3)
        if reach < 1:
            continue
        step = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
        sums = np.cumsum(np.concatenate([step[-reach:], step, step[:reach]]))
        arc = sums[2 * reach - 1 : 2 * reach - 1 + len(own)]
        arc = arc - np.concatenate([[0.0], sums[: len(own) - 1]])
        chord = np.linalg.norm(
            np.roll(points, -reach, axis=0) - np.roll(points, reach, axis=0), axis=1
        )
        values[own] = np.clip(chord / np.maximum(arc, 1e-6), 0, 1)
    return values
