"""Causes: why masks are bad, how often, since when, and what fixing each cause would be worth."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend.dashboard.charts.bars import Bar, bar_chart
from backend.dashboard.charts.canvas import Chart
from backend.dashboard.charts.lines import Series, line_chart
from backend.dashboard.frame import known_project, render_page
from backend.dashboard.words import count, percent
from backend.services import BackendServices
from hemline.masks.figures.statistics import Summary, summarise
from hemline.reasons import Reason
from hemline.store.reports.label_stats import (
    NEWEST,
    LabelCause,
    Week,
    grouped,
    label_causes,
    weeks_of_labels,
)
from hemline.store.reports.worth_a_look import worth_a_look

_WEEKS = 26
_TYPES = 30
_UNNAMED = "unknown"


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason: how many labels have it, and what they cost.

    `median_worth` and `mean_worth` are what the Dice of pre-fills would gain if the masks with
    this reason were like the others; None where no pre-fill was measured.
    """

    reason: Reason
    labels: int
    share_of_flagged: float | None
    share_of_all: float
    median_dice: float | None
    median_worth: float | None
    mean_worth: float | None


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.get("/<int:project>/causes")
    def causes(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.reading() as session:
            labels = label_causes(session, row.id)
            weeks = weeks_of_labels(session, row.id, _WEEKS)
            worth = worth_a_look(session, row.id)
        flagged = [label for label in labels if label.reasons]
        measured = [label.dice for label in labels if label.dice is not None]
        return render_page(
            "dashboard/causes.html",
            project=row,
            labels=len(labels),
            is_cut=len(labels) == NEWEST,
            flagged=len(flagged),
            worth=worth,
            summary=summarise(measured) if measured else None,
            causes=[_cause(reason, labels, len(flagged)) for reason in Reason],
            together=_together(flagged),
            over_time=_over_time(weeks),
            types=_by_type(labels),
            reasons=Reason,
        )


def _cause(reason: Reason, labels: Sequence[LabelCause], flagged: int) -> Cause:
    those = [label for label in labels if reason in label.reasons]
    everything, others = _dice(labels), _dice([x for x in labels if reason not in x.reasons])
    worth: tuple[float | None, float | None] = (None, None)
    if len(others) and len(everything):
        worth = (
            float(np.median(others) - np.median(everything)),
            float(others.mean() - everything.mean()),
        )
    return Cause(
        reason=reason,
        labels=len(those),
        share_of_flagged=len(those) / flagged if flagged else None,
        share_of_all=len(those) / len(labels) if labels else 0.0,
        median_dice=float(np.median(_dice(those))) if len(_dice(those)) else None,
        median_worth=worth[0],
        mean_worth=worth[1],
    )


def _dice(labels: Sequence[LabelCause]) -> Any:
    return np.array([label.dice for label in labels if label.dice is not None], np.float64)


def _together(flagged: Sequence[LabelCause]) -> Chart | None:
    """How often which reasons come together: every set that occurs, the most frequent first."""
    if not flagged:
        return None
    sets = Counter(label.reasons for label in flagged)
    bars = [
        Bar(
            " + ".join(reason.words.lower() for reason in Reason if reason in reasons),
            number,
            f"{count(number)} ({percent(number / len(flagged))})",
        )
        for reasons, number in sets.most_common()
    ]
    return bar_chart("Reasons alone and together", bars, columns=("Reasons", "Labels"))


def _over_time(weeks: Sequence[Week]) -> Chart | None:
    """Share of each week's labels that have each reason."""
    if not any(sum(week.reasons.values()) for week in weeks):
        return None
    shares = {reason: [week.reasons[reason] / week.labels for week in weeks] for reason in Reason}
    table = [
        (
            f"{week.begins:%Y-%m-%d}",
            count(week.labels),
            *(percent(shares[reason][place]) for reason in Reason),
        )
        for place, week in enumerate(weeks)
    ]
    return line_chart(
        "Share of each week's labels that have the reason",
        [f"{week.begins:%d %b}" for week in weeks],
        [Series(reason.words, shares[reason]) for reason in Reason],
        over="week",
        write=percent,
        size=(780.0, 260.0),
        rows=(("Week from", "Labels", *(reason.words for reason in Reason)), table),
    )


def _by_type(labels: Sequence[LabelCause]) -> list[tuple[str, int, list[float], Summary | None]]:
    """Garment type, its labels, share of them with each reason, and the Dice of its pre-fills."""
    types = grouped(labels, lambda label: label.garment_type or _UNNAMED)
    rows = []
    for name, those in sorted(types.items(), key=lambda item: -len(item[1]))[:_TYPES]:
        shares = [sum(reason in x.reasons for x in those) / len(those) for reason in Reason]
        dice = _dice(those)
        rows.append((name, len(those), shares, summarise(dice) if len(dice) else None))
    return rows
