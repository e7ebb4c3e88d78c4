"""An evaluation as one JSON object: each measure over the photos, then each class."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.masks.figures.overlap import (
    accuracy,
    class_dice,
    class_iou,
    class_precision,
    class_recall,
    foreground,
)
from hemline.masks.figures.statistics import summarise
from hemline.segmentation.evaluation.evaluate import Evaluated

MEASURES = (
    "dice",
    "iou",
    "boundary_iou",
    "pixel_accuracy",
    "boundary_f",
    "hd95",
    "assd",
    "precision",
    "recall",
    "f1",
)
DISTANCES = frozenset({"hd95", "assd"})


def evaluation_summary(result: Evaluated, labels: Sequence[str]) -> dict[str, Any]:
    """n, each of MEASURES over the photos, the pooled figures, a row a class, and warnings.

    Of each measure: mean and median with 95 % intervals, both corrected for outliers, and the ids
    of the photos that the corrected ones leave out; None where there is no photo. Classes are
    pooled over the pixels of all photos, the background first; a figure is None where neither
    truth nor prediction has the class. F1 is Dice under its other name.
    """
    measures = {measure: _measure(result, measure) for measure in MEASURES}
    classes = _class_rows(result, labels)
    return {
        "n": len(result.items),
        **measures,
        "pooled": _pooled(result.matrix),
        "classes": classes,
        "warnings": _warnings(classes[1:]) if result.items else [],
        "skipped": [{"id": name, "problem": why} for name, why in result.skipped],
    }


def _measure(result: Evaluated, measure: str) -> dict[str, Any]:
    name = "dice" if measure == "f1" else measure
    values = [getattr(item, name) for item in result.items]
    summary = asdict(summarise(values, worse="high" if measure in DISTANCES else "low"))
    del summary["n"], summary["outliers"]
    return {**summary, "left_out": [result.items[index].id for index in summary["left_out"]]}


def _pooled(matrix: NDArray[np.int64]) -> dict[str, float | None]:
    """Figures of all pixels together: of the garment, and means over the classes."""
    of_classes = class_iou(matrix)
    return {
        "iou": _known(class_iou(foreground(matrix))[1]),
        "dice": _known(class_dice(foreground(matrix))[1]),
        "macro_iou": _mean(of_classes[1:]),
        "mean_iou": _mean(of_classes),
        "macro_f1": _mean(class_dice(matrix)[1:]),
        "pixel_accuracy": accuracy(matrix) if matrix.any() else None,
    }


def _class_rows(result: Evaluated, labels: Sequence[str]) -> list[dict[str, Any]]:
    matrix = result.matrix
    figures = {
        "iou": class_iou(matrix),
        "dice": class_dice(matrix),
        "precision": class_precision(matrix),
        "recall": class_recall(matrix),
        "f1": class_dice(matrix),
    }
    total = max(int(matrix.sum()), 1)
    return [
        {
            "label": label,
            **{name: _known(values[class_id]) for name, values in figures.items()},
            "truth_share": int(matrix[class_id].sum()) / total,
            "predicted_share": int(matrix[:, class_id].sum()) / total,
            "photos": int(result.photos[class_id]),
        }
        for class_id, label in enumerate(("background", *labels))
    ]


def _warnings(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A class that was never found must not hide in a mean."""
    warnings = []
    for row in rows:
        if not row["photos"]:
            warnings.append(f"'{row['label']}' is in no photo, so nothing is known about it")
        elif not row["iou"]:
            warnings.append(f"'{row['label']}' is in {row['photos']} photos and was never found")
    return warnings


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _mean(values: NDArray[np.float64]) -> float | None:
    present = values[~np.isnan(values)]
    return float(present.mean()) if len(present) else None
