"""Learn label risk from labels: faults are planted in copies of them, and told from the originals.

Whatever is learnt from is judged out of fold, all views of a garment in one fold: the second step
learns from what the first says of outlines it has not seen.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from active_learning.risk.forest import Forest
from active_learning.risk.label_risk import (
    BASE_RATE,
    OFF,
    ArcExample,
    RiskModel,
    fit_arcs,
    fit_labels,
    point_risks,
    risk_row,
)
from active_learning.risk.planted import plant
from active_learning.signals.arc_signals import ARC_SIGNALS
from active_learning.signals.frame import Mask, Photo, Plane, frame_label, sample_plane
from active_learning.signals.label_signals import (
    LABEL_SIGNALS,
    MeasuredLabel,
    label_signals,
    without_model,
)

FOLDS = 3
CLEAN = "clean"


@dataclass(frozen=True)
class Example:
    """A label known to be right or wrong: its signals, where its outline is off, what was planted
    (CLEAN if nothing), its Dice with the right one, and its garment."""

    signals: MeasuredLabel
    off: NDArray[np.bool_]
    kind: str
    dice: float
    garment: str

    @property
    def bad(self) -> bool:
        """Whether a fault was planted."""
        return self.kind != CLEAN


def make_examples(
    photo: Photo,
    mask: Mask,
    probabilities: Plane | None,
    *,
    garment: str,
    kinds: Iterable[str],
    other: Mask | None = None,
    threshold: float = 0.5,
    seed: int = 0,
) -> list[Example]:
    """A label as it is, and once with each of the kinds of fault that can be planted in it.

    The same garment, kind and seed plant the same fault. [] for a mask without an outline.
    """
    if not mask.any() or mask.all():
        return []
    truth = frame_label(photo, mask)
    made = [(mask, CLEAN, 1.0)]
    for kind in kinds:
        words = sha256(f"{seed}/{garment}/{kind}".encode()).digest()
        rng = np.random.default_rng(list(words[:8]))
        planted = plant(mask, kind, rng, other=other, photo=photo)
        if planted is not None and not planted.mask.all():
            made.append((planted.mask, planted.kind, planted.dice))
    examples = []
    for label, kind, dice in made:
        signals = label_signals(photo, label, probabilities, threshold=threshold)
        at = (signals.points - [truth.left, truth.top]) * truth.scale
        off = np.abs(sample_plane(truth.depth, at)) > OFF * truth.side + 1
        examples.append(Example(signals, off & (kind != CLEAN), kind, dice, garment))
    return examples


def pack_examples(examples: Sequence[Example]) -> bytes:
    """The examples as a compressed .npz without any pickle."""
    file = io.BytesIO()
    np.savez_compressed(
        file,
        values=np.array(
            [[e.signals.values[name] for name in LABEL_SIGNALS] for e in examples], np.float32
        ).reshape(len(examples), len(LABEL_SIGNALS)),
        arcs=np.concatenate(
            [np.zeros((0, len(ARC_SIGNALS)), np.float32)] + [e.signals.arcs for e in examples]
        ).astype(np.float16),
        piece=np.concatenate([np.zeros(0, np.int64)] + [e.signals.piece for e in examples]),
        off=np.concatenate([np.zeros(0, np.bool_)] + [e.off for e in examples]),
        points=np.array([len(e.off) for e in examples], np.int64),
        kind=np.array([e.kind for e in examples], np.str_),
        dice=np.array([e.dice for e in examples]),
        garment=np.array([e.garment for e in examples], np.str_),
    )
    return file.getvalue()


def unpack_examples(data: bytes) -> list[Example]:
    """What `pack_examples` wrote; regions to draw are not kept."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    ends = np.cumsum(arrays["points"])
    nowhere = np.zeros((0, 2))
    return [
        Example(
            MeasuredLabel(
                dict(
                    zip(LABEL_SIGNALS, (float(value) for value in arrays["values"][k]), strict=True)
                ),
                arrays["arcs"][end - count : end].astype(np.float32),
                nowhere,
                arrays["piece"][end - count : end],
                None,
                None,
            ),
            arrays["off"][end - count : end],
            str(arrays["kind"][k]),
            float(arrays["dice"][k]),
            str(arrays["garment"][k]),
        )
        for k, (end, count) in enumerate(zip(ends.tolist(), arrays["points"].tolist(), strict=True))
    ]


def learn(examples: Sequence[Example], *, seed: int = 0) -> RiskModel:
    """A calibrated risk model from examples of at least three garments, some clean, some bad."""
    bare = [replace(example, signals=without_model(example.signals)) for example in examples]
    both = [*examples, *bare]
    folds = fold_of([example.garment for example in both])
    rows = out_of_fold_rows(both, folds, seed=seed)
    bad = np.array([example.bad for example in both])
    held = np.zeros(len(rows))
    for fold in range(FOLDS):
        inside = folds == fold
        held[inside] = fit_labels(rows[~inside], bad[~inside], seed=seed).raw(rows[inside])
    slope, shift = calibrate(held[: len(examples)], bad[: len(examples)])
    return RiskModel(_arcs(both, seed), fit_labels(rows, bad, seed=seed), slope, shift)


def out_of_fold_rows(
    examples: Sequence[Example],
    folds: NDArray[np.int64],
    *,
    learn_from: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Rows (N, F) of RISK_SIGNALS whose outline step was learnt from the other folds.

    `learn_from` are the indices of those that may be learnt from; by default all.
    """
    known = np.arange(len(examples)) if learn_from is None else learn_from
    rows: list[NDArray[np.float32]] = [np.zeros(0, dtype=np.float32)] * len(examples)
    for fold in range(FOLDS):
        arcs = _arcs([examples[k] for k in known[folds[known] != fold].tolist()], seed)
        for k in np.flatnonzero(folds == fold).tolist():
            signals = examples[k].signals
            rows[k] = risk_row(signals, point_risks(arcs, signals))
    return np.stack(rows)


def fold_of(garments: Sequence[str]) -> NDArray[np.int64]:
    """The fold of each garment, by name alone, so that new photos move none."""
    digests = [sha256(f"fold/{garment}".encode()).digest()[:4] for garment in garments]
    return np.array([int.from_bytes(digest, "big") % FOLDS for digest in digests], dtype=np.int64)


def calibrate(log_odds: NDArray[np.floating], bad: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and shift that make sigmoid(slope x + shift) the probability of a bad label where
    `BASE_RATE` of all are bad (Platt 1999); the slope is never below 0.05, so order is kept."""
    weights = np.where(bad, BASE_RATE / max(bad.sum(), 1), (1 - BASE_RATE) / max((~bad).sum(), 1))
    fit = LogisticRegression(C=1e6).fit(
        np.asarray(log_odds)[:, None], bad, sample_weight=weights * len(bad)
    )
    return max(float(fit.coef_[0, 0]), 0.05), float(fit.intercept_[0])


def _arcs(examples: Sequence[Example], seed: int) -> Forest:
    return fit_arcs([ArcExample(e.signals.arcs, e.off) for e in examples], seed=seed)
