"""What trainings on pseudo-labels brought, as it was measured on the project's gold split."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hemline.store.models.snapshots import PSEUDO_LABELS
from hemline.store.states import RunTrigger, Split
from hemline.store.tables.loop import DatasetSnapshot, Evaluation, ModelVersion, TrainingRun

_NEWEST = 20


@dataclass(frozen=True, slots=True)
class PseudoLabelRun:
    """A version that was trained on pseudo-labels, beside the champion that drew them.

    `before` and `after` are mean Dice on gold, 0 to 1, of champion and version; `difference` has a
    95 % interval from `low` to `high`. None: the evaluation does not say.
    """

    version: ModelVersion
    corrections: int  # photos that it was trained on
    pseudo_labels: int
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    promoted: bool


def pseudo_label_runs(session: Session, project_id: int) -> list[PseudoLabelRun]:
    """The newest of them that were judged, newest first."""
    rows = session.execute(
        select(ModelVersion, DatasetSnapshot.counts, Evaluation.figures, Evaluation.promoted)
        .join(TrainingRun, TrainingRun.model_version_id == ModelVersion.id)
        .join(DatasetSnapshot, DatasetSnapshot.id == TrainingRun.snapshot_id)
        .join(Evaluation, Evaluation.model_version_id == ModelVersion.id)
        .where(
            TrainingRun.project_id == project_id, TrainingRun.trigger == RunTrigger.PSEUDO_LABELS
        )
        .order_by(ModelVersion.number.desc())
        .limit(_NEWEST)
    )
    return [_run(*row) for row in rows]


def _run(
    version: ModelVersion, counts: dict[str, Any], figures: dict[str, Any], promoted: bool
) -> PseudoLabelRun:
    return PseudoLabelRun(
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
