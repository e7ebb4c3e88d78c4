"""One look at one label: its row of signals, what to say of it, and nothing heavier.

What is kept of an image is a few kilobytes, so that a project of any size is scored in the memory
of one photo.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.reasons import Findings, Region, find
from active_learning.risk.label_risk import (
    RISK_SIGNALS,
    RiskModel,
    least_risks,
    point_risks,
    risk_row,
    sigmoid,
)
from active_learning.signals.agreement import garment_probability
from active_learning.signals.frame import Mask, Photo, Plane, check_sizes
from active_learning.signals.garment_views import ViewSignals, view_signals
from active_learning.signals.label_signals import box_around, label_signals
from active_learning.signals.unlabelled import fill_ignored, ignored_at, ignored_pixels
from active_learning.signals.unusual import USUAL, unusual
from hemline.errors import MaskError
from hemline.masks.probability_map import check_probabilities

_FULL = 0.995  # share of the photo from which a mask has no outline worth the name
_GARMENT = 0.01  # share of the photo that the model must see to contradict an empty mask
_SOFTMIN = RISK_SIGNALS.index("softmin")
_EMPTY_UNSEEN, _FULL_UNSEEN = 0.5, 0.9  # risks where there is no model to ask


@dataclass(frozen=True)
class Look:
    """What is kept of one label.

    `row` (F,) holds the values of RISK_SIGNALS; None where the mask has no outline (empty, or the
    whole photo), and `fixed_risk` then says what its risk is. `note` is a sentence about what
    could not be looked at, "" where nothing was amiss. `view` is what the garment's other views
    are compared with; None for an empty mask.
    """

    row: NDArray[np.float32] | None
    findings: Findings
    fixed_risk: float | None = None
    note: str = ""
    view: ViewSignals | None = None


def look_at_label(
    photo: Photo,
    mask: Mask,
    probabilities: Plane | None,
    model: RiskModel,
    *,
    threshold: float = 0.5,
    flip_dice: float | None = None,
) -> Look:
    """Look at any label, an empty one and one that fills the photo among them.

    Probabilities that are NaN or out of range are left out, and the note says so.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8 class ids; 255 is what nobody labelled.
        probabilities: (C, h, w) in 0..1; None where there is no model.
        model: what tells where an outline is off.
        threshold: of the garment's probability, one label only.
        flip_dice: agreement of the photo's prediction with that of its mirror image.

    Raises:
        MaskError: the mask is not of the photo's size.
    """
    check_sizes(photo, mask)
    note = ""
    if probabilities is not None:
        try:
            check_probabilities(probabilities)
        except MaskError as error:
            probabilities, note = None, f"judged without the model: {error}"
    garment = None if probabilities is None else garment_probability(probabilities, threshold)
    ignored = ignored_pixels(mask)
    filled = fill_ignored(mask, ignored, garment)
    share = float(np.count_nonzero(filled) / mask.size)
    view = view_signals(photo, filled)
    if not 0 < share < _FULL:
        if garment is not None:
            garment = np.where(ignored_at(ignored, garment.shape), share > 0, garment)
        look = _without_outline(mask, garment, share > 0)
        return replace(look, note=note, view=view)
    signals = label_signals(photo, mask, probabilities, threshold=threshold)
    risks = point_risks(model.arcs, signals)
    flip = float("nan") if flip_dice is None else flip_dice
    findings = find(signals, 0.0, risks, flip_dice=flip)
    return Look(risk_row(signals, risks), findings, note=note, view=view)


def risks_of(looks: list[Look], model: RiskModel) -> list[float]:
    """Label risk of each look of one folder, 0..1: by a model, and by how unusual it is there."""
    risks = [look.fixed_risk or 0.0 for look in looks]
    drawn = [k for k, look in enumerate(looks) if look.row is not None]
    if drawn:
        rows = np.stack([row for look in looks if (row := look.row) is not None])
        above = unusual(rows[:, _SOFTMIN].tolist()) - USUAL
        odds = model.log_odds(rows) + model.slope * above
        for k, risk in zip(drawn, np.maximum(sigmoid(odds), least_risks(rows)), strict=True):
            risks[k] = float(risk)
    return risks


def _without_outline(mask: Mask, garment: Plane | None, full: bool) -> Look:
    """An empty mask, or one of the whole photo: there is only the model to hold against it."""
    photo = Region("polygon", box_around(np.ones_like(mask)).tolist()) if full else None
    what = "the mask covers the whole photo" if full else "the mask is empty"
    if garment is None:
        said = f"{what}, and there is no prediction to compare it with"
        return _fixed(_FULL_UNSEEN if full else _EMPTY_UNSEEN, photo, said)
    seen = garment >= 0.5
    share = float(seen.mean())
    sure = float(garment[seen].mean()) if seen.any() else 0.0
    if full:
        wrong = float(1 - garment.mean())
        return _fixed(
            min(max(wrong, 0.05), 0.98),
            photo,
            f"{what}, of which the model sees {share:.0%} as garment",
        )
    if share < _GARMENT:
        return _fixed(0.1, None, f"{what}, and the model sees no garment either")
    said = f"{what}, but the model sees a garment on {share:.0%} of the photo"
    return _fixed(min(0.5 + 0.48 * sure, 0.98), _outline(seen, mask), said)


def _fixed(risk: float, wrong: Region | None, sentence: str) -> Look:
    nothing = float("nan")
    findings = Findings(risk, 0.0, nothing, (nothing,) * 6, wrong, sentence, None, whole=wrong)
    return Look(None, findings, fixed_risk=risk)


def _outline(seen: NDArray[np.bool_], mask: Mask) -> Region:
    lines, _ = cv2.findContours(seen.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    line = max(lines, key=cv2.contourArea)[:, 0].astype(np.float64)
    scale = [mask.shape[1] / seen.shape[1], mask.shape[0] / seen.shape[0]]
    points = (line + 0.5) * scale
    return Region("polygon", [[round(float(x), 1), round(float(y), 1)] for x, y in points])
