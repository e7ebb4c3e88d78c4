"""Whose fault it is where label and model dispute a part of the photo: the label's, the model's,
or that of a photo without contrast there.

The photo has the last word: the part's own colours, the edges on either side of it, how sure the
model is and what is learnt of outlines that are off. A back hem that shows below the front has
edges on both sides, and no outline is off; it lies below all that the label has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from active_learning.risk.label_risk import STRANGER
from active_learning.signals.arc_signals import ARC_SIGNALS
from active_learning.signals.disputes import Dispute
from active_learning.signals.label_signals import MeasuredLabel
from hemline.reasons import Region

# Log odds that the label is wrong about a part: logistic regression on the parts of 134 drawn
# scenes, three in five of them hard cases, with right labels and with planted faults (decision 35).
_EDGE = 1.2  # of log(1 + ΔE00 across the model's outline)
_SURE = 0.4  # of the log odds that the model gives its own side
_OFF = 5.4  # of the mean probability that the label's outline is off along the part
_ALIKE = 2.7  # of how much the part's colours speak for the model's side, -0.5 to 0.5
_BELOW = 3.4  # for a part that is missing below the label
_SHIFT = -8.9
_LIKELY_OFF = 0.3  # where the label has no outline along the part
_LIKELY_EDGE = 8.0  # ΔE00 where the model has none
_LOWEST = 0.9  # of the label's height: a part with its middle below is a hem's
FAINT = 8.0  # ΔE00 across a right outline below which the photo is to blame
_DISPUTED = 0.02  # share of the label's area from which a dispute is worth a word
_LITTLE = 0.25  # of what is the fault of others: a label with less is cleared, if that is little
_NEXT_TO_NOTHING = 0.1  # of what is the fault of others: a label with less is cleared
_MUCH = 0.04  # share of the label's area that is wrong: enough whatever else is thought of it
_MISTAKEN = 0.06  # share of the label's area that a model is wrong about for the photo to be hard
_STRETCH = 0.05  # share of the outline without contrast that is worth a word in a dispute
_SAME = 0.75  # both sides at least this probable are one thing to the model


@dataclass(frozen=True)
class Blame:
    """How much of what label and model dispute is the `label`'s fault, that of a photo without
    `contrast`, and the `model`'s, as shares of the label's area; and where: the largest part of
    each. `below`: the label's largest part is a strip below its hem. `faint` is the share of the
    label's outline without contrast, but for where it is the label that is wrong."""

    label: float = 0.0
    contrast: float = 0.0
    model: float = 0.0
    wrong: Region | None = None
    pale: Region | None = None
    missed: Region | None = None
    below: bool = False
    faint: float = 0.0

    @property
    def total(self) -> float:
        """All that label and model dispute, as a share of the label's area."""
        return self.label + self.contrast + self.model

    @property
    def clears_label(self) -> bool:
        """Whether so little is the label's fault that what speaks against it is explained."""
        others = self.contrast + self.model
        least = max(min(_LITTLE * others, _DISPUTED), _NEXT_TO_NOTHING * others)
        return others >= _DISPUTED and self.label < least

    @property
    def convicts_label(self) -> bool:
        """Whether so much is the label's fault that it needs no more to speak against it."""
        return self.label >= _MUCH and self.label >= (self.contrast + self.model) / 2

    @property
    def lacks_contrast(self) -> bool:
        """Whether a photo without contrast is a reason why label and model differ."""
        return self.contrast >= _DISPUTED or (self.total >= _DISPUTED and self.faint >= _STRETCH)

    @property
    def puzzles_model(self) -> bool:
        """Whether the model is wrong about what can be seen."""
        return self.model >= _MISTAKEN and self.model >= max(self.label, self.contrast)


def share_blame(signals: MeasuredLabel, point_risks: NDArray[np.float64]) -> Blame | None:
    """The blame for what label and model dispute; None where there is no model, and where the two
    have so little in common that edges say nothing: those of an inverted mask are perfect.

    Args:
        point_risks: probability (N,) that the label's outline is off at each of its points.
    """
    if not signals.values["model_dice"] >= STRANGER or signals.whole is None:  # NaN: no model
        return None
    shares = {"label": 0.0, "contrast": 0.0, "model": 0.0}
    largest: dict[str, tuple[float, Dispute]] = {}
    judged = np.full(len(signals.arcs), np.nan)
    for part in signals.disputes:
        wrong = label_is_wrong(part, point_risks, signals.whole)
        judged[part.along] = wrong
        other = "contrast" if part.at_label < FAINT else "model"
        for whose, share in (("label", wrong), (other, 1 - wrong)):
            size = share * part.size
            shares[whose] += size
            if share >= 0.5 and size > largest.get(whose, (0.0, part))[0]:
                largest[whose] = size, part
    where = {whose: _region(part) for whose, (_, part) in largest.items()}
    at_hem = largest.get("label")
    return Blame(
        **shares,
        wrong=where.get("label"),
        pale=where.get("contrast"),
        missed=where.get("model"),
        below=at_hem is not None and _is_below(at_hem[1], signals.whole),
        faint=_faint(signals, judged),
    )


def label_is_wrong(
    part: Dispute, point_risks: NDArray[np.float64], whole: NDArray[np.float64]
) -> float:
    """Probability that the label is wrong about a part and the model right, 0..1.

    Args:
        whole: corners (4, 2) x, y of the box around the label.
    """
    off = float(point_risks[part.along].mean()) if len(part.along) else _LIKELY_OFF
    edge = part.at_model if np.isfinite(part.at_model) else _LIKELY_EDGE
    sure = min(part.sure, 0.995)
    side = 1 if part.missing else -1
    odds = (
        _SHIFT
        + _EDGE * np.log1p(edge)
        + _SURE * np.log(sure / (1 - sure))
        + _OFF * off
        + _ALIKE * side * (part.alike - 0.5)
        + _BELOW * _is_below(part, whole)
    )
    return float(1 / (1 + np.exp(-odds)))


def _faint(signals: MeasuredLabel, judged: NDArray[np.float64]) -> float:
    """Share of the outline's points without contrast, but for those along parts that the label is
    wrong about by `judged` (N,), and those where the model is sure of one thing on both sides and
    no part says whose fault that is (NaN)."""
    if not len(signals.arcs):
        return 0.0
    contrast, inner, outer = (
        signals.arcs[:, ARC_SIGNALS.index(name)]
        for name in ("contrast_close", "probability_-0.04", "probability_0.04")
    )
    same = (np.minimum(inner, outer) > _SAME) | (np.maximum(inner, outer) < 1 - _SAME)
    told = np.where(np.isnan(judged), same, judged >= 0.5)
    return float(((contrast < FAINT) & ~told).mean())


def _is_below(part: Dispute, whole: NDArray[np.float64]) -> bool:
    top, bottom = float(whole[:, 1].min()), float(whole[:, 1].max())
    middle = float(part.line[:, 1].min() + part.line[:, 1].max()) / 2
    return part.missing and middle > top + _LOWEST * (bottom - top)


def _region(part: Dispute) -> Region:
    points: Sequence[Sequence[float]] = part.line.tolist()
    return Region("polygon", [[round(x, 1), round(y, 1)] for x, y in points])
