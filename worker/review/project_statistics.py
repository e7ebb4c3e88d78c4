"""A project's statistics as plain values, and the drift between its versions on the audit set."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from active_learning.order.drift import Drift, paired_drift, population_stability
from hemline.errors import ArtifactError, LabelConfigError, MaskError
from hemline.labelstudio.project.config import parse_label_config
from hemline.masks.codecs.png import decode_class_mask
from hemline.masks.figures.overlap import dice
from hemline.masks.figures.statistics import Summary
from hemline.store.effort.anchoring import anchoring
from hemline.store.effort.in_words import effort_in_words
from hemline.store.effort.left_blank import left_blank
from hemline.store.models.models import champion, list_versions
from hemline.store.reports.edit_effort import (
    EditEffort,
    Savings,
    edit_effort,
    savings,
    worked_labels,
)
from hemline.store.reports.project_statistics import (
    GROUPS,
    Corrected,
    Tuned,
    audited_tasks,
    by_group,
    corrected_prefills,
    expected_dice_before_and_since,
    outlier_reasons,
    summary_of,
    tuned_thresholds,
)
from hemline.store.review.blind_twins import count_waiting_twins, twin_agreements
from hemline.store.review.returned import count_returns
from hemline.store.states import ModelState
from hemline.store.tables.loop import ModelVersion, Project
from worker.services import Services

Json = dict[str, Any]

_FEWEST = 20  # photos on either side from which their kinds can be compared


def project_statistics(services: Services, project: Project) -> Json:
    """All of it: pre-fills against corrections in all and by group, thresholds, drift."""
    with services.store.reading() as session:
        corrected = corrected_prefills(session, project.id)
        tuned = tuned_thresholds(session, project.id)
        edits = edit_effort(session, project.id)
        saved = savings(worked_labels(session, project.id))
        blank = left_blank(session, project.id)
        anchored = anchoring(session, project.id)
        returns = count_returns(session, project.id)
        twins = twin_agreements(session, project.id)
        twins_waiting = count_waiting_twins(session, project.id)
    return {
        "project": project.ls_project_id,
        "prefills": _plain(summary_of(corrected)),
        "groups": {
            group: {name: _plain(found) for name, found in by_group(corrected, group).items()}
            for group in GROUPS
        },
        "edits": {each.edit.value: _plain_effort(each) for each in edits},
        "time_saved": _plain_savings(saved),
        "work_times": project.work_times,
        "left_blank": asdict(blank),
        "anchoring": asdict(anchored),
        "in_words": effort_in_words(project, blank, saved, anchored),
        "sent_back": {name: asdict(counts) for name, counts in returns.items()},
        "blind_twins": {"wait": twins_waiting, "pairs": [asdict(pair) for pair in twins]},
        "outliers": _outliers(corrected),
        "thresholds": _thresholds(project, tuned),
        "drift": drift(services, project),
        "photos": photo_drift(services, project),
    }


def _plain_effort(effort: EditEffort) -> Json:
    return {name: value for name, value in asdict(effort).items() if name != "edit"}


def _plain_savings(saved: Savings) -> Json:
    """Times in seconds; weeks by their Monday, as text."""
    values = asdict(saved)
    return values | {"weeks": {str(week): own for week, own in values["weeks"].items()}}


def drift(services: Services, project: Project) -> Json | None:
    """The champion against the champion before it, on the audit tasks that both have predicted.

    None where there were not two champions yet, or no audit task has a label.
    """
    with services.store.reading() as session:
        reigned = [
            version
            for version in list_versions(session, project.id)
            if version.promoted_at is not None
        ]
        new = next((v for v in reigned if v.state == ModelState.CHAMPION), None)
        old = max((v for v in reigned if v is not new), key=_promoted, default=None)
        if new is None or old is None:
            return None
        tasks = audited_tasks(session, project.id, [old.id, new.id])
    pairs = []
    for ls_task_id, label, masks in tasks:
        try:
            truth = decode_class_mask(services.artifacts.get(label)) > 0
            both = [decode_class_mask(services.artifacts.get(masks[v.id])) > 0 for v in (old, new)]
        except (ArtifactError, MaskError):
            continue
        if all(mask.shape == truth.shape for mask in both):
            pairs.append((ls_task_id, *(float(dice(mask, truth)) for mask in both)))
    found: Drift | None = paired_drift([p[1] for p in pairs], [p[2] for p in pairs])
    if found is None:
        return None
    return {
        "from": old.name,
        "to": new.name,
        "tasks": found.count,
        "mean": found.mean,
        "interval": found.interval,
        "worst_task": pairs[found.worst][0],
    }


def photo_drift(services: Services, project: Project) -> Json | None:
    """Whether the photos that came since the champion was made are of another kind than those
    before, by the Dice that it expects of its own masks.

    None for fewer than 20 on either side: the audit set's before, all photos since.
    """
    with services.store.reading() as session:
        version = champion(session, project.id)
        if version is None:
            return None
        before, since = expected_dice_before_and_since(session, version)
    if min(len(before), len(since)) < _FEWEST:
        return None
    return {
        "version": version.name,
        "before": len(before),
        "since": len(since),
        "stability": population_stability(before, since),
    }


def _thresholds(project: Project, tuned: Sequence[Tuned]) -> list[Json]:
    try:
        labels = parse_label_config(project.label_config).labels
    except LabelConfigError:
        labels = ()
    names = dict(enumerate(labels, start=1))
    rows = []
    for own in tuned:
        row = asdict(own)
        version, number = row.pop("version"), row.pop("class_id")
        rows.append({"version": version, "label": names.get(number, str(number)), **row})
    return rows


def _outliers(corrected: Sequence[Corrected]) -> Json:
    """How many outliers there are, and the number and share of them with each reason."""
    found = outlier_reasons(corrected)
    return {
        "count": found.outliers,
        "reasons": {
            reason.value: {"count": number, "share": number / found.outliers}
            for reason, number in found.each.items()
        }
        if found.outliers
        else {},
        "unexplained": found.unexplained,
    }


def _promoted(version: ModelVersion) -> float:
    return version.promoted_at.timestamp() if version.promoted_at else 0.0


def _plain(summary: Summary) -> Mapping[str, Any]:
    """A summary as JSON takes it; of the outliers and of what was left out the number counts."""
    return asdict(summary) | {
        "outliers": len(summary.outliers),
        "left_out": len(summary.left_out),
    }
