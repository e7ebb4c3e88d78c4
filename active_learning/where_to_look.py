"""Where on the photo a person should look, and what to say of it: one measured label at a time."""

import numpy as np
from numpy.typing import NDArray

from active_learning.risk.label_risk import worst_arc
from active_learning.signals.arc_signals import ARC_SIGNALS
from active_learning.signals.label_signals import MeasuredLabel
from hemline.reasons import Points, Region

LOW_CONTRAST = 6.0  # ΔE00
LEAST_ARC = 0.04  # share of the outline that must lack contrast to be worth a word
_SURE_SAME = 0.75  # both sides of the outline at least this probable are one thing to the model
_EXCUSED = 0.8  # share of the worst stretch that must lack contrast for it to be no fault
_PLAIN = 0.3  # mean probability of a stretch below which the outline is not what is wrong
_ACROSS = {f"probability_{look:g}" for look in (-0.08, -0.04, -0.02, 0.0, 0.02, 0.04, 0.08)}


def wrong_region(
    signals: MeasuredLabel, point_risks: NDArray[np.float64], faint: NDArray[np.bool_]
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
            else "the mask includes a part that the model is sure is background, "
            f"{size:.1%} of its area"
        )
        return Region("polygon", _rounded(part)), said, False
    if not len(point_risks):
        return None, "the mask does not fit the photo", False
    mean, where = worst_arc(point_risks, signals.piece, 0.1)
    agreed = signals.values.get("model_dice", float("nan"))
    if mean < _PLAIN and agreed < 0.8:
        return None, f"mask and prediction agree with a Dice of only {agreed:.2f}", False
    elsewhere, _ = worst_arc(np.where(faint, 0.0, point_risks), signals.piece, 0.1)
    excused = bool(faint[where].mean() >= _EXCUSED) and elsewhere < _PLAIN
    said = (
        f"a stretch of the outline is off with a probability of {mean:.0%}"
        if mean >= _PLAIN
        else "the mask as a whole looks unusual; the outline is least certain along this stretch"
    )
    return Region("line", _rounded(signals.points[where])), said, excused


def pale_arc(signals: MeasuredLabel, faint: NDArray[np.bool_]) -> tuple[float, Region | None]:
    """Share of the outline without contrast, and its longest stretch."""
    share = float(faint.mean()) if len(faint) else 0.0
    if share < LEAST_ARC:
        return share, None
    _, where = worst_arc(faint.astype(np.float64), signals.piece, min(share, 0.5))
    return share, Region("line", _rounded(signals.points[where]))


def undecided_region(signals: MeasuredLabel) -> Region | None:
    """Where the model cannot tell: a part of the photo, else the stretch of the outline along which
    it is least sure; None without a model."""
    if signals.undecided is not None and len(signals.undecided) > 2:
        return polygon(signals.undecided)
    columns = [k for k, name in enumerate(ARC_SIGNALS) if name in _ACROSS]
    beside = signals.arcs[:, columns].astype(np.float64)
    known = np.isfinite(beside).all(axis=1)
    if not known.any():
        return None
    unsure = np.where(known, (4 * beside * (1 - beside)).mean(axis=1), 0.0)
    _, where = worst_arc(unsure, signals.piece, 0.1)
    return Region("line", _rounded(signals.points[where]))


def faint_points(signals: MeasuredLabel) -> NDArray[np.bool_]:
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
    return np.asarray((contrast < LOW_CONTRAST) & ~same, dtype=np.bool_)


def polygon(points: NDArray[np.float64] | None) -> Region | None:
    return None if points is None else Region("polygon", _rounded(points))


def _rounded(points: NDArray[np.float64]) -> Points:
    return [[round(float(x), 1), round(float(y), 1)] for x, y in points]
