"""What follow-ups of promotions brought, as it was measured on the project's gold split."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hemline.store.models.snapshots import PSEUDO_LABELS
from hemline.store.states import FOLLOW_UPS, RunTrigger, Split
from hemline.store.tables.loop import DatasetSnapshot, Evaluation, ModelVersion, TrainingRun


@dataclass(frozen=True, slots=True)
class FollowUpRun:
    """A version that a follow-up trained, beside the champion of its day.

    `before` and `after` are mean Dice on gold, 0 to 1, of champion and version; `difference` has a
    95 % interval from `low` to `high`. None: the evaluation does not say.
    """

    trigger: RunTrigger
    version: ModelVersion
    corrections: int  # photos that it was trained on
    pseudo_labels: int
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    promoted: bool


@dataclass(frozen=True, slots=True)
class FollowUpSummary:
    """What all follow-ups of one kind brought.

    `difference` is the mean over those that were judged, promoted or not. `low` and `high` are the
    means of their 95 % limits: all are measured on much the same garments, so that their errors go
    the same way and more runs make the mean no surer. None: no evaluation says.
    """

    trigger: RunTrigger
    runs: int
    promoted: int
    difference: float | None
    low: float | None
    high: float | None


def follow_up_runs(session: Session, project_id: int) -> list[FollowUpRun]:
    """All of the project's that were judged, newest first."""
    rows = session.execute(
        select(
            TrainingRun.trigger,
            ModelVersion,
            DatasetSnapshot.counts,
            Evaluation.figures,
            Evaluation.promoted,
        )
        .join(ModelVersion, ModelVersion.id == TrainingRun.model_version_id)
        .join(DatasetSnapshot, DatasetSnapshot.id == TrainingRun.snapshot_id)
        .join(Evaluation, Evaluation.model_version_id == ModelVersion.id)
        .where(TrainingRun.project_id == project_id, TrainingRun.trigger.in_(FOLLOW_UPS))
        .order_by(ModelVersion.number.desc())
    )
    return [_run(*row) for row in rows]


def summarise_follow_ups(runs: Sequence[FollowUpRun]) -> list[FollowUpSummary]:
    """One for each kind that there are runs of."""
    by_kind = {kind: [run for run in runs if run.trigger is kind] for kind in FOLLOW_UPS}
    return [_summary(kind, theirs) for kind, theirs in by_kind.items() if theirs]


def _run(
    trigger: RunTrigger,
    version: ModelVersion,
    counts: dict[str, Any],
    figures: dict[str, Any],
    promoted: bool,
) -> FollowUpRun:
    return FollowUpRun(
        trigger=trigger,
        version=version,
        corrections=counts.get(Split.TRAIN, 0),
        pseudo_labels=counts.get(PSEUDO_LABELS, 0),
        before=figures.get("champion_mean_dice"),
        after=figures.get("mean_dice"),
        difference=figures.get("difference"),
        low=figures.get("low"),
        high=figures.get("high"),
        promoted=promoted,
    )


def _summary(kind: RunTrigger, runs: Sequence[FollowUpRun]) -> FollowUpSummary:
    return FollowUpSummary(
        trigger=kind,
        runs=len(runs),
        promoted=sum(run.promoted for run in runs),
        difference=_mean([run.difference for run in runs]),
        low=_mean([run.low for run in runs]),
        high=_mean([run.high for run in runs]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
