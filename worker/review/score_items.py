"""Places in the review order: of labels by their risk, of photos by how useful a label would be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from active_learning.label_features import Look
from active_learning.order.neighbours import isolation
from active_learning.reasons import Evidence, Findings, Region, reasons
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.signals.garment_views import raised
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS
from hemline.masks.embedding import unpack_embeddings
from hemline.store.review.write_order import Placed
from hemline.store.states import Reason, ReviewKind
from hemline.store.tables.loop import Project
from hemline.store.tables.review import LabelSignals, PredictionSignals
from worker.review.garment_views import USUAL, OddView, odd_views_of
from worker.review.ranking_model import Ranking, ranking_of
from worker.services import Services

Json = dict[str, Any]
_SHARED = [RISK_SIGNALS.index(name) for name in PREDICTION_SIGNALS[:-1]]  # the last is flip_dice


def place_of_label(
    services: Services, project: Project, signals: LabelSignals, look: Look,
    compared: PredictionSignals | None,
) -> Placed:  # fmt: skip
    """The place of one label in the order of the labels."""
    ranking = ranking_of(services.artifacts, project)
    annotation = signals.annotation
    garment = annotation.task.garment
    odd = odd_views_of(services, project, [garment], ranking.usual)
    (placed,) = place_labels(ranking, [LabelLook(
        project.id, annotation.task_id, annotation.id, signals.mask_digest, garment, look,
        compared.prediction_id if compared else None, compared.embedding if compared else None,
        odd.get(annotation.task_id, USUAL),
    )])  # fmt: skip
    return placed


@dataclass(frozen=True, slots=True)
class LabelLook:
    """A label to be placed."""

    project_id: int
    task_id: int
    annotation_id: int
    mask_digest: str
    garment: str
    look: Look
    prediction_id: int | None
    embedding: bytes | None
    view: OddView = USUAL


def place_labels(ranking: Ranking, labels: Sequence[LabelLook]) -> list[Placed]:
    """The places of labels, each compared with the ranking's sample and with one another."""
    looks = [label.look for label in labels]
    alone = ranking.risk.risks(looks, [label.garment for label in labels])
    risks = [raised(risk, label.view.odd) for risk, label in zip(alone, labels, strict=True)]
    far = distances([label.embedding for label in labels], ranking.embeddings)
    found = [
        replace(label.look.findings, risk=risk, distance=distance, odd=label.view.odd)
        for label, risk, distance in zip(labels, risks, far, strict=True)
    ]
    others = _others(ranking.labels, ranking.label_tasks, labels)
    told = reasons([*found, *others])
    return [
        Placed(
            label.project_id, label.task_id, ReviewKind.LABEL, risk, label.mask_digest,
            annotation_id=label.annotation_id, prediction_id=label.prediction_id,
            reasons=as_reasons(evidence), views_disagree=label.view.disagree,
        )
        for label, risk, evidence in zip(labels, risks, told, strict=False)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class PhotoLook:
    """An unlabelled photo to be placed, by a look at its predicted mask."""

    project_id: int
    task_id: int
    ls_task_id: int
    garment: str
    prediction_id: int
    image_digest: str
    look: Look
    embedding: bytes | None
    flip_dice: float | None
    view: OddView = USUAL


@dataclass(frozen=True, slots=True)
class PlacedPhoto:
    """A photo's place, the Dice that its pre-fill is predicted to have, and its cluster."""

    placed: Placed
    predicted_dice: float
    predicted_dice_low: float
    cluster: int | None


def place_photos(ranking: Ranking, photos: Sequence[PhotoLook]) -> list[PlacedPhoto]:
    """The places of unlabelled photos: the worse the pre-fill is likely to be, the more a
    correction teaches."""
    rows = dice_rows([(photo.look, photo.flip_dice) for photo in photos])
    middle, low = ranking.dice.predict(rows)
    far = distances([photo.embedding for photo in photos], ranking.embeddings)
    found = [
        replace(photo.look.findings, risk=0.0, distance=distance)
        for photo, distance in zip(photos, far, strict=True)
    ]
    others = _others(ranking.photos, ranking.photo_tasks, photos)
    told = reasons([*found, *others])
    return [
        PlacedPhoto(
            Placed(
                photo.project_id, photo.task_id, ReviewKind.PHOTO,
                raised(1 - float(middle[k]), photo.view.odd),
                photo.image_digest, prediction_id=photo.prediction_id,
                reasons=_with_odd_view(photo, as_reasons(told[k]) or _nothing_seen(photo)),
                views_disagree=photo.view.disagree,
            ),
            float(middle[k]), float(low[k]), ranking.cluster_of(photo.embedding),
        )
        for k, photo in enumerate(photos)
    ]  # fmt: skip


def dice_rows(looks: Sequence[tuple[Look, float | None]]) -> NDArray[np.float32]:
    """Rows (N, F) of PREDICTION_SIGNALS from looks at predicted masks and their flip Dice."""
    rows = np.full((len(looks), len(PREDICTION_SIGNALS)), np.nan, dtype=np.float32)
    for k, (look, flip_dice) in enumerate(looks):
        if look.row is not None:
            rows[k, :-1] = look.row[_SHARED]
        rows[k, -1] = math.nan if flip_dice is None else flip_dice
    return rows


def _nothing_seen(photo: PhotoLook) -> dict[Reason, Json]:
    """Why a photo comes first whose predicted mask has no outline: it is empty, or covers all."""
    if photo.look.row is not None:
        return {}
    sentence = photo.look.findings.wrong_sentence or "the predicted mask has no outline"
    evidence: Json = {
        "number": 1.0, "percentile": None, "sentence": sentence,
        "region": _plain(photo.look.findings.wrong),
    }  # fmt: skip
    return {Reason.TOO_COMPLICATED: evidence}


def _with_odd_view(photo: PhotoLook, told: dict[Reason, Json]) -> dict[Reason, Json]:
    """With why a photo comes earlier whose predicted mask the garment's other views do not bear
    out; what else makes it complicated is said behind it."""
    odd = photo.view.odd
    if not odd.is_odd:
        return told
    evidence: Json = told.get(Reason.TOO_COMPLICATED) or {
        "number": round(odd.times, 6), "percentile": None, "sentence": "",
        "region": _plain(photo.look.findings.whole),
    }  # fmt: skip
    said = "; ".join(filter(None, (odd.sentence, evidence["sentence"])))
    return {Reason.TOO_COMPLICATED: evidence | {"sentence": said}} | {
        reason: found for reason, found in told.items() if reason != Reason.TOO_COMPLICATED
    }


def _others(
    sample: Sequence[Findings], tasks: Sequence[int], placed: Sequence[LabelLook | PhotoLook]
) -> list[Findings]:
    """The sample without those that are placed, who would be counted twice."""
    own = {item.task_id for item in placed}
    known = tasks if len(tasks) == len(sample) else [None] * len(sample)
    return [row for row, task in zip(sample, known, strict=True) if task not in own]


def as_reasons(evidence: Sequence[Evidence]) -> dict[Reason, Json]:
    """Evidence as a review item keeps it."""
    return {
        Reason(item.reason.value): {
            "number": round(item.number, 6),
            "percentile": round(item.percentile, 2),
            "sentence": item.sentence,
            "region": _plain(item.region),
        }
        for item in evidence
    }


def _plain(region: Region | None) -> Json | None:
    return None if region is None else {"kind": region.kind, "points": region.points}


def distances(packed: Sequence[bytes | None], known: Sequence[bytes]) -> list[float]:
    """Mean distance of each embedding to its nearest among `known`, itself not counted; NaN where
    there is no embedding or nothing to compare it with."""
    result = [math.nan] * len(packed)
    if not known:
        return result
    points = unpack_embeddings(known)
    for k, data in enumerate(packed):
        if data is None or len(data) != len(known[0]):
            continue
        others = points[[other != data for other in known]]
        if len(others):
            result[k] = isolation(unpack_embeddings([data]), others)[0]
    return result
