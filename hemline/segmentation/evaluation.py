"""What a model is worth: figures of each photo at its own size, and their summary."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from hemline.datasets.sample import Sample
from hemline.errors import HemlineError
from hemline.masks.boundary import boundary_f, boundary_iou
from hemline.masks.overlap import dice, iou, pixel_accuracy
from hemline.segmentation.predictor import Predictor

MEASURES = ("dice", "iou", "boundary_iou", "boundary_f", "pixel_accuracy")


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """Figures of one photo, 0 to 1: of the garment as a whole, and Dice a label."""

    id: str
    garment: str
    dice: float
    iou: float
    boundary_iou: float
    boundary_f: float
    pixel_accuracy: float
    labels: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The figures of the photos that could be read, and (id, problem) of those that could not."""

    items: list[ItemFigures]
    skipped: list[tuple[str, str]]


def evaluate(
    predictor: Predictor, samples: Sequence[Sample], on_item: Callable[[], None] = lambda: None
) -> Evaluated:
    """Figures of a model on some samples, one photo in memory at a time."""
    items: list[ItemFigures] = []
    skipped: list[tuple[str, str]] = []
    for sample in samples:
        try:
            items.append(evaluate_one(predictor, sample))
        except (HemlineError, OSError) as error:
            skipped.append((sample.id, str(error)))
        on_item()
    return Evaluated(items, skipped)


def evaluate_one(predictor: Predictor, sample: Sample) -> ItemFigures:
    """Figures of a model on one sample. Each class counts where truth or mask has it."""
    image, truth = sample.load()
    mask = predictor.predict([image])[0].mask
    garment, drawn = truth > 0, mask > 0
    present = sorted({*np.unique(truth).tolist(), *np.unique(mask).tolist()} - {0})
    by_label = {predictor.labels[k - 1]: dice(mask == k, truth == k) for k in present}
    return ItemFigures(
        id=sample.id,
        garment=sample.garment,
        dice=dice(drawn, garment),
        iou=iou(drawn, garment),
        boundary_iou=boundary_iou(drawn, garment),
        boundary_f=boundary_f(drawn, garment),
        pixel_accuracy=pixel_accuracy(mask, truth),
        labels=by_label,
    )


def summarise(items: Sequence[ItemFigures]) -> dict[str, Any]:
    """n, then mean and median of each measure, then mean Dice a label over the photos with it."""
    summary: dict[str, Any] = {"n": len(items)}
    rows = [asdict(item) for item in items]
    for measure in MEASURES if rows else ():
        values = [row[measure] for row in rows]
        summary[measure] = {"mean": float(np.mean(values)), "median": float(np.median(values))}
    names = sorted({name for item in items for name in item.labels})
    summary["labels"] = {
        name: float(np.mean([item.labels[name] for item in items if name in item.labels]))
        for name in names
    }
    return summary
