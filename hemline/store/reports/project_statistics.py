"""How good a project's pre-fills are: by whom, of what, with which version, at which threshold."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from hemline.masks.figures.histograms import THRESHOLDS, ProbabilityHistograms
from hemline.masks.figures.statistics import Summary, summarise
from hemline.reasons import Reason
from hemline.store.review.review_order import reason_column
from hemline.store.states import ReviewKind, Verdict
from hemline.store.tables.loop import Annotation, ModelVersion, Prediction, Task
from hemline.store.tables.review import LabelSignals, PredictionSignals, ReviewItem, ReviewVerdict

GROUPS = ("garment_type", "view", "photo_session", "annotator", "version")
NEWEST = 50_000  # corrections that are read


@dataclass(frozen=True, slots=True)
class Corrected:
    """A pre-fill and the Dice it had with its correction. `confirmed_bad`: a person found this very
    label wrong. `reasons` are those of the label's place in the review order, several at once."""

    task_id: int
    dice: float
    garment_type: str
    view: str
    photo_session: str
    annotator: str
    version: str
    confirmed_bad: bool
    reasons: frozenset[Reason] = frozenset()


@dataclass(frozen=True, slots=True)
class OutlierReasons:
    """How many pre-fills are outliers by Dice, how many of these have each reason, and how many
    none. Reasons come several at once, so their numbers add up to more."""

    outliers: int
    each: dict[Reason, int]
    unexplained: int


@dataclass(frozen=True, slots=True)
class Tuned:
    """What one version's stored probabilities of a class say of the labels, with no model run.

    `labels` are those in which the class is, or was seen by the model. Mean Dice with them at the
    best threshold and at 0.5. `calibration_error` is the mean gap over all pixels between the
    probability and the share that is inside the labels, 0 to 1.
    """

    version: str
    class_id: int
    labels: int
    best_threshold: float
    best_dice: float
    dice_at_half: float
    calibration_error: float


def corrected_prefills(
    session: Session, project_id: int, *, limit: int = NEWEST
) -> list[Corrected]:
    """The newest corrected or accepted pre-fills."""
    rows = session.execute(
        select(
            Task.id,
            Annotation.dice,
            Task.garment_type,
            Task.view,
            Task.photo_session,
            Annotation.annotator,
            ModelVersion.name,
            _found_wrong(),
            ReviewItem.verdict,
            *(reason_column(reason) for reason in Reason),
        )
        .join(Annotation, Annotation.task_id == Task.id)
        .join(Prediction, Prediction.id == Annotation.prediction_id)
        .join(ModelVersion, ModelVersion.id == Prediction.model_version_id)
        .outerjoin(
            ReviewItem,
            and_(
                ReviewItem.annotation_id == Annotation.id,
                ReviewItem.task_id == Annotation.task_id,
                ReviewItem.kind == ReviewKind.LABEL,
            ),
        )
        .where(
            Task.project_id == project_id,
            Annotation.dice.is_not(None),
            Annotation.deleted_at.is_(None),
        )
        .order_by(Annotation.id.desc())
        .limit(limit)
    )
    return [
        Corrected(
            row[0],
            float(row[1] or 0),
            row[2],
            row[3],
            row[4],
            row[5],
            row[6],
            row[7],
            _reasons(row[7], row[8], row[9:]),
        )
        for row in rows
    ]


def summary_of(corrected: Sequence[Corrected]) -> Summary:
    """Mean and median with intervals; the corrected ones leave out confirmed bad labels alone."""
    bad = [k for k, row in enumerate(corrected) if row.confirmed_bad]
    return summarise([row.dice for row in corrected], confirmed_bad=bad)


def outlier_reasons(corrected: Sequence[Corrected]) -> OutlierReasons:
    """Why the outliers of `summary_of` are such, as far as anything stands out."""
    those = [corrected[k].reasons for k in summary_of(corrected).outliers]
    each = {reason: sum(reason in held for held in those) for reason in Reason}
    return OutlierReasons(len(those), each, sum(not held for held in those))


def by_group(corrected: Sequence[Corrected], group: str) -> dict[str, Summary]:
    """The summary of each value of one of `GROUPS`, the lowest mean first."""
    groups: dict[str, list[Corrected]] = defaultdict(list)
    for row in corrected:
        groups[getattr(row, group)].append(row)
    found = {name: summary_of(rows) for name, rows in groups.items()}
    return dict(sorted(found.items(), key=lambda pair: pair[1].mean or 0.0))


def tuned_thresholds(session: Session, project_id: int, *, limit: int = NEWEST) -> list[Tuned]:
    """The threshold each version would have done best with, by class, from the histograms of the
    labels that count; not of those that a person found wrong."""
    rows = session.execute(
        select(ModelVersion.name, LabelSignals.histograms)
        .join(Prediction, Prediction.model_version_id == ModelVersion.id)
        .join(LabelSignals, LabelSignals.prediction_id == Prediction.id)
        .join(Annotation, Annotation.id == LabelSignals.annotation_id)
        .where(
            ModelVersion.project_id == project_id,
            LabelSignals.histograms.is_not(None),
            *_that_count(),
        )
        .order_by(LabelSignals.annotation_id.desc())
        .limit(limit)
    )
    packed: dict[str, list[bytes]] = defaultdict(list)
    for name, histograms in rows:
        packed[name].append(histograms or b"")
    return [own for name, histograms in sorted(packed.items()) for own in _tuned(name, histograms)]


def audited_tasks(
    session: Session, project_id: int, version_ids: Sequence[int]
) -> list[tuple[int, str, dict[int, str]]]:
    """(Label Studio's task id, digest of its label, digest of each version's mask) of the audit
    set's labelled tasks that all of the versions have predicted.

    The label is the ground truth, else what was saved last; never one that a person found wrong.
    """
    saved_at = func.coalesce(Annotation.ls_updated_at, Annotation.changed_at)
    rows = session.execute(
        select(
            Task.ls_task_id,
            Annotation.mask_digest,
            Prediction.model_version_id,
            Prediction.mask_digest.label("predicted"),
        )
        .join(Annotation, Annotation.task_id == Task.id)
        .join(Prediction, Prediction.task_id == Task.id)
        .where(
            Task.project_id == project_id,
            Task.in_audit.is_(True),
            Annotation.mask_digest.is_not(None),
            Prediction.model_version_id.in_(version_ids),
            *_that_count(),
        )
        .order_by(
            Task.ls_task_id, Annotation.ground_truth.desc(), saved_at.desc(), Annotation.id.desc()
        )
    )
    found: dict[int, tuple[str, dict[int, str]]] = {}
    for row in rows:
        masks = found.setdefault(row.ls_task_id, (row.mask_digest, {}))[1]
        masks[row.model_version_id] = row.predicted
    return [
        (task, label, masks)
        for task, (label, masks) in found.items()
        if len(masks) == len(version_ids)
    ]


def expected_dice_before_and_since(
    session: Session, version: ModelVersion, *, limit: int = NEWEST
) -> tuple[list[float], list[float]]:
    """The Dice that a version expects of its own masks: of the audit set's photos that came before
    it, from which it did not learn, and of all that came since, the newest ones."""
    came = Task.created_at > version.created_at
    found = []
    for which in (and_(~came, Task.in_audit.is_(True)), came):
        rows = session.scalars(
            select(PredictionSignals.values)
            .join(Prediction, Prediction.id == PredictionSignals.prediction_id)
            .join(Task, Task.id == Prediction.task_id)
            .where(Prediction.model_version_id == version.id, which)
            .order_by(Task.id.desc())
            .limit(limit)
        )
        found.append([float(x) for row in rows if (x := row.get("own_expected_dice")) is not None])
    return found[0], found[1]


def _that_count() -> tuple[ColumnElement[bool], ...]:
    """Annotations that are neither cancelled nor deleted, and that nobody found wrong."""
    return Annotation.was_cancelled.is_(False), Annotation.deleted_at.is_(None), ~_found_wrong()


def _found_wrong() -> ColumnElement[bool]:
    """Whether a person found this very label of an annotation wrong."""
    return exists().where(
        ReviewVerdict.annotation_id == Annotation.id,
        ReviewVerdict.content_digest == Annotation.mask_digest,
        ReviewVerdict.verdict == Verdict.LABEL_WRONG,
    )


def _reasons(
    found_wrong: bool, verdict: Verdict | None, held: Sequence[bool | None]
) -> frozenset[Reason]:
    """What a person said goes before what was computed."""
    if verdict == Verdict.BOTH_FINE:
        return frozenset()
    reasons = {reason for reason, has in zip(Reason, held, strict=True) if has}
    if verdict == Verdict.MODEL_WRONG:
        reasons -= {Reason.BAD_GROUND_TRUTH}
    return frozenset(reasons | {Reason.BAD_GROUND_TRUTH} if found_wrong else reasons)


def _tuned(version: str, packed: Sequence[bytes]) -> list[Tuned]:
    """A figure a class; of labels of another number of classes than the newest has, none."""
    every = [ProbabilityHistograms.from_bytes(data) for data in packed]
    read = [own for own in every if len(own.inside) == len(every[0].inside)]
    inside = np.stack([own.inside for own in read])  # (labels, classes, bins)
    outside = np.stack([own.outside for own in read])
    curves = np.stack([own.dice() for own in read])
    half = int(np.searchsorted(THRESHOLDS, 0.5))
    seen = (inside + outside)[:, :, half + 1 :].any(axis=2)
    there: NDArray[np.bool_] = np.asarray(inside.any(axis=2) | seen, dtype=np.bool_)
    errors = ProbabilityHistograms(inside.sum(axis=0), outside.sum(axis=0)).calibration_error()
    found = []
    for k in np.flatnonzero(there.any(axis=0)).tolist():
        curve: NDArray[np.float64] = curves[there[:, k], k].mean(axis=0)
        best = int(curve.argmax())
        found.append(
            Tuned(
                version,
                k + 1,
                int(there[:, k].sum()),
                float(THRESHOLDS[best]),
                float(curve[best]),
                float(curve[half]),
                float(errors[k]),
            )
        )
    return found
