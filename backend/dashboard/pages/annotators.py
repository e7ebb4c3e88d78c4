"""Annotators: how much each person changes, how long it takes, how far they agree."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import known_project, render_page
from backend.dashboard.pages.agreement import AnnotatorAgreement, Comparisons
from backend.services import BackendServices
from hemline.masks.figures.work_times import TimeSaved
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.effort.anchoring import anchoring
from hemline.store.effort.in_words import effort_in_words
from hemline.store.effort.left_blank import left_blank
from hemline.store.reports.edit_effort import Savings, savings, worked_labels
from hemline.store.reports.label_stats import NEWEST, LabelWork, label_work
from hemline.store.review.blind_twins import count_waiting_twins, twin_agreements
from hemline.store.review.returned import count_returns

_FAST = 0.25  # of the median time of a mask that was changed
_WEAK = 0.25  # the lowest quarter of what was expected of pre-fills
_SHOWN = 25
_WEEKS = 8


@dataclass(frozen=True, slots=True)
class Annotator:
    """What one person did among the newest labels. Medians are None where nothing was measured."""

    name: str
    labels: int
    untouched_share: float | None  # of those with a pre-fill
    clicked_share: float | None  # of those with a pre-fill, corrected with clicks alone
    median_clicks: float | None  # and boxes, where there were any
    median_dice: float | None  # of the pre-fill with what the person made of it
    median_seconds: float | None
    stamps: int
    agreement: float | None
    pairs: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts as a rubber stamp; None where too little is known to say."""

    seconds: float | None
    expected: float | None


def register(blueprint: Blueprint, services: BackendServices) -> None:
    comparisons = Comparisons(ArtifactStore(services.settings.artifacts))

    @blueprint.get("/<int:project>/annotators")
    def annotators(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.reading() as session:
            work = label_work(session, row.id)
            saved = savings(worked_labels(session, row.id, NEWEST))
            blank = left_blank(session, row.id)
            anchored = anchoring(session, row.id, NEWEST)
            returns = count_returns(session, row.id)
            twins = twin_agreements(session, row.id)
            twins_waiting = count_waiting_twins(session, row.id)
        agreement = comparisons.agreement(work)
        limits = stamp_limits(work)
        stamps = [label for label in work if is_stamp(label, limits)]
        return render_page(
            "dashboard/annotators.html",
            project=row,
            labels=len(work),
            is_cut=len(work) == NEWEST,
            annotators=_people(work, stamps, agreement),
            agreement=agreement,
            limits=limits,
            returns=returns,
            twins=twins,
            twins_waiting=twins_waiting,
            saved=saved,
            saved_rows=_saved_rows(saved),
            effort=effort_in_words(row, blank, saved, anchored),
            stamps=stamps[:_SHOWN],
            stamps_total=len(stamps),
        )


def stamp_limits(work: Sequence[LabelWork]) -> Limits:
    """A quarter of the median time of changed masks, and the lower quartile of expected Dice."""
    seconds = [x.lead_time_s for x in work if x.lead_time_s is not None and not x.untouched]
    expected = [x.expected for x in work if x.expected is not None]
    return Limits(
        seconds=_FAST * float(np.median(seconds)) if seconds else None,
        expected=float(np.quantile(expected, _WEAK)) if expected else None,
    )


def is_stamp(label: LabelWork, limits: Limits) -> bool:
    """Accepted untouched, fast, and on a pre-fill that was expected to be weak."""
    return (
        label.untouched
        and label.lead_time_s is not None
        and label.expected is not None
        and limits.seconds is not None
        and limits.expected is not None
        and label.lead_time_s <= limits.seconds
        and label.expected <= limits.expected
    )


def _saved_rows(saved: Savings) -> list[tuple[str, TimeSaved]]:
    """All, the newest weeks, then garment types and people."""
    if saved.total is None:
        return []
    weeks = list(saved.weeks.items())[-_WEEKS:]
    return [
        ("all", saved.total),
        *((f"week of {week:%Y-%m-%d}", own) for week, own in reversed(weeks)),
        *saved.garment_types.items(),
        *saved.annotators.items(),
    ]


def _people(
    work: Sequence[LabelWork], stamps: Sequence[LabelWork], agreement: AnnotatorAgreement
) -> list[Annotator]:
    """Everybody, those with the most labels first."""
    by_name: dict[str, list[LabelWork]] = defaultdict(list)
    for label in work:
        by_name[label.annotator].append(label)
    people = []
    for name, labels in by_name.items():
        seen = [label for label in labels if label.expected is not None]
        together = agreement.by_annotator.get(name, [])
        people.append(
            Annotator(
                name=name,
                labels=len(labels),
                untouched_share=sum(x.untouched for x in seen) / len(seen) if seen else None,
                clicked_share=sum(x.clicked for x in seen) / len(seen) if seen else None,
                median_clicks=_median([float(x.clicks) for x in labels if x.clicks]),
                median_dice=_median([x.dice for x in labels]),
                median_seconds=_median([x.lead_time_s for x in labels]),
                stamps=sum(stamp.annotator == name for stamp in stamps),
                agreement=float(np.mean(together)) if together else None,
                pairs=len(together),
            )
        )
    return sorted(people, key=lambda person: (-person.labels, person.name))


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
