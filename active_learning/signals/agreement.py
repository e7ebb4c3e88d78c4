"""How a label agrees with a model's probability map: figures of the whole photo, and where not."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.signals.frame import disc
from hemline.masks.class_ids import class_ids
from hemline.masks.figures.boundary import assd, boundary_iou, hd95
from hemline.masks.figures.histograms import probability_histograms
from hemline.masks.figures.overlap import dice

Plane = NDArray[np.float32]
Mask = NDArray[np.uint8]

SURE = 0.8  # a pixel this probable on the other side is a confident disagreement
_WIDE = 0.03  # of the label's side to either side of an outline: beyond it nobody can tell
_BANDS = 3  # of the label's height: shoulders, middle, hem

AGREEMENT_SIGNALS = (
    "softmin",
    "model_dice",
    "boundary_iou",
    "hd95",
    "assd",
    "expected_dice",
    "own_expected_dice",
    "band_entropy",
    "area_ratio",
    "model_share",
    "mean_inside",
    "missing_total",
    "extra_total",
    "missing_largest",
    "extra_largest",
    "missing_depth",
    "extra_depth",
    *(f"{kind}_{band}" for kind in ("missing", "extra") for band in ("top", "middle", "bottom")),
    "missing_one_sided",
    "class_agreement",
    "worst_class_dice",
)


@dataclass(frozen=True)
class Agreement:
    """`values` by the names of AGREEMENT_SIGNALS; `missing` and `extra` are the largest confident
    disagreements, and `undecided` the largest part that is no mere edge where the model cannot
    tell, as outlines (N, 2) x, y in pixels of the map, None where there is none."""

    values: dict[str, float]
    missing: NDArray[np.float64] | None
    extra: NDArray[np.float64] | None
    undecided: NDArray[np.float64] | None


def garment_probability(probabilities: Plane, threshold: float) -> Plane:
    """Probability of any garment (h, w), moved so that the model's own threshold is at 0.5.

    `probabilities` is (C, h, w); with more than one class the background comes first, and the
    threshold is not used.
    """
    if len(probabilities) > 1:
        return np.asarray(1 - probabilities[0], dtype=np.float32)
    t = min(max(threshold, 0.01), 0.99)
    p = probabilities[0]
    return np.asarray(p * (1 - t) / (p * (1 - t) + (1 - p) * t), dtype=np.float32)


def agreement(
    label: Mask, probabilities: Plane, garment: Plane, ignored: NDArray[np.bool_] | None = None
) -> Agreement:
    """Compare a label (h, w) uint8 class ids with a map (C, h, w) of the same size.

    `garment` is `garment_probability` of the map; `ignored` (h, w) is what nobody labelled, where
    the label is to have what is predicted (`fill_ignored`): no area counts it. Distances are shares
    of the square root of the label's area, areas shares of the label's area (of 1 % of the photo,
    if that is more).
    """
    known = np.ones(label.shape, dtype=np.bool_) if ignored is None else ~ignored
    filled, seen = label > 0, garment >= 0.5  # outlines are compared as they are
    inside, predicted = filled & known, seen & known
    area = max(float(inside.sum()), 0.01 * label.size)
    side = area**0.5
    counted = None if ignored is None else known
    histograms = probability_histograms(garment[None], inside.view(np.uint8), counted)
    own = probability_histograms(garment[None], predicted.view(np.uint8), counted)
    missing = (garment >= SURE) & known & ~inside
    extra = (garment <= 1 - SURE) & inside
    missing_size, missing_depth, missing_line = _largest(missing)
    extra_size, extra_depth, extra_line = _largest(extra)
    total = float(garment.sum(where=known))
    values = {
        "softmin": float(histograms.softmin()[0]),
        "model_dice": dice(inside, predicted),
        "boundary_iou": boundary_iou(filled, seen),
        "hd95": min(hd95(filled, seen) / side, 5.0),
        "assd": min(assd(filled, seen) / side, 5.0),
        "expected_dice": float(histograms.expected_dice()[0]),
        "own_expected_dice": float(own.expected_dice()[0]) if predicted.any() else 0.0,
        "band_entropy": band_entropy(garment),
        "area_ratio": float(
            np.log((inside.sum() + 0.005 * label.size) / (total + 0.005 * label.size))
        ),
        "model_share": total / label.size,
        "mean_inside": float(garment[inside].mean()) if inside.any() else 0.0,
        "missing_total": float(missing.sum()) / area,
        "extra_total": float(extra.sum()) / area,
        "missing_largest": missing_size / area,
        "extra_largest": extra_size / area,
        "missing_depth": missing_depth / side,
        "extra_depth": extra_depth / side,
        **_by_height(inside, missing, extra, area),
        "missing_one_sided": _one_sided(inside, missing),
        **_classes(label, probabilities, known),
    }
    return Agreement(values, missing_line, extra_line, _undecided(garment, known, side))


def band_entropy(garment: Plane) -> float:
    """Mean entropy in nats within 3 px of the predicted outline; 0 sure, 0.69 not at all.

    0 if nothing is predicted.
    """
    predicted = (garment >= 0.5).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    band = cv2.dilate(predicted, kernel) != cv2.erode(predicted, kernel)
    p = np.clip(garment[band], 1e-6, 1 - 1e-6)
    return float(-(p * np.log(p) + (1 - p) * np.log(1 - p)).mean()) if p.size else 0.0


def _largest(parts: NDArray[np.bool_]) -> tuple[float, float, NDArray[np.float64] | None]:
    """Area, greatest depth and outline of the part with the most area times depth.

    Depth counts, because a long seam one pixel wide is a matter of resolution and no fault.
    """
    if not parts.any():
        return 0.0, 0.0, None
    binary = parts.view(np.uint8)
    depth = cv2.distanceTransform(np.pad(binary, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=4)
    deepest = np.zeros(count, dtype=np.float32)
    np.maximum.at(deepest, labels[parts].astype(np.int64), depth[parts])
    weight = stats[:, cv2.CC_STAT_AREA] * deepest
    weight[0] = -1
    winner = int(weight.argmax())
    lines, _ = cv2.findContours(
        (labels == winner).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    line = cv2.approxPolyDP(max(lines, key=len), 0.7, True)[:, 0].astype(np.float64)
    return float(stats[winner, cv2.CC_STAT_AREA]), float(deepest[winner]), line


def _undecided(garment: Plane, known: NDArray[np.bool_], side: float) -> NDArray[np.float64] | None:
    """Wider than the band that every soft outline has."""
    unsure = (garment > 1 - SURE) & (garment < SURE) & known
    widest = disc(max(2, round(_WIDE * side)))
    wide = cv2.morphologyEx(unsure.astype(np.uint8), cv2.MORPH_OPEN, widest)
    return _largest(wide > 0)[2]


def _by_height(
    inside: NDArray[np.bool_], missing: NDArray[np.bool_], extra: NDArray[np.bool_], area: float
) -> dict[str, float]:
    _, top, _, height = cv2.boundingRect((inside | missing).view(np.uint8))
    edges = np.linspace(top, top + height, _BANDS + 1).round().astype(int)
    values = {}
    for name, start, end in zip(("top", "middle", "bottom"), edges[:-1], edges[1:], strict=True):
        values[f"missing_{name}"] = float(missing[start:end].sum()) / area
        values[f"extra_{name}"] = float(extra[start:end].sum()) / area
    return values


def _one_sided(inside: NDArray[np.bool_], missing: NDArray[np.bool_]) -> float:
    """How much of what is missing lies on one side of the label's middle: 0 even, 1 all."""
    if not (inside.any() and missing.any()):
        return 0.0
    middle = int(np.median(np.nonzero(inside)[1]))
    left, right = float(missing[:, :middle].sum()), float(missing[:, middle:].sum())
    return abs(left - right) / max(left + right, 1.0)


def _classes(label: Mask, probabilities: Plane, known: NDArray[np.bool_]) -> dict[str, float]:
    """Share of the label's pixels whose class the model shares, and the worst class's Dice.

    NaN for one label only: there is no class to be wrong about.
    """
    inside = (label > 0) & known
    if len(probabilities) == 1 or not inside.any():
        return {"class_agreement": float("nan"), "worst_class_dice": float("nan")}
    named = probabilities[1:].argmax(axis=0) + 1
    found = np.where(probabilities[0] < 0.5, named, 0)
    worst = min(dice((label == k) & known, (found == k) & known) for k in class_ids(label[inside]))
    return {
        "class_agreement": float((named[inside] == label[inside]).mean()),
        "worst_class_dice": worst,
    }
