"""A label's features as the store keeps them: numbers by name, and where to look as points."""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from active_learning.blame import Blame
from active_learning.checks.look import CheckBox, CheckFigure
from active_learning.checks.mask_checks import stands_out
from active_learning.label_features import COMPLEXITY, LabelFeatures
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.signals.garment_views import ViewSignals
from hemline.reasons import MaskCheck, Region

_COMPLEXITY = "complexity_{}"
_CHECK = "check_{}"
BOXES = "checks"  # among the regions: the box of each check that stands out
_VIEW = ("view_lightness", "view_a", "view_b", "view_height", "view_area")
_BLAME = ("blame_label", "blame_contrast", "blame_model", "blame_faint")
_NAN = float("nan")
Json = dict[str, Any]


def feature_values(features: LabelFeatures) -> Json:
    """The numbers; what is unknown becomes null in the database."""
    known = features.row
    row = {} if known is None else dict(zip(RISK_SIGNALS, map(float, known), strict=True))
    return {
        **row,
        "low_contrast": features.low_contrast,
        "fixed_risk": features.fixed_risk,
        **{_COMPLEXITY.format(k): value for k, value in enumerate(features.complexity)},
        **_view_values(features.view),
        **_blame_values(features.blame),
        **{_CHECK.format(check): found.number for check, found in features.checks.items()},
    }


def feature_regions(features: LabelFeatures) -> Json:
    """Where to look, and what to say of it."""
    return {
        "wrong": _region(features.wrong),
        "wrong_sentence": features.wrong_sentence,
        "pale": _region(features.pale),
        "undecided": _region(features.undecided),
        "thin": _region(features.thin),
        "whole": _region(features.whole),
        "note": features.note,
        "excused": features.excused,
        "blame": _blame_regions(features.blame),
        BOXES: {
            check.value: found.box.as_list()
            for check, found in features.checks.items()
            if found.box is not None and stands_out(check, found.number)
        },
    }


def read_features(values: Mapping[str, Any], regions: Mapping[str, Any]) -> LabelFeatures:
    """What `feature_values` and `feature_regions` wrote. Numbers that are missing are NaN."""
    has_row = any(values.get(name) is not None for name in RISK_SIGNALS)
    row = np.array([_number(values, name) for name in RISK_SIGNALS], dtype=np.float32)
    return LabelFeatures(
        row=row if has_row else None,
        fixed_risk=values.get("fixed_risk"),
        low_contrast=_number(values, "low_contrast"),
        complexity=tuple(_number(values, _COMPLEXITY.format(k)) for k in range(COMPLEXITY)),
        wrong=_read_region(regions.get("wrong")),
        wrong_sentence=str(regions.get("wrong_sentence") or ""),
        pale=_read_region(regions.get("pale")),
        excused=bool(regions.get("excused")),
        undecided=_read_region(regions.get("undecided")),
        thin=_read_region(regions.get("thin")),
        whole=_read_region(regions.get("whole")),
        note=str(regions.get("note") or ""),
        view=read_view(values),
        checks=_read_checks(values, regions.get(BOXES)),
        blame=_read_blame(values, regions.get("blame")),
    )


def read_view(values: Mapping[str, Any]) -> ViewSignals | None:
    """What stored values say of the garment; None for an empty mask."""
    lightness, a, b, height, area = (_number(values, name) for name in _VIEW)
    if not all(map(math.isfinite, (lightness, a, b, height, area))):
        return None
    return ViewSignals((lightness, a, b), height, area)


def _view_values(view: ViewSignals | None) -> Json:
    numbers = [None] * len(_VIEW) if view is None else [*view.colour, view.height, view.area]
    return dict(zip(_VIEW, numbers, strict=True))


def _blame_values(blame: Blame | None) -> Json:
    if blame is None:
        return dict.fromkeys(_BLAME)
    return dict(zip(_BLAME, (blame.label, blame.contrast, blame.model, blame.faint), strict=True))


def _blame_regions(blame: Blame | None) -> Json | None:
    if blame is None:
        return None
    return {
        "wrong": _region(blame.wrong),
        "pale": _region(blame.pale),
        "missed": _region(blame.missed),
        "below": blame.below,
    }


def _read_blame(values: Mapping[str, Any], regions: Any) -> Blame | None:
    label, contrast, model, faint = (_number(values, name) for name in _BLAME)
    if not all(map(math.isfinite, (label, contrast, model, faint))):
        return None
    where = regions if isinstance(regions, Mapping) else {}
    return Blame(
        label,
        contrast,
        model,
        _read_region(where.get("wrong")),
        _read_region(where.get("pale")),
        _read_region(where.get("missed")),
        bool(where.get("below")),
        faint,
    )


def _read_checks(values: Mapping[str, Any], boxes: Any) -> dict[MaskCheck, CheckFigure]:
    known = boxes if isinstance(boxes, Mapping) else {}
    return {
        check: CheckFigure(_number(values, name), _read_box(known.get(check.value)))
        for check in MaskCheck
        if (name := _CHECK.format(check)) in values
    }


def _read_box(stored: Any) -> CheckBox | None:
    if not isinstance(stored, list) or len(stored) != len(fields(CheckBox)):
        return None
    return CheckBox(*(int(value) for value in stored))


def _region(region: Region | None) -> Json | None:
    return None if region is None else region.as_json()


def _read_region(stored: Any) -> Region | None:
    if not isinstance(stored, Mapping) or not stored.get("points"):
        return None
    return Region(str(stored.get("kind")), stored["points"])


def _number(values: Mapping[str, Any], name: str) -> float:
    value = values.get(name)
    return _NAN if value is None else float(value)
