"""What a simulation measured after some corrections, and the tables of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hemline.masks.figures.overlap import class_dice, class_iou


@dataclass(frozen=True, slots=True)
class LabelIou:
    """One label on the unseen photos: how many show it, and the IoU of all their pixels, 0 to 1;
    NaN where neither truth nor pre-fills have it."""

    photos: int
    iou: float


@dataclass(frozen=True, slots=True)
class Row:
    """The pre-fill of the unseen photos after some corrections; Dice 0 to 1.

    A photo's Dice is the mean over the labels that truth or pre-fill has, 1 where neither has one.
    """

    corrections: int
    model_version: str
    mean_dice: float
    median_dice: float
    worst_tenth: float  # mean Dice of the worst tenth
    decision: str
    minutes: float  # since the first correction
    labels: dict[str, LabelIou] = field(default_factory=dict)

    @property
    def mean_iou(self) -> float:
        """The mean over the labels that are there; NaN where none is."""
        found = [each.iou for each in self.labels.values() if not np.isnan(each.iou)]
        return float(np.mean(found)) if found else float("nan")

    @property
    def in_words(self) -> str:
        iou = f", mean IoU {_number(self.mean_iou)}" if len(self.labels) > 1 else ""
        return (
            f"{self.corrections} corrections: mean Dice {self.mean_dice:.4f}, median "
            f"{self.median_dice:.4f}{iou} with {self.model_version} ({self.decision})"
        )


def row_of(
    matrices: Sequence[NDArray[np.int64]],
    labels: Sequence[str],
    *,
    corrections: int,
    model_version: str,
    decision: str,
    minutes: float,
) -> Row:
    """The row of some photos' confusion matrices, each `(C, C)`, background first."""
    values = np.sort([_dice(matrix) for matrix in matrices])
    whole = np.sum(matrices, axis=0)
    photos = np.sum([matrix.sum(axis=1) > 0 for matrix in matrices], axis=0)
    ious = class_iou(whole)
    return Row(
        corrections,
        model_version,
        float(values.mean()),
        float(np.median(values)),
        float(values[: max(1, len(values) // 10)].mean()),
        decision,
        minutes,
        {label: LabelIou(int(photos[k]), float(ious[k])) for k, label in enumerate(labels, 1)},
    )


def as_markdown(rows: Sequence[Row]) -> str:
    """The rows as a table for docs, and a second one of the labels where there are several."""
    several = len(rows[0].labels) > 1
    names = ["corrections", "model version", "mean Dice", "median", "worst tenth"]
    names += [*(["mean IoU"] if several else []), "minutes", "decision"]
    lines = [_line(names), "|---" * len(names) + "|"]
    for row in rows:
        figures = [row.mean_dice, row.median_dice, row.worst_tenth]
        figures += [row.mean_iou] if several else []
        cells = [str(row.corrections), row.model_version, *map(_number, figures)]
        lines.append(_line([*cells, f"{row.minutes:.0f}", row.decision]))
    if several:
        lines += ["", *_label_lines(rows)]
    return "\n".join(lines) + "\n"


def _label_lines(rows: Sequence[Row]) -> list[str]:
    columns = [f"IoU after {row.corrections}" for row in rows]
    names = ["label", "photos", *columns, "change"]
    lines = [_line(names), "|---" + "|--:" * (len(names) - 1) + "|"]
    for label, begun in rows[0].labels.items():
        ious = [row.labels[label].iou for row in rows]
        lines.append(_line([label.replace("|", "\\|"), str(begun.photos), *_change(ious)]))
    means = [row.mean_iou for row in rows]
    return [*lines, _line(["mean", "", *_change(means)])]


def _change(values: Sequence[float]) -> list[str]:
    difference = values[-1] - values[0]
    change = "–" if np.isnan(difference) else f"{difference:+.4f}"
    return [*map(_number, values), change]


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.4f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _dice(matrix: NDArray[np.int64]) -> float:
    values = class_dice(matrix)[1:]
    found = values[~np.isnan(values)]
    return float(found.mean()) if len(found) else 1.0
