"""A project's ranking: what was learnt of it and what it is compared with, and places by it.

Learnt now and then by a job (rank_job) and kept as an artifact, so that one edited label finds
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

from active_learning.order.clusters import UNKNOWN, nearest_clusters
from active_learning.order.usefulness import DicePredictor
from active_learning.reasons import Findings
from active_learning.risk.forest import Forest
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.risk.risk_file import shipped_risk_model
from active_learning.signals.garment_views import Gaps
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS
from hemline.errors import ArtifactError, ModelError
from hemline.masks.embedding import LENGTH, unpack_embeddings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.tables.loop import Project
from worker.review.learning import ProjectRisk

SAMPLE = 500  # of the project's labels and photos: what an image is compared with

Json = dict[str, Any]
_MOST_KEPT = 8
_NO_DICE = DicePredictor(None, 0.0, 1.0)  # the model's own expectation, of which nothing is known


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

    `labels` and `photos` are samples of findings, of `label_tasks` and `photo_tasks`;
    `embeddings` are of labelled photos; `dice` predicts the Dice of a pre-fill; `planted` are the
    examples that the risk was learnt from, to go on with; `centres` (K, 128) are of the project's
    clusters; `usual` is how much the views of a garment differ.
    """

    risk: ProjectRisk
    labels: Sequence[Findings] = ()
    photos: Sequence[Findings] = ()
    embeddings: Sequence[bytes] = ()
    dice: DicePredictor = _NO_DICE
    planted: Planted = field(default_factory=lambda: Planted())
    centres: NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, LENGTH), dtype=np.float32)
    )
    usual: Gaps | None = None
    label_tasks: Sequence[int] = ()
    photo_tasks: Sequence[int] = ()

    def cluster_of(self, embedding: bytes | None) -> int | None:
        """Which of the project's clusters a photo is of; None without an embedding, or before
        there are clusters."""
        if embedding is None or len(embedding) != LENGTH:
            return None
        number = int(nearest_clusters(unpack_embeddings([embedding]), self.centres)[0])
        return None if number == UNKNOWN else number

    def to_bytes(self) -> bytes:
        """An .npz without any pickle."""
        risk, dice = self.risk, self.dice
        arrays: dict[str, Any] = {
            "embeddings": _bytes(b"".join(self.embeddings)),
            "centres": self.centres,
            "planted_rows": self.planted.rows,
            "planted_bad": self.planted.bad,
            "planted_labels": np.array(self.planted.labels, dtype=str),
            "numbers": _bytes(json.dumps({
                "labels": [_numbers(row) for row in self.labels],
                "photos": [_numbers(row) for row in self.photos],
                "risk": [risk.slope, risk.shift, risk.share], "figures": risk.figures,
                "dice": [dice.shift, dice.margin], "usual": self.usual,
                "label_tasks": list(self.label_tasks), "photo_tasks": list(self.photo_tasks),
            }).encode()),
            **{f"fold_{k}": _bytes(own.to_bytes()) for k, own in enumerate(risk.folds)},
        }  # fmt: skip
        if dice.forest is not None:
            arrays["dice"] = _bytes(dice.forest.to_bytes())
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Ranking":
        """What `to_bytes` wrote. Raises ModelError if it is none, or of other signals."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            numbers = json.loads(bytes(arrays["numbers"]))
            names = sorted(name for name in arrays if name.startswith("fold_"))
            folds = [Forest.from_bytes(bytes(arrays[name])) for name in names]
            planted = Planted(
                arrays["planted_rows"], arrays["planted_bad"],
                tuple(str(name) for name in arrays["planted_labels"]),
            )  # fmt: skip
            forest = Forest.from_bytes(bytes(arrays["dice"])) if "dice" in arrays else None
            slope, shift, share = numbers["risk"]
            prior = shipped_risk_model()
            ranking = cls(
                ProjectRisk(prior, folds, slope, shift, share, numbers["figures"]),
                [_findings(row) for row in numbers["labels"]],
                [_findings(row) for row in numbers["photos"]],
                _split(bytes(arrays["embeddings"])), DicePredictor(forest, *numbers["dice"]),
                planted, arrays["centres"], tuple(numbers["usual"]) if numbers["usual"] else None,
                numbers.get("label_tasks", ()), numbers.get("photo_tasks", ()),
            )  # fmt: skip
        except Exception as error:  # zipfile and numpy raise nearly anything on broken data
            raise ModelError(f"{len(data)} bytes are no ranking: {error}") from error
        if any(own.features != RISK_SIGNALS for own in folds) or (
            forest is not None and forest.features != PREDICTION_SIGNALS
        ):
            raise ModelError("the ranking was learnt from other signals than today's; rank again")
        return ranking


_KEPT: dict[str, Ranking] = {}


def ranking_of(artifacts: ArtifactStore, project: Project) -> Ranking:
    """The project's ranking; where there is none of today's signals, the one all begin with."""
    if project.ranking_digest is not None:
        try:
            return _stored(artifacts, project.ranking_digest)
        except (ArtifactError, ModelError):
            pass  # the next job learns it anew
    return Ranking(ProjectRisk(shipped_risk_model()))


def without_regions(findings: Findings) -> Findings:
    """Numbers alone, as a sample keeps them."""
    return replace(
        findings, wrong=None, wrong_sentence="", pale=None, undecided=None, thin=None, whole=None
    )


def _stored(artifacts: ArtifactStore, digest: str) -> Ranking:
    """A digest names one content, so the few used last are kept."""
    if digest not in _KEPT:
        while len(_KEPT) >= _MOST_KEPT:
            _KEPT.pop(next(iter(_KEPT)))
        _KEPT[digest] = Ranking.from_bytes(artifacts.get(digest))
    return _KEPT[digest]


def _bytes(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8)


def _split(data: bytes) -> list[bytes]:
    return [data[start : start + LENGTH] for start in range(0, len(data), LENGTH)]


def _numbers(findings: Findings) -> list[float | None]:
    numbers = (findings.risk, findings.low_contrast, findings.distance, *findings.complexity)
    return [None if math.isnan(value) else round(float(value), 6) for value in numbers]


def _findings(row: Sequence[float | None]) -> Findings:
    risk, pale, distance, *hard = (math.nan if value is None else value for value in row)
    return Findings(risk, pale, distance, tuple(hard), None, "", None)
