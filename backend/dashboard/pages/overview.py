"""Overview: is the model getting better, what runs now, and what needs a person today."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from backend.dashboard.charts.canvas import Chart
from backend.dashboard.charts.histogram import dice_histogram
from backend.dashboard.charts.lines import Series, line_chart
from backend.dashboard.frame import known_project, render_page
from backend.dashboard.pages.to_do import to_do
from backend.dashboard.words import count, dice, percent
from backend.services import BackendServices
from hemline.store.models.evaluations import waiting_candidate
from hemline.store.models.models import list_versions
from hemline.store.models.readiness import readiness
from hemline.store.reports.gold_wanted import gold_wanted
from hemline.store.reports.prefill_stats import (
    LeadTimes,
    PrefillCounts,
    VersionPrefills,
    lead_times,
)
from hemline.store.reports.status import count_tasks, failures, running
from hemline.store.reports.worth_a_look import worth_a_look
from hemline.store.states import ModelState
from hemline.store.tables.loop import ModelVersion

_WIDE = (780.0, 280.0)
_FULL = (1180.0, 230.0)
_NEWEST = 24  # versions in the chart


def register(blueprint: Blueprint, services: BackendServices) -> None:
    counts = PrefillCounts()

    @blueprint.get("/<int:project>")
    def overview(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.reading() as session:
            tasks = count_tasks(session, row.id)
            versions = {version.id: version for version in list_versions(session, row.id)}
            prefills = counts.by_version(session, row.id)
            times = lead_times(session, row.id)
            ready = readiness(
                session,
                row,
                retrain_after=services.settings.retrain_after,
                gold_minimum=services.settings.gold_minimum,
            )
            worth = worth_a_look(session, row.id)
            gold = gold_wanted(
                session,
                row,
                ready,
                gold_share=services.settings.gold_share,
                validation_share=services.settings.validation_share,
            )
            failed = failures(session, row.id, row.ls_project_id)
            now = running(session, row.id)
            waiting = waiting_candidate(session, row.id)
        chosen = _chosen(prefills, versions)
        champion = next((v for v in versions.values() if v.state is ModelState.CHAMPION), None)
        return render_page(
            "dashboard/overview.html",
            project=row,
            tasks=tasks,
            champion=champion,
            seen=[(versions[p.model_version_id], p) for p in prefills][-_NEWEST:],
            chosen=chosen,
            chosen_version=versions[chosen.model_version_id] if chosen else None,
            over_time=_over_time(prefills, versions),
            distribution=_distribution(chosen, versions),
            untouched=_untouched(prefills),
            times=_medians(times),
            ready=ready,
            gold=gold,
            to_do=to_do(
                row, tasks, worth, failed, gold, waiting, storage=services.storage.problem()
            ),
            now=now,
        )

    @blueprint.get("/<int:project>/running")
    def running_now(project: int) -> ResponseReturnValue:
        """What is running now, as a piece that the overview's script puts in its place."""
        row = known_project(services, project)
        with services.store.reading() as session:
            now = running(session, row.id)
        return render_page("dashboard/running.html", project=row, now=now)


def _chosen(
    prefills: Sequence[VersionPrefills], versions: dict[int, ModelVersion]
) -> VersionPrefills | None:
    """The version that is asked for by number, or the newest that people have corrected."""
    asked = request.args.get("version", "")
    for each in prefills:
        if str(versions[each.model_version_id].number) == asked:
            return each
    return prefills[-1] if prefills else None


def _over_time(
    prefills: Sequence[VersionPrefills], versions: dict[int, ModelVersion]
) -> Chart | None:
    if not prefills:
        return None
    shown = prefills[-_NEWEST:]
    summaries = [each.summary for each in shown]
    places = [f"v{versions[each.model_version_id].number}" for each in shown]
    table = [
        (
            place,
            f"{versions[each.model_version_id].created_at:%Y-%m-%d}",
            count(summary.n),
            dice(summary.median),
            dice(summary.mean),
            dice(summary.corrected_mean),
            count(len(summary.left_out)),
            percent(each.untouched_share),
        )
        for place, each, summary in zip(places, shown, summaries, strict=True)
    ]
    columns = (
        "Version",
        "Trained",
        "Masks",
        "Median",
        "Mean",
        "Corrected mean",
        "Confirmed bad",
        "Untouched",
    )
    lines = [
        Series(
            "median, 95 % interval",
            [s.median for s in summaries],
            intervals=[s.median_interval for s in summaries],
        ),
        Series("mean", [s.mean for s in summaries]),
    ]
    if any(summary.left_out for summary in summaries):
        corrected = [summary.corrected_mean for summary in summaries]
        lines.append(Series("mean without confirmed bad labels", corrected, is_dashed=True))
    return line_chart(
        "Dice of pre-fills with their corrections, by model version",
        places,
        lines,
        over="version",
        write=dice,
        size=_WIDE,
        rows=(columns, table),
    )


def _distribution(
    chosen: VersionPrefills | None, versions: dict[int, ModelVersion]
) -> Chart | None:
    if chosen is None:
        return None
    number = versions[chosen.model_version_id].number
    return dice_histogram(
        f"Dice of v{number}'s pre-fills: each mask once, outliers marked",
        chosen.dice,
        outliers=chosen.summary.outliers,
        median=chosen.summary.median,
        size=_FULL,
    )


def _untouched(prefills: Sequence[VersionPrefills]) -> float | None:
    total = sum(len(each.dice) for each in prefills)
    return sum(each.untouched for each in prefills) / total if total else None


def _medians(times: LeadTimes) -> dict[str, Any]:
    """Median seconds with a pre-fill and without, and of how many annotations."""

    def median(values: Any) -> float | None:
        return float(np.median(values)) if len(values) else None

    return {
        "with": median(times.with_prefill),
        "n_with": len(times.with_prefill),
        "without": median(times.without),
        "n_without": len(times.without),
    }
