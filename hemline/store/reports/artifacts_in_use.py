"""Which artifacts the store's rows name, and what each of them is."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from hemline.store.tables.loop import (
    Annotation,
    Conversion,
    DatasetSnapshot,
    Evaluation,
    ModelVersion,
    Prediction,
    Project,
    Task,
)
from hemline.store.tables.review import PredictionSignals


class ArtifactKind(StrEnum):
    """What an artifact is, in words for people."""

    PREFILL = "pre-fill"
    PROBABILITIES = "probability map of a pre-fill"
    CORRECTION = "mask of a correction"
    COVERED = "covered parts of a correction"
    WEIGHTS = "weights"
    SNAPSHOT = "manifest of a snapshot"
    RANKING = "fitted ranking"
    JUDGED = "mask of a judgement"
    CONVERSION = "converted network"


@dataclass(frozen=True, slots=True)
class ArtifactUse:
    """An artifact that a row names.

    row_id: of the prediction, annotation, version, snapshot, project or evaluation; 0 of a
        conversion, which has none.
    where: the row in words, such as "project 7, task 12".
    """

    digest: str
    kind: ArtifactKind
    row_id: int
    where: str


def artifacts_in_use(session: Session) -> Iterator[ArtifactUse]:
    """Every artifact that a row names; one that several name comes several times."""
    for kind, statement in _statements():
        for digest, row_id, project, of in session.execute(statement):
            yield ArtifactUse(digest, kind, row_id, f"project {project}, {_OF[kind]} {of}")
    converted = select(Conversion.digest, Conversion.weights_digest, Conversion.precision)
    for digest, weights, precision in session.execute(converted):
        if digest is not None:
            where = f"weights {weights[:12]}, {precision}"
            yield ArtifactUse(digest, ArtifactKind.CONVERSION, 0, where)
    rows = select(Evaluation.id, Evaluation.figures, Project.ls_project_id, ModelVersion.name)
    judged = rows.join(Evaluation.model_version).join(ModelVersion.project)
    for row_id, figures, project, name in session.execute(judged):
        for item in figures.get("items", []):
            for key in ("mask", "champion_mask"):
                if digest := item.get(key):
                    where = f"project {project}, model version {name}"
                    yield ArtifactUse(digest, ArtifactKind.JUDGED, row_id, where)


_OF = {
    ArtifactKind.PREFILL: "task",
    ArtifactKind.PROBABILITIES: "task",
    ArtifactKind.CORRECTION: "annotation",
    ArtifactKind.COVERED: "annotation",
    ArtifactKind.WEIGHTS: "model version",
    ArtifactKind.SNAPSHOT: "snapshot",
    ArtifactKind.RANKING: "named",
}


def _statements() -> list[tuple[ArtifactKind, Select[Any, int, int, Any]]]:
    """(digest, row, Label Studio's project, what the row is about) of each kind."""
    number = Project.ls_project_id
    predictions = (
        select(Prediction.mask_digest, Prediction.id, number, Task.ls_task_id)
        .join(Prediction.task)
        .join(Task.project)
    )
    maps = (
        select(PredictionSignals.map_digest, Prediction.id, number, Task.ls_task_id)
        .join(Prediction, Prediction.id == PredictionSignals.prediction_id)
        .join(Prediction.task)
        .join(Task.project)
        .where(PredictionSignals.map_digest.is_not(None))
    )
    mask = func.coalesce(Annotation.mask_digest, Annotation.held_digest)
    corrections, covered = (
        select(digest, Annotation.id, number, Annotation.ls_annotation_id)
        .join(Project, Project.id == Annotation.project_id)
        .where(digest.is_not(None), Annotation.deleted_at.is_(None))
        for digest in (mask, Annotation.covered_digest)
    )
    weights = (
        select(ModelVersion.weights_digest, ModelVersion.id, number, ModelVersion.name)
        .join(ModelVersion.project)
        .where(ModelVersion.weights_removed_at.is_(None))
    )
    snapshots = select(DatasetSnapshot.digest, DatasetSnapshot.id, number, DatasetSnapshot.id).join(
        Project, Project.id == DatasetSnapshot.project_id
    )
    rankings = select(Project.ranking_digest, Project.id, number, Project.title).where(
        Project.ranking_digest.is_not(None)
    )
    return [
        (ArtifactKind.PREFILL, predictions),
        (ArtifactKind.PROBABILITIES, maps),
        (ArtifactKind.CORRECTION, corrections),
        (ArtifactKind.COVERED, covered),
        (ArtifactKind.WEIGHTS, weights),
        (ArtifactKind.SNAPSHOT, snapshots),
        (ArtifactKind.RANKING, rankings),
    ]


def forget_conversion(session: Session, digest: str) -> None:
    """The converted network cannot be read; who serves its weights next converts them again."""
    session.execute(delete(Conversion).where(Conversion.digest == digest))
