"""A project's ranking: what was learnt of it and what it is compared with, and places by it.

Learnt now and then by a job (worker.rank) and kept as an artifact, so that one edited label finds
its place at once: its own numbers, the model, and a sample of the project to tell what stands out.
"""

import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from active_learning.forest import Forest
from active_learning.label_risk import RISK_SIGNALS, RiskModel
from active_learning.look import Look, risks_of
from active_learning.neighbours import isolation
from active_learning.reasons import Evidence, Findings, reasons
from active_learning.risk_file import dump_risk_model, load_risk_model, shipped_risk_model
from hemline.errors import ArtifactError, ModelError
from hemline.store.artifacts import ArtifactStore
from hemline.store.places import Placed
from hemline.store.tables import (
    LabelSignals,
    PredictionSignals,
    Project,
    Reason,
    ReviewKind,
)
from worker.learning import DICE_SIGNALS, DiceModel
from worker.services import Services

SAMPLE = 500  # of the project's labels and photos: what an image is compared with

Json = dict[str, Any]
Embeddings = NDArray[np.int8]
_NONE = np.zeros((0, 128), dtype=np.int8)
_MOST_KEPT = 8


@dataclass(frozen=True)
class Planted:
    """Labels with and without a planted fault: `rows` (N, F) of RISK_SIGNALS, `bad` (N,), and the
    digest of the label that each was made of."""

    rows: NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, len(RISK_SIGNALS)), dtype=np.float32)
    )
    bad: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    labels: Sequence[str] = ()


@dataclass(frozen=True)
class Ranking:
    """What places are told by.

    `labels` and `photos` are samples of findings; `embeddings` (N, 128) are of labelled photos;
    `dice` predicts the Dice of a pre-fill, None until enough were corrected; `planted` are the
    examples that the risk was learnt from, to go on with; `figures` is what was measured.
    """

    risk: RiskModel
    labels: Sequence[Findings] = ()
    photos: Sequence[Findings] = ()
    embeddings: Embeddings = field(default_factory=lambda: _NONE)
    dice: DiceModel | None = None
    planted: Planted = field(default_factory=lambda: Planted())
    figures: Json = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """An .npz without any pickle."""
        arrays: dict[str, Any] = {
            "risk": _bytes(dump_risk_model(self.risk)),
            "embeddings": self.embeddings,
            "planted_rows": self.planted.rows,
            "planted_bad": self.planted.bad,
            "planted_labels": np.array(self.planted.labels, dtype=str),
            "samples": _bytes(json.dumps(
                {"labels": [_numbers(row) for row in self.labels],
                 "photos": [_numbers(row) for row in self.photos], "figures": self.figures},
            ).encode()),
        }  # fmt: skip
        if self.dice is not None:
            arrays |= {
                "dice": _bytes(self.dice.middle.to_bytes()),
                "dice_low": _bytes(self.dice.low.to_bytes()),
                "dice_shift": np.array(self.dice.shift),
            }
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Ranking":
        """What `to_bytes` wrote. Raises ModelError if it is none, or of other signals."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            samples = json.loads(bytes(arrays["samples"]))
            labels, photos = (
                [_findings(row) for row in samples[name]] for name in ("labels", "photos")
            )
        except Exception as error:  # zipfile and numpy raise nearly anything on broken data
            raise ModelError(f"{len(data)} bytes are no ranking: {error}") from error
        dice = None
        if "dice" in arrays:
            middle, low = (Forest.from_bytes(bytes(arrays[k])) for k in ("dice", "dice_low"))
            dice = DiceModel(middle, low, float(arrays["dice_shift"]))
        planted = Planted(
            arrays["planted_rows"], arrays["planted_bad"],
            tuple(str(name) for name in arrays["planted_labels"]),
        )  # fmt: skip
        return cls(
            load_risk_model(bytes(arrays["risk"])), labels, photos, arrays["embeddings"], dice,
            planted, samples["figures"],
        )  # fmt: skip


_KEPT: dict[str, Ranking] = {}


def ranking_of(artifacts: ArtifactStore, project: Project) -> Ranking:
    """The project's ranking; where there is none of today's signals, the one all begin with."""
    if project.ranking_digest is not None:
        try:
            return _stored(artifacts, project.ranking_digest)
        except (ArtifactError, ModelError):
            pass  # the next job learns it anew
    return Ranking(shipped_risk_model())


def place_of_label(
    services: Services, project: Project, signals: LabelSignals, look: Look,
    compared: PredictionSignals | None,
) -> Placed:  # fmt: skip
    """The place of one label in the order of the labels."""
    ranking = ranking_of(services.artifacts, project)
    annotation = signals.annotation
    (placed,) = place_labels(ranking, [LabelLook(
        project.id, annotation.task_id, annotation.id, signals.mask_digest, look,
        compared.prediction_id if compared else None, compared.embedding if compared else None,
    )])  # fmt: skip
    return placed


@dataclass(frozen=True, slots=True)
class LabelLook:
    """A label to be placed."""

    project_id: int
    task_id: int
    annotation_id: int
    mask_digest: str
    look: Look
    prediction_id: int | None
    embedding: bytes | None


def place_labels(ranking: Ranking, labels: Sequence[LabelLook]) -> list[Placed]:
    """The places of labels, each compared with the ranking's sample and with one another."""
    looks = [label.look for label in labels]
    risks = risks_of(looks, ranking.risk)
    far = distances([label.embedding for label in labels], ranking.embeddings)
    found = [
        replace(look.findings, risk=risk, distance=distance)
        for look, risk, distance in zip(looks, risks, far, strict=True)
    ]
    told = reasons([*found, *ranking.labels])
    return [
        Placed(
            label.project_id, label.task_id, ReviewKind.LABEL, risk, label.mask_digest,
            annotation_id=label.annotation_id, prediction_id=label.prediction_id,
            reasons=as_reasons(evidence),
        )
        for label, risk, evidence in zip(labels, risks, told, strict=False)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class PhotoLook:
    """An unlabelled photo to be placed, by a look at its predicted mask."""

    project_id: int
    task_id: int
    prediction_id: int
    image_digest: str
    look: Look
    embedding: bytes | None
    flip_dice: float | None
    score: float


@dataclass(frozen=True, slots=True)
class PlacedPhoto:
    """A photo's place, and the Dice that its pre-fill is predicted to have."""

    placed: Placed
    predicted_dice: float
    predicted_dice_low: float | None


def place_photos(ranking: Ranking, photos: Sequence[PhotoLook]) -> list[PlacedPhoto]:
    """The places of unlabelled photos: the worse the pre-fill is likely to be, the more a
    correction teaches. Until that can be predicted, by the Dice that the model itself expects."""
    middle = np.array([photo.score for photo in photos], dtype=np.float64)
    low: NDArray[np.float64] | None = None
    if ranking.dice is not None:
        middle, low = ranking.dice.predict(
            dice_rows([(photo.look, photo.flip_dice, photo.score) for photo in photos])
        )
    far = distances([photo.embedding for photo in photos], ranking.embeddings)
    found = [
        replace(photo.look.findings, risk=0.0, distance=distance)
        for photo, distance in zip(photos, far, strict=True)
    ]
    told = reasons([*found, *ranking.photos])
    return [
        PlacedPhoto(
            Placed(
                photo.project_id, photo.task_id, ReviewKind.PHOTO, 1 - float(middle[k]),
                photo.image_digest, prediction_id=photo.prediction_id,
                reasons=as_reasons(told[k]),
            ),
            float(middle[k]), None if low is None else float(low[k]),
        )
        for k, photo in enumerate(photos)
    ]  # fmt: skip


def dice_rows(looks: Sequence[tuple[Look, float | None, float]]) -> NDArray[np.float32]:
    """Rows (N, F) of DICE_SIGNALS from looks at predicted masks, flip Dice and score."""
    rows = np.full((len(looks), len(DICE_SIGNALS)), np.nan, dtype=np.float32)
    for k, (look, flip_dice, score) in enumerate(looks):
        if look.row is not None:
            rows[k, : len(look.row)] = look.row
        rows[k, -2:] = (math.nan if flip_dice is None else flip_dice, score)
    return rows


def as_reasons(evidence: Sequence[Evidence]) -> dict[Reason, Json]:
    """Evidence as a review item keeps it."""
    return {
        Reason(item.reason.value): {
            "number": round(item.number, 6),
            "percentile": round(item.percentile, 2),
            "sentence": item.sentence,
            "region": None if item.region is None
            else {"kind": item.region.kind, "points": item.region.points},
        }
        for item in evidence
    }  # fmt: skip


def distances(packed: Sequence[bytes | None], known: Embeddings) -> list[float]:
    """Mean distance of each embedding to its nearest among `known`, itself not counted; NaN where
    there is no embedding or nothing to compare it with."""
    result = [math.nan] * len(packed)
    for k, data in enumerate(packed):
        if data is None or len(data) != known.shape[1]:
            continue
        own = np.frombuffer(data, dtype=np.int8)
        others = known[(known != own).any(axis=1)]
        if len(others):
            result[k] = isolation(own[None], others)[0]
    return result


def without_regions(findings: Findings) -> Findings:
    """Numbers alone, as a sample keeps them."""
    return replace(findings, wrong=None, wrong_sentence="", pale=None)


def _stored(artifacts: ArtifactStore, digest: str) -> Ranking:
    """A digest names one content, so the few used last are kept."""
    if digest not in _KEPT:
        while len(_KEPT) >= _MOST_KEPT:
            _KEPT.pop(next(iter(_KEPT)))
        _KEPT[digest] = Ranking.from_bytes(artifacts.get(digest))
    return _KEPT[digest]


def _bytes(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8)


def _numbers(findings: Findings) -> list[float | None]:
    numbers = (findings.risk, findings.low_contrast, findings.distance, *findings.complexity)
    return [None if math.isnan(value) else round(float(value), 6) for value in numbers]


def _findings(row: Sequence[float | None]) -> Findings:
    risk, pale, distance, *hard = (math.nan if value is None else value for value in row)
    return Findings(risk, pale, distance, tuple(hard), None, "", None)
