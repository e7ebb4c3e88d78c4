"""Everything a label says about itself beside its photo and a stored probability map."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.signals.agreement import AGREEMENT_SIGNALS, agreement, garment_probability
from active_learning.signals.arc_signals import ARC_SIGNALS, arc_signals
from active_learning.signals.colours import garment_likelihood
from active_learning.signals.disputes import Dispute, disputes
from active_learning.signals.frame import (
    Frame,
    Mask,
    Photo,
    Plane,
    check_sizes,
    frame_label,
    signed_depth,
)
from active_learning.signals.outline import OutlinePoints, trace_outline
from active_learning.signals.shape import (
    SHAPE_SIGNALS,
    largest_thin_part,
    shape_signals,
    thin_parts,
)
from active_learning.signals.unlabelled import fill_ignored, ignored_at, ignored_pixels
from hemline.masks.codecs.probability_map import check_probabilities

# Raise it whenever a signal, a region or a feature comes out otherwise for the same label: what is
# stored of an older version is computed again, and what was learnt from it is learnt again.
SIGNALS_VERSION = 3

CONFIRMED_SIGNALS = (
    "missing_alike",
    "missing_alike_largest",
    "extra_unlike",
    "extra_unlike_largest",
    "missing_seam",
    "extra_seam",
    "missing_seam_share",
    "extra_seam_share",
)
COLOUR_SIGNALS = (
    "contrast_mean",
    "contrast_p10",
    "contrast_p25",
    "contrast_low",
    "contrast_worst_tenth",
    "shift_median",
    "shift_spread",
    "shift_gain",
    "likelihood_rim_in",
    "likelihood_rim_out",
    "likelihood_split",
    "texture_inside",
    "texture_around",
)
LABEL_SIGNALS = (*AGREEMENT_SIGNALS, *SHAPE_SIGNALS, *COLOUR_SIGNALS, *CONFIRMED_SIGNALS)
_OF_MODEL = ("probability", "model")
_LOW = 6.0  # ΔE00 below which two colours side by side hardly part


@dataclass(frozen=True)
class MeasuredLabel:
    """The signals of one label.

    `values` by the names of LABEL_SIGNALS, NaN where unknown (no model, no outline). `arcs`
    (N, len(ARC_SIGNALS)) float32 are those of the outline's points, which lie at `points` (N, 2)
    x, y in photo pixels on outline `piece` (N,). `missing` and `extra` are outlines of what the
    model is sure of and the label has not, and the other way round, `undecided` of where the model
    cannot tell and `thin` of the label's largest thin part, in photo pixels; `whole` is the box
    around the label. None where there is none. `disputes` are the parts that label and model
    dispute, the largest first.
    """

    values: dict[str, float]
    arcs: Plane
    points: NDArray[np.float64]
    piece: NDArray[np.int64]
    missing: NDArray[np.float64] | None
    extra: NDArray[np.float64] | None
    undecided: NDArray[np.float64] | None = None
    thin: NDArray[np.float64] | None = None
    whole: NDArray[np.float64] | None = None
    disputes: Sequence[Dispute] = ()


def label_signals(
    photo: Photo, mask: Mask, probabilities: Plane | None, *, threshold: float = 0.5
) -> MeasuredLabel:
    """Signals of a label with something in it.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8 class ids, not empty. 255 is what nobody labelled: no signal counts it.
        probabilities: (C, h, w) in 0..1 at any size; None where there is no model.
        threshold: of the garment's probability, as the model's card has it (one label only).

    Raises:
        MaskError: the mask is empty or not of the photo's size, or the probabilities are none.
    """
    check_sizes(photo, mask)
    garment = None
    if probabilities is not None:
        check_probabilities(probabilities)
        garment = garment_probability(probabilities, threshold)
    ignored = ignored_pixels(mask)
    mask = np.ascontiguousarray(fill_ignored(mask, ignored, garment))
    values = dict.fromkeys(LABEL_SIGNALS, float("nan"))
    frame = frame_label(photo, mask, ignored)
    outline = trace_outline(frame)
    missing = extra = undecided = probability = None
    depth = frame.depth
    if probabilities is not None and garment is not None:
        small = shrink_mask(mask, garment.shape)
        result = agreement(small, probabilities, garment, ignored_at(ignored, garment.shape))
        values.update(result.values)
        missing, extra, undecided = (
            _to_photo(line, garment, mask)
            for line in (result.missing, result.extra, result.undecided)
        )
        probability = _into_frame(garment, frame)
        depth = signed_depth((probability >= 0.5).astype(np.uint8))
    likelihood = garment_likelihood(frame)
    arcs = arc_signals(frame, outline, likelihood, probability, depth)
    arcs[outline.at_border] = np.nan
    thin = thin_parts(frame)
    values.update(shape_signals(frame, outline, thin))
    values.update(_colour_signals(frame, outline, likelihood, arcs))
    disputed: Sequence[Dispute] = ()
    if probability is not None:
        values.update(_confirmed(frame, likelihood, probability, arcs))
        contrast = arcs[:, ARC_SIGNALS.index("contrast_0.02")]
        disputed = disputes(frame, outline, contrast, likelihood, probability)
    points = frame.to_photo(outline.points)
    thin_line = largest_thin_part(thin)
    return MeasuredLabel(
        values,
        arcs,
        points,
        outline.piece,
        missing,
        extra,
        undecided,
        None if thin_line is None else frame.to_photo(thin_line),
        box_around(mask),
        disputed,
    )


def without_model(signals: MeasuredLabel) -> MeasuredLabel:
    """The same signals as they are where there is no model."""
    nothing = dict.fromkeys((*AGREEMENT_SIGNALS, *CONFIRMED_SIGNALS), float("nan"))
    arcs = signals.arcs.copy()
    arcs[:, [k for k, name in enumerate(ARC_SIGNALS) if name.startswith(_OF_MODEL)]] = np.nan
    return replace(
        signals,
        values={**signals.values, **nothing},
        arcs=arcs,
        missing=None,
        extra=None,
        undecided=None,
        disputes=(),
    )


def box_around(mask: Mask) -> NDArray[np.float64]:
    """Corners (4, 2) x, y of the box around what is not background in a mask (H, W)."""
    x, y, width, height = cv2.boundingRect((mask > 0).view(np.uint8))
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    return np.array(corners, dtype=np.float64)


def shrink_mask(mask: Mask, size: tuple[int, ...]) -> Mask:
    """A class-id mask at a map's size (h, w): each pixel takes the class with most of its area."""
    if mask.shape == size:
        return mask
    ids = np.flatnonzero(np.bincount(mask.ravel()))
    shares = [
        cv2.resize((mask == k).astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
        for k in ids
    ]
    small: Mask = ids[np.argmax(shares, axis=0)].astype(np.uint8)
    return small


def _into_frame(garment: Plane, frame: Frame) -> Plane:
    """The map's values at the frame's pixels."""
    height, width = frame.mask.shape
    scale_x = garment.shape[1] / frame.photo_size[1]
    scale_y = garment.shape[0] / frame.photo_size[0]
    x = ((np.arange(width) + 0.5) / frame.scale + frame.left) * scale_x - 0.5
    y = ((np.arange(height) + 0.5) / frame.scale + frame.top) * scale_y - 0.5
    at_x, at_y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    values = cv2.remap(garment, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return values.astype(np.float32, copy=False)


def _to_photo(
    line: NDArray[np.float64] | None, garment: Plane, mask: Mask
) -> NDArray[np.float64] | None:
    if line is None:
        return None
    scale = np.array([mask.shape[1] / garment.shape[1], mask.shape[0] / garment.shape[0]])
    return np.asarray((line + 0.5) * scale, dtype=np.float64)


def _colour_signals(
    frame: Frame, outline: OutlinePoints, likelihood: Plane, arcs: Plane
) -> dict[str, float]:
    rim = 0.05 * frame.side
    depth = np.where(frame.ignored, np.nan, frame.depth)
    near_in = (depth > 0) & (depth <= rim)
    near_out = (depth <= 0) & (depth >= -rim)
    core, around = depth > rim, depth < -rim
    fine = np.abs(cv2.Laplacian(frame.lab[..., 0], cv2.CV_32F))
    values = {
        "likelihood_rim_in": _mean(likelihood, near_in),
        "likelihood_rim_out": _mean(likelihood, near_out),
        "likelihood_split": _mean(likelihood, core) - _mean(likelihood, around),
        "texture_inside": _mean(fine, core),
        "texture_around": _mean(fine, around),
    }
    seen = arcs[~outline.at_border]
    if not len(seen):
        return values
    contrast, offset, gain = (
        seen[:, ARC_SIGNALS.index(name)] for name in ("contrast_0.02", "best_offset", "best_gain")
    )
    smooth = seen[:, ARC_SIGNALS.index("contrast_wide")]
    return {
        **values,
        "contrast_mean": float(contrast.mean()),
        "contrast_p10": float(np.percentile(contrast, 10)),
        "contrast_p25": float(np.percentile(contrast, 25)),
        "contrast_low": float((contrast < _LOW).mean()),
        "contrast_worst_tenth": float(smooth.min()),
        "shift_median": float(np.median(offset)),
        "shift_spread": float(np.abs(offset).mean()),
        "shift_gain": float(gain.mean()),
    }


def _confirmed(
    frame: Frame, likelihood: Plane, probability: Plane, arcs: Plane
) -> dict[str, float]:
    """Disagreement with the model that the photo's own colours bear out.

    Areas of it are shares of the mask's, by weight of the colours. A seam is the part of the
    outline that the disagreement lies along: real edges there speak for the label, none against it.
    """
    margin = 0.012 * frame.side
    area = max(float(frame.mask.sum()), 1.0)
    garment_like = 0.5 * (1 + np.tanh(0.5 * likelihood))
    sides = {
        "missing_alike": ((probability >= 0.7) & (frame.depth < -margin), garment_like),
        "extra_unlike": ((probability <= 0.3) & (frame.depth > margin), 1 - garment_like),
    }
    values = {}
    for name, (where, weight) in sides.items():
        where &= ~frame.ignored
        confirmed = where & (weight > 0.5)
        _, _, stats, _ = cv2.connectedComponentsWithStats(confirmed.view(np.uint8), connectivity=4)
        values[name] = float(weight[where].sum()) / area
        values[f"{name}_largest"] = float(stats[1:, cv2.CC_STAT_AREA].max(initial=0)) / area
    inner, outer, contrast = (
        arcs[:, ARC_SIGNALS.index(name)]
        for name in ("probability_-0.04", "probability_0.04", "contrast_close")
    )
    for kind, along in (
        ("missing", np.minimum(inner, outer) > 0.7),
        ("extra", np.maximum(inner, outer) < 0.3),
    ):
        values[f"{kind}_seam"] = float(contrast[along].mean()) if along.any() else float("nan")
        values[f"{kind}_seam_share"] = float(along.mean()) if len(along) else 0.0
    return values


def _mean(plane: Plane, where: NDArray[np.bool_]) -> float:
    return float(plane[where].mean()) if where.any() else float("nan")
