"""Why an image needs a person: four reasons, several at once, each with its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from active_learning.risk.label_risk import worst_arc
from active_learning.signals.arc_signals import ARC_SIGNALS
from active_learning.signals.garment_views import USUAL_VIEW, Oddness
from active_learning.signals.label_signals import LabelSignals

RISKY = 0.3  # label risk worth a person's look: three times that of any label
_LOW_CONTRAST = 6.0  # ΔE00
_SURE_SAME = 0.75  # both sides of the outline at least this probable are one thing to the model
_LEAST_ARC = 0.04  # share of the outline that must lack contrast to be worth a word
_EXTREME = 90.0  # percentile of the project from which a number stands out
_ENOUGH = 10  # images below which a percentile says nothing
_EXCUSED = 0.8  # share of the worst stretch that must lack contrast for it to be no fault
_PLAIN = 0.3  # mean probability of a stretch below which the outline is not what is wrong
_OF_MODEL = 3  # the first numbers of complexity are the model's, the others the outline's
_ACROSS = {f"probability_{look:g}" for look in (-0.08, -0.04, -0.02, 0.0, 0.02, 0.04, 0.08)}
_FAR = 1.5  # times the median distance to the nearest labels: data is thin there
_FARTHEST = 5.0  # times the usual distance above which a number says nothing more

Points = list[list[float]]


class Reason(Enum):
    """A reason's database value and its words for people."""

    BAD_GROUND_TRUTH = ("bad_ground_truth", "Bad ground truth")
    LOW_CONTRAST = ("low_contrast", "Low contrast")
    LIMITED_DATA = ("limited_data", "Limited data")
    TOO_COMPLICATED = ("too_complicated", "Too complicated")

    words: str

    def __new__(cls, value: str, words: str) -> "Reason":
        reason = object.__new__(cls)
        reason._value_ = value
        reason.words = words
        return reason


@dataclass(frozen=True)
class Region:
    """Where to look, in photo pixels: a closed "polygon" or an open "line" of x, y."""

    kind: str
    points: Points


@dataclass(frozen=True)
class Evidence:
    """One reason of one image: its number, what share of the project has a lower one, and where.

    `percentile` is 0..100, 50 for an image alone in its project.
    """

    reason: Reason
    number: float
    percentile: float
    sentence: str
    region: Region | None = None


@dataclass(frozen=True)
class Findings:
    """What the reasons of one image are decided from; None or NaN where unknown.

    `risk` of its label; `low_contrast` share of the outline where garment and background hardly
    part and the model does not say otherwise; `distance` of its embedding to the nearest others;
    `complexity` is the raw numbers whose mean percentile it is; `odd` how far the label is from
    those of the garment's other views (signals.garment_views). `excused`: only where the photo
    lacks contrast does anything speak against the label.

    Where to look: `wrong` and `pale` for bad ground truth and low contrast, `undecided` where the
    model cannot tell and `thin` where the label is thin for what is complicated, and the `whole`
    garment.
    """

    risk: float
    low_contrast: float
    distance: float
    complexity: tuple[float, ...]
    wrong: Region | None
    wrong_sentence: str
    pale: Region | None
    odd: Oddness = USUAL_VIEW
    excused: bool = False
    undecided: Region | None = None
    thin: Region | None = None
    whole: Region | None = None


def find(
    signals: LabelSignals,
    risk: float,
    point_risks: NDArray[np.float64],
    *,
    flip_dice: float = float("nan"),
    distance: float = float("nan"),
) -> Findings:
    """Gather one label's findings from its signals, its risk and its points' risks."""
    faint = _faint(signals)
    share, pale = _pale_arc(signals, faint)
    wrong, sentence, excused = _wrong_region(signals, point_risks, faint)
    value = signals.values.get
    return Findings(
        risk=risk,
        low_contrast=share,
        distance=distance,
        complexity=(
            1 - flip_dice,
            1 - value("own_expected_dice", float("nan")),
            value("band_entropy", float("nan")),
            value("texture_around", float("nan")),
            value("perimeter", float("nan")),
            value("thin_share", float("nan")),
        ),
        wrong=wrong,
        wrong_sentence=sentence,
        pale=pale,
        excused=excused,
        undecided=_undecided(signals),
        thin=_polygon(signals.thin),
        whole=_polygon(signals.whole),
    )


def reasons(findings: Sequence[Findings]) -> list[list[Evidence]]:
    """The reasons of each image of a project, its label's first, [] where nothing stands out."""
    risks = percentiles([item.risk for item in findings])
    pale = percentiles([item.low_contrast for item in findings])
    far = percentiles([item.distance for item in findings])
    ranks = _ranks(findings)
    hard = [float(value) for value in ranks.mean(axis=0)]
    hard_rank = percentiles(hard)
    known = [item.distance for item in findings if np.isfinite(item.distance)]
    usual = float(np.median(known)) if known else float("nan")
    enough = len(findings) >= _ENOUGH
    result = []
    for k, item in enumerate(findings):
        found: list[Evidence] = []
        # Views differ for good reasons: an odd one is never a reason against a label by itself.
        if item.risk >= RISKY and not item.excused:
            said = [item.wrong_sentence, item.odd.sentence if item.odd.is_odd else ""]
            sentence = "; ".join(filter(None, said))
            where = item.wrong or item.whole
            found.append(Evidence(Reason.BAD_GROUND_TRUTH, item.risk, risks[k], sentence, where))
        told = item.low_contrast >= 0.2 or (enough and pale[k] >= _EXTREME)
        told = told or (item.excused and item.risk >= RISKY)
        if item.low_contrast >= _LEAST_ARC and told:
            sentence = (
                f"along {item.low_contrast:.0%} of the outline garment and background differ by "
                f"less than {_LOW_CONTRAST:g} ΔE"
            )
            found.append(
                Evidence(Reason.LOW_CONTRAST, item.low_contrast, pale[k], sentence, item.pale)
            )
        rare = enough and far[k] >= _EXTREME and item.distance >= _FAR * usual
        if rare:
            times = item.distance / max(usual, 1e-9)
            much = f"{times:.1f}" if times <= _FARTHEST else f"more than {_FARTHEST:.0f}"
            sentence = f"{much} times farther than usual from similar photos"
            found.append(Evidence(Reason.LIMITED_DATA, item.distance, far[k], sentence, item.whole))
        if enough and hard_rank[k] >= _EXTREME and hard[k] >= 65 and not rare:
            sentence = "fine or busy outline and an unsure model, more than in most photos here"
            where = _complicated(item, ranks[:, k])
            found.append(Evidence(Reason.TOO_COMPLICATED, hard[k], hard_rank[k], sentence, where))
        result.append(found)
    return result


def percentiles(values: Sequence[float]) -> list[float]:
    """Share of the others that each value is above, ties half, in 0..100; 50 where it is NaN or
    has no others."""
    array = np.asarray(values, dtype=np.float64)
    known = np.sort(array[np.isfinite(array)])
    if len(known) < 2:
        return [50.0] * len(array)
    below = np.searchsorted(known, array, side="left")
    above = len(known) - np.searchsorted(known, array, side="right")
    share = 50.0 * (1 + (below - above) / (len(known) - 1))
    return [float(value) if np.isfinite(x) else 50.0 for value, x in zip(share, array, strict=True)]


def _ranks(findings: Sequence[Findings]) -> NDArray[np.float64]:
    """Percentiles (6, N) of the images' complexity numbers."""
    columns = zip(*(item.complexity for item in findings), strict=True)
    return np.array([percentiles(list(column)) for column in columns]).reshape(-1, len(findings))


def _complicated(item: Findings, ranks: NDArray[np.float64]) -> Region | None:
    """Where an image is too complicated: where the model cannot tell if that is what raised it
    most, else where the garment is thin; the whole of it where neither is known."""
    model, outline = ranks[:_OF_MODEL].mean(), ranks[_OF_MODEL:].mean()
    first, second = (item.undecided, item.thin)
    if outline > model:
        first, second = second, first
    return first or second or item.whole


def _undecided(signals: LabelSignals) -> Region | None:
    """Where the model cannot tell: a part of the photo, else the stretch of the outline along which
    it is least sure; None without a model."""
    if signals.undecided is not None and len(signals.undecided) > 2:
        return _polygon(signals.undecided)
    columns = [k for k, name in enumerate(ARC_SIGNALS) if name in _ACROSS]
    beside = signals.arcs[:, columns].astype(np.float64)
    known = np.isfinite(beside).all(axis=1)
    if not known.any():
        return None
    unsure = np.where(known, (4 * beside * (1 - beside)).mean(axis=1), 0.0)
    _, where = worst_arc(unsure, signals.piece, 0.1)
    return Region("line", _rounded(signals.points[where]))


def _polygon(points: NDArray[np.float64] | None) -> Region | None:
    return None if points is None else Region("polygon", _rounded(points))


def _faint(signals: LabelSignals) -> NDArray[np.bool_]:
    """Points (N,) of the outline without contrast that is the photo's doing.

    Where the model is sure of the same thing on both sides it is the outline that is off, and the
    lack of contrast is no excuse.
    """
    contrast, inner, outer = (
        signals.arcs[:, ARC_SIGNALS.index(name)]
        for name in ("contrast_close", "probability_-0.04", "probability_0.04")
    )
    same = (np.minimum(inner, outer) > _SURE_SAME) | (np.maximum(inner, outer) < 1 - _SURE_SAME)
    # NaN, at the photo's border, is not without contrast.
    return np.asarray((contrast < _LOW_CONTRAST) & ~same, dtype=np.bool_)


def _pale_arc(signals: LabelSignals, faint: NDArray[np.bool_]) -> tuple[float, Region | None]:
    """Share of the outline without contrast, and its longest stretch."""
    share = float(faint.mean()) if len(faint) else 0.0
    if share < _LEAST_ARC:
        return share, None
    _, where = worst_arc(faint.astype(np.float64), signals.piece, min(share, 0.5))
    return share, Region("line", _rounded(signals.points[where]))


def _wrong_region(
    signals: LabelSignals, point_risks: NDArray[np.float64], faint: NDArray[np.bool_]
) -> tuple[Region | None, str, bool]:
    """What to draw for a wrong label, what to say of it, and whether low contrast excuses it: the
    part that is missing or too much if the model is sure of one, else the worst arc."""
    missing, extra = (signals.values.get(f"{kind}_largest", 0.0) for kind in ("missing", "extra"))
    side = "missing" if not extra > missing else "extra"
    part, size = (signals.missing, missing) if side == "missing" else (signals.extra, extra)
    depth = signals.values.get(f"{side}_depth", 0.0)
    if part is not None and len(part) > 2 and size >= 0.01 and depth >= 0.03:
        said = (
            f"the model is sure of a part that the mask leaves out, {size:.1%} of its area"
            if side == "missing"
            else f"the mask takes in a part that the model is sure is none, {size:.1%} of its area"
        )
        return Region("polygon", _rounded(part)), said, False
    if not len(point_risks):
        return None, "the mask does not fit the photo", False
    mean, where = worst_arc(point_risks, signals.piece, 0.1)
    agreed = signals.values.get("model_dice", float("nan"))
    if mean < _PLAIN and agreed < 0.8:
        return None, f"mask and prediction agree by a Dice of {agreed:.2f} only", False
    elsewhere, _ = worst_arc(np.where(faint, 0.0, point_risks), signals.piece, 0.1)
    excused = bool(faint[where].mean() >= _EXCUSED) and elsewhere < _PLAIN
    said = (
        f"a stretch of the outline is off with a probability of {mean:.0%}"
        if mean >= _PLAIN
        else "the mask as a whole looks unusual; the outline is least certain along this stretch"
    )
    return Region("line", _rounded(signals.points[where])), said, excused


def _rounded(points: NDArray[np.float64]) -> Points:
    return [[round(float(x), 1), round(float(y), 1)] for x, y in points]
