"""What is kept of one label or predicted mask: what its risk and its reasons are decided from.

A few kilobytes an image, so that a project of any size is scored in the memory of one photo.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.blame import Blame, share_blame
from active_learning.checks.look import CheckFigure
from active_learning.checks.mask_checks import check_mask
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
from active_learning.signals.label_signals import MeasuredLabel, box_around, label_signals
from active_learning.signals.unlabelled import fill_ignored, ignored_at, ignored_pixels
from active_learning.signals.unusual import USUAL, unusual
from active_learning.where_to_look import (
    faint_points,
    pale_arc,
    polygon,
    undecided_region,
    wrong_region,
)
from hemline.errors import MaskError
from hemline.masks.codecs.probability_map import check_probabilities
from hemline.reasons import MaskCheck, Region

COMPLEXITY = 6  # numbers that say how complicated an image is
_FULL = 0.995  # share of the photo from which a mask has no outline worth the name
_GARMENT = 0.01  # share of the photo that the model must see to contradict an empty mask
_SOFTMIN = RISK_SIGNALS.index("softmin")
_EMPTY_UNSEEN, _FULL_UNSEEN = 0.5, 0.9  # risks where there is no model to ask
_NAN = float("nan")

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class LabelFeatures:
    """What is kept of one label; NaN or None where it is not known.

    `row` (F,) holds the values of RISK_SIGNALS; None where the mask has no outline (empty, or the
    whole photo), and `fixed_risk` then says what its risk is. `low_contrast` is the share of the
    outline where garment and background hardly part and the model does not say otherwise, and
    `complexity` the COMPLEXITY numbers of which the mean percentile counts. `excused`: only where
    the photo lacks contrast does anything speak against the label.

    Where to look: `wrong`, with its sentence, and `pale` for bad ground truth and low contrast,
    `undecided` where the model cannot tell and `thin` where the label is thin for what is
    complicated, and the `whole` garment.

    `note` is a sentence about what could not be looked at, "" where nothing was amiss. `view` is
    what the garment's other views are compared with; None for an empty mask. `checks` are those of
    the mask in its photo; none where the mask has no outline. `blame` is for what label and model
    dispute; None where there is no model or no outline.
    """

    row: Rows | None = None
    fixed_risk: float | None = None
    low_contrast: float = 0.0
    complexity: tuple[float, ...] = (_NAN,) * COMPLEXITY
    wrong: Region | None = None
    wrong_sentence: str = ""
    pale: Region | None = None
    excused: bool = False
    undecided: Region | None = None
    thin: Region | None = None
    whole: Region | None = None
    note: str = ""
    view: ViewSignals | None = None
    checks: Mapping[MaskCheck, CheckFigure] = field(default_factory=dict)
    blame: Blame | None = None


def label_features(
    photo: Photo,
    mask: Mask,
    probabilities: Plane | None,
    model: RiskModel,
    *,
    threshold: float = 0.5,
    flip_dice: float | None = None,
) -> LabelFeatures:
    """The features of any label, an empty one and one that fills the photo among them.

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
        features = _without_outline(mask, garment, share > 0)
        return replace(features, note=note, view=view)
    signals = label_signals(photo, mask, probabilities, threshold=threshold)
    risks = point_risks(model.arcs, signals)
    flip = _NAN if flip_dice is None else flip_dice
    features = features_of(signals, risks, flip_dice=flip)
    return replace(features, note=note, view=view, checks=check_mask(photo, filled))


def features_of(
    signals: MeasuredLabel, risks: NDArray[np.float64], *, flip_dice: float = _NAN
) -> LabelFeatures:
    """The features of a label with an outline, from its signals and its points' risks (N,)."""
    faint = faint_points(signals)
    share, pale = pale_arc(signals, faint)
    wrong, sentence, excused = wrong_region(signals, risks, faint)
    value = signals.values.get
    return LabelFeatures(
        row=risk_row(signals, risks),
        low_contrast=share,
        complexity=(
            1 - flip_dice,
            1 - value("own_expected_dice", _NAN),
            value("band_entropy", _NAN),
            value("texture_around", _NAN),
            value("perimeter", _NAN),
            value("thin_share", _NAN),
        ),
        wrong=wrong,
        wrong_sentence=sentence,
        pale=pale,
        excused=excused,
        undecided=undecided_region(signals),
        thin=polygon(signals.thin),
        whole=polygon(signals.whole),
        blame=share_blame(signals, risks),
    )


def risks_of(
    features: Sequence[LabelFeatures],
    log_odds: Callable[[Rows, NDArray[np.int64]], NDArray[np.float64]],
) -> list[float]:
    """Risk of each label, 0 surely right to 1 surely wrong: its fixed one, or else by its row.

    `log_odds` gives log odds (n,) for rows (n, F) of RISK_SIGNALS and the labels' indices (n,).
    """
    risks = [item.fixed_risk or 0.0 for item in features]
    rows = [(k, item.row) for k, item in enumerate(features) if item.row is not None]
    if rows:
        found = np.stack([row for _, row in rows])
        where = np.array([k for k, _ in rows], dtype=np.int64)
        likely = np.maximum(sigmoid(log_odds(found, where)), least_risks(found))
        for k, risk in zip(where.tolist(), likely, strict=True):
            risks[k] = float(risk)
    return risks


def risks_in_folder(features: Sequence[LabelFeatures], model: RiskModel) -> list[float]:
    """Label risk of all of one folder, 0..1: by a model, and by how unusual each is there."""

    def log_odds(rows: Rows, where: NDArray[np.int64]) -> NDArray[np.float64]:
        above = unusual(rows[:, _SOFTMIN].tolist()) - USUAL
        return np.asarray(model.log_odds(rows) + model.slope * above)

    return risks_of(features, log_odds)


def _without_outline(mask: Mask, garment: Plane | None, full: bool) -> LabelFeatures:
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


def _fixed(risk: float, wrong: Region | None, sentence: str) -> LabelFeatures:
    return LabelFeatures(fixed_risk=risk, wrong=wrong, wrong_sentence=sentence, whole=wrong)


def _outline(seen: NDArray[np.bool_], mask: Mask) -> Region:
    lines, _ = cv2.findContours(seen.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    line = max(lines, key=cv2.contourArea)[:, 0].astype(np.float64)
    scale = [mask.shape[1] / seen.shape[1], mask.shape[0] / seen.shape[0]]
    points = (line + 0.5) * scale
    return Region("polygon", [[round(float(x), 1), round(float(y), 1)] for x, y in points])
