"""Looks as the store keeps them: numbers by name, and where to look as points."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from active_learning.label_features import Look
from active_learning.reasons import Findings, Region
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.signals.garment_views import ViewSignals

VERSION = 1  # of the signals; a higher one has everything computed anew

_COMPLEXITY = "complexity_{}"
_VIEW = ("view_lightness", "view_a", "view_b", "view_height", "view_area")
_NAN = float("nan")
Json = dict[str, Any]


def look_values(look: Look) -> Json:
    """The numbers of a look; what is unknown becomes null in the database."""
    row = {} if look.row is None else dict(zip(RISK_SIGNALS, map(float, look.row), strict=True))
    findings = look.findings
    return {
        **row,
        "low_contrast": findings.low_contrast,
        "fixed_risk": look.fixed_risk,
        **{_COMPLEXITY.format(k): value for k, value in enumerate(findings.complexity)},
        **_view_values(look.view),
    }


def look_regions(look: Look) -> Json:
    """Where to look, and what to say of it."""
    findings = look.findings
    return {
        "wrong": _region(findings.wrong),
        "wrong_sentence": findings.wrong_sentence,
        "pale": _region(findings.pale),
        "undecided": _region(findings.undecided),
        "thin": _region(findings.thin),
        "whole": _region(findings.whole),
        "note": look.note,
        "excused": findings.excused,
    }


def read_look(values: Mapping[str, Any], regions: Mapping[str, Any]) -> Look:
    """The look that `look_values` and `look_regions` wrote. Numbers that are missing are NaN."""
    has_row = any(values.get(name) is not None for name in RISK_SIGNALS)
    row = np.array([_number(values, name) for name in RISK_SIGNALS], dtype=np.float32)
    complexity: list[float] = []
    while (name := _COMPLEXITY.format(len(complexity))) in values:
        complexity.append(_number(values, name))
    findings = Findings(
        risk=0.0,
        low_contrast=_number(values, "low_contrast"),
        distance=_NAN,
        complexity=tuple(complexity),
        wrong=_read_region(regions.get("wrong")),
        wrong_sentence=str(regions.get("wrong_sentence") or ""),
        pale=_read_region(regions.get("pale")),
        excused=bool(regions.get("excused")),
        undecided=_read_region(regions.get("undecided")),
        thin=_read_region(regions.get("thin")),
        whole=_read_region(regions.get("whole")),
    )
    return Look(
        row if has_row else None, findings, fixed_risk=values.get("fixed_risk"),
        note=str(regions.get("note") or ""), view=read_view(values),
    )  # fmt: skip


def read_view(values: Mapping[str, Any]) -> ViewSignals | None:
    """What a stored look has to say of its garment; None for an empty mask."""
    lightness, a, b, height, area = (_number(values, name) for name in _VIEW)
    if not all(map(math.isfinite, (lightness, a, b, height, area))):
        return None
    return ViewSignals((lightness, a, b), height, area)


def _view_values(view: ViewSignals | None) -> Json:
    numbers = [None] * len(_VIEW) if view is None else [*view.colour, view.height, view.area]
    return dict(zip(_VIEW, numbers, strict=True))


def _region(region: Region | None) -> Json | None:
    return None if region is None else {"kind": region.kind, "points": region.points}


def _read_region(stored: Any) -> Region | None:
    if not isinstance(stored, Mapping) or not stored.get("points"):
        return None
    return Region(str(stored.get("kind")), stored["points"])


def _number(values: Mapping[str, Any], name: str) -> float:
    value = values.get(name)
    return _NAN if value is None else float(value)
