"""A project's ranking: what was learnt of it, and a sample of it that items are compared with.

Learnt now and then and kept as bytes, so that one edited label is scored at once: its own features,
the model, and a sample of the project to tell what stands out.
"""

import io
import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from active_learning.checks.mask_checks import check_numbers
from active_learning.order.bounds import GroupBounds
from active_learning.order.clusters import UNKNOWN, nearest_clusters
from active_learning.order.dearer import is_dearer
from active_learning.order.drawing_time import DrawingPredictor
from active_learning.order.usefulness import DicePredictor, no_dice_predictor
from active_learning.order.work_time import Rows, TimePredictor
from active_learning.reasons import COMPARED, Numbers
from active_learning.risk.forest import Forest
from active_learning.risk.label_risk import RISK_SIGNALS, RiskModel
from active_learning.risk.project_risk import ProjectRisk
from active_learning.signals.garment_views import Gaps
from active_learning.signals.label_signals import SIGNALS_VERSION
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS
from hemline.errors import ModelError
from hemline.masks.figures.embedding import LENGTH, unpack_embeddings
from hemline.reasons import MaskCheck

SAMPLE = 500  # labels, and as many photos, of a project: what an image is compared with

Json = dict[str, Any]


@dataclass(frozen=True)
class PlantedRows:
    """Labels with and without a planted fault: `rows` (N, F) of RISK_SIGNALS, `bad` (N,), and the
    digest of the label that each was made of."""

    rows: NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, len(RISK_SIGNALS)), dtype=np.float32)
    )
    bad: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    labels: Sequence[str] = ()


@dataclass(frozen=True)
class ProjectSample:
    """Some of a project's images: `numbers` (M, COMPARED) of `reasons`, their `tasks` (M,), and
    `checks` (M, K) of `mask_checks`."""

    numbers: Numbers = field(default_factory=lambda: np.zeros((0, COMPARED)))
    tasks: Sequence[int] = ()
    checks: Numbers = field(default_factory=lambda: check_numbers([]))

    def __post_init__(self) -> None:
        if len(self.checks) != len(self.numbers):  # kept before there were checks
            unknown = np.full((len(self.numbers), len(MaskCheck)), math.nan)
            object.__setattr__(self, "checks", unknown)

    def without(self, tasks: Collection[int]) -> "ProjectSample":
        """The others: an image is not compared with itself."""
        kept = np.array([task not in tasks for task in self.tasks], dtype=np.bool_)
        others = [task for task in self.tasks if task not in tasks]
        return ProjectSample(self.numbers[kept], others, self.checks[kept])


@dataclass(frozen=True)
class Ranking:
    """What items are scored by.

    `labels` and `photos` are samples that they are compared with; `embeddings` are of labelled
    photos; `dice` predicts the Dice of a pre-fill, `time` the work on it, `drawing` the work
    without one; `planted` are the examples that the risk was learnt from, to go on with; `centres`
    (K, 128) are of the project's clusters; `usual` is how much the views of a garment differ.
    """

    risk: ProjectRisk
    labels: ProjectSample = field(default_factory=lambda: ProjectSample())
    photos: ProjectSample = field(default_factory=lambda: ProjectSample())
    embeddings: Sequence[bytes] = ()
    dice: DicePredictor = field(default_factory=lambda: no_dice_predictor())
    time: TimePredictor = field(default_factory=lambda: TimePredictor())
    drawing: DrawingPredictor = field(default_factory=lambda: DrawingPredictor())
    planted: PlantedRows = field(default_factory=lambda: PlantedRows())
    centres: NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, LENGTH), dtype=np.float32)
    )
    usual: Gaps | None = None

    def dearer(self, rows: Rows, garment_types: Sequence[str]) -> NDArray[np.bool_]:
        """Whether correcting pre-fills is predicted to be dearer than drawing (N,), by their rows
        (N, F) of PREDICTION_SIGNALS (`is_dearer`)."""
        seconds, drawing = self.time.predict(rows), self.drawing.predict(rows, garment_types)
        return is_dearer(seconds, drawing, self.time, self.drawing)

    def cluster_of(self, embedding: bytes | None) -> int | None:
        """Which of the project's clusters a photo is of; None without an embedding, or before
        there are clusters."""
        if embedding is None or len(embedding) != LENGTH:
            return None
        number = int(nearest_clusters(unpack_embeddings([embedding]), self.centres)[0])
        return None if number == UNKNOWN else number

    def to_bytes(self) -> bytes:
        """An .npz without any pickle."""
        risk, dice, time, drawing = self.risk, self.dice, self.time, self.drawing
        arrays: dict[str, Any] = {
            "embeddings": _bytes(b"".join(self.embeddings)),
            "centres": self.centres,
            "planted_rows": self.planted.rows,
            "planted_bad": self.planted.bad,
            "planted_labels": np.array(self.planted.labels, dtype=str),
            "numbers": _bytes(
                json.dumps(
                    {
                        "signals": SIGNALS_VERSION,
                        "labels": _plain(self.labels.numbers),
                        "photos": _plain(self.photos.numbers),
                        "label_checks": _plain(self.labels.checks),
                        "photo_checks": _plain(self.photos.checks),
                        "risk": [risk.slope, risk.shift, risk.share],
                        "figures": risk.figures,
                        "dice": dice.shift,
                        "dice_bounds": _plain_bounds(dice.bounds),
                        "outline_bounds": _plain_bounds(dice.outlines),
                        "time": [time.typical_s, time.error_s, time.constant_error_s],
                        "timed": time.prefills,
                        "drawing": [
                            drawing.masks,
                            drawing.typical_s,
                            dict(drawing.by_type),
                            drawing.error_s,
                            drawing.constant_error_s,
                        ],
                        "usual": self.usual,
                        "label_tasks": list(self.labels.tasks),
                        "photo_tasks": list(self.photos.tasks),
                    }
                ).encode()
            ),
            **{f"fold_{k}": _bytes(own.to_bytes()) for k, own in enumerate(risk.folds)},
        }
        if dice.forest is not None:
            arrays["dice"] = _bytes(dice.forest.to_bytes())
        if time.forest is not None:
            arrays["time"] = _bytes(time.forest.to_bytes())
        if drawing.forest is not None:
            arrays["drawing"] = _bytes(drawing.forest.to_bytes())
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, prior: RiskModel) -> "Ranking":
        """What `to_bytes` wrote, with the shipped model, which is not kept with each ranking.

        Raises:
            ModelError: the data is no ranking, or was learnt from signals of another version.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            numbers = json.loads(bytes(arrays["numbers"]))
            names = sorted(name for name in arrays if name.startswith("fold_"))
            folds = [Forest.from_bytes(bytes(arrays[name])) for name in names]
            planted = PlantedRows(
                arrays["planted_rows"],
                arrays["planted_bad"],
                tuple(str(name) for name in arrays["planted_labels"]),
            )
            forest, of_time, of_drawing = (
                Forest.from_bytes(bytes(arrays[name])) if name in arrays else None
                for name in ("dice", "time", "drawing")
            )
            slope, shift, share = numbers["risk"]
            ranking = cls(
                ProjectRisk(prior, folds, slope, shift, share, numbers["figures"]),
                _sample(numbers["labels"], numbers.get("label_tasks"), numbers.get("label_checks")),
                _sample(numbers["photos"], numbers.get("photo_tasks"), numbers.get("photo_checks")),
                _split(bytes(arrays["embeddings"])),
                DicePredictor(
                    forest,
                    numbers["dice"],
                    _bounds(numbers["dice_bounds"]),
                    _bounds(numbers["outline_bounds"]),
                ),
                replace(  # kept since work is timed
                    TimePredictor(of_time, *numbers.get("time", ())),
                    prefills=numbers.get("timed", 0),
                ),
                _drawing(numbers.get("drawing"), of_drawing),
                planted,
                arrays["centres"],
                tuple(numbers["usual"]) if numbers["usual"] else None,
            )
        except Exception as error:  # zipfile and numpy raise nearly anything on broken data
            raise ModelError(f"{len(data)} bytes are not a ranking: {error}") from error
        version = numbers.get("signals", 1)  # rankings of version 1 did not say so at first
        names_differ = any(own.features != RISK_SIGNALS for own in folds) or any(
            own is not None and own.features != PREDICTION_SIGNALS
            for own in (forest, of_time, of_drawing)
        )
        if version != SIGNALS_VERSION or names_differ:
            raise ModelError(
                f"the ranking was learnt from version {version} of the signals, and the current "
                f"one is {SIGNALS_VERSION}; rank the project again"
            )
        return ranking


def _bytes(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8)


def _split(data: bytes) -> list[bytes]:
    return [data[start : start + LENGTH] for start in range(0, len(data), LENGTH)]


def _plain(numbers: Numbers) -> list[list[float | None]]:
    return [
        [None if math.isnan(value) else round(value, 6) for value in row]
        for row in numbers.tolist()
    ]


def _plain_bounds(bounds: GroupBounds) -> list[Any]:
    return [bounds.rest, [[*group, value] for group, value in bounds.own.items()]]


def _bounds(kept: Sequence[Any]) -> GroupBounds:
    rest, own = kept
    return GroupBounds(rest, {(kind, view): value for kind, view, value in own})


def _drawing(kept: Sequence[Any] | None, forest: Forest | None) -> DrawingPredictor:
    """As it was kept; of a ranking of before drawing was timed, one that knows nothing."""
    if kept is None:
        return DrawingPredictor()
    masks, typical, by_type, error, constant_error = kept
    return DrawingPredictor(masks, typical, by_type, forest, error, constant_error)


def _sample(
    rows: Sequence[Sequence[float | None]],
    tasks: Sequence[int] | None,
    checks: Sequence[Sequence[float | None]] | None,
) -> ProjectSample:
    """A sample as it was kept; one of before tasks were kept leaves nothing out."""
    numbers, figures = (
        np.array([[math.nan if x is None else x for x in row] for row in kept], dtype=np.float64)
        for kept in (rows, checks or ())
    )
    return ProjectSample(
        numbers.reshape(-1, COMPARED),
        tasks if tasks is not None and len(tasks) == len(rows) else [-1] * len(rows),
        figures.reshape(-1, len(MaskCheck)),
    )
