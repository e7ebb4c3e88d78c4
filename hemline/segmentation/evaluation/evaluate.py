"""What a model is worth: figures of each photo at its own size, and the pixels of each class."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hemline.datasets.sample import Pixels, Sample
from hemline.errors import DatasetError, HemlineError
from hemline.masks.figures.boundary import boundary_figures
from hemline.masks.figures.overlap import (
    IGNORE,
    accuracy,
    class_dice,
    class_iou,
    class_precision,
    class_recall,
    confusion,
    foreground,
)
from hemline.segmentation.predictor import MaskPrediction


class DrawsMasks(Protocol):
    """What is used of hemline.segmentation.predictor.Predictor."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[MaskPrediction]: ...


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """Figures of one photo: of the garment as a whole, and Dice a label that either mask has.

    All lie in 0 to 1, 1 best, but `hd95` and `assd`, which are pixels of the photo, 0 best.
    """

    id: str
    garment: str
    dice: float
    iou: float
    precision: float
    recall: float
    boundary_iou: float
    boundary_f: float
    hd95: float
    assd: float
    pixel_accuracy: float
    labels: dict[str, float] = field(default_factory=dict)

    @property
    def mean_dice(self) -> float:
        """Mean Dice of the labels that either mask has; the garment's, 1, where neither has one."""
        return float(np.mean(list(self.labels.values()))) if self.labels else self.dice


@dataclass(frozen=True, slots=True)
class MeasuredPhoto:
    """One photo's figures with what they were taken of.

    `image` (H, W, 3) RGB, `truth` and `mask` (H, W) class ids; `matrix` is their confusion.
    """

    figures: ItemFigures
    image: Pixels
    truth: Pixels
    mask: Pixels
    matrix: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The figures of the photos that could be read, and (id, problem) of those that could not.

    `matrix` (C, C) counts the pixels of all photos, rows true classes, background first, and
    `photos` (C,) those whose truth has the class.
    """

    items: list[ItemFigures]
    skipped: list[tuple[str, str]]
    matrix: NDArray[np.int64]
    photos: NDArray[np.int64]


def evaluate(
    predictor: DrawsMasks,
    samples: Sequence[Sample],
    on_item: Callable[[MeasuredPhoto | None], None] = lambda measured: None,
) -> Evaluated:
    """Figures of a model on some samples, one photo in memory at a time.

    `on_item` is called for each sample, with None for one that could not be read.
    """
    classes = len(predictor.labels) + 1
    result = Evaluated([], [], np.zeros((classes, classes), np.int64), np.zeros(classes, np.int64))
    for sample in samples:
        try:
            measured = evaluate_one(predictor, sample)
        except (HemlineError, OSError) as error:
            result.skipped.append((sample.id, str(error)))
            on_item(None)
            continue
        result.items.append(measured.figures)
        result.matrix[...] += measured.matrix
        result.photos[...] += measured.matrix.sum(axis=1) > 0
        on_item(measured)
    return result


def evaluate_one(predictor: DrawsMasks, sample: Sample) -> MeasuredPhoto:
    """Figures of a model on one sample.

    Raises:
        HemlineError: the photo or its mask cannot be read, or the mask has an unknown class id, or
            not one pixel that somebody labelled.
    """
    image, truth = sample.load()
    if truth.min() == IGNORE:
        raise DatasetError("no pixel of its mask is labelled; label it or remove it")
    mask = predictor.predict([image])[0].mask
    matrix = confusion(mask, truth, classes=len(predictor.labels) + 1, ignore=IGNORE)
    figures = _figures(sample, mask, truth, matrix, predictor.labels)
    return MeasuredPhoto(figures, image, truth, mask, matrix)


def _figures(
    sample: Sample, mask: Pixels, truth: Pixels, matrix: NDArray[np.int64], labels: Sequence[str]
) -> ItemFigures:
    counted = truth != IGNORE
    outlines = boundary_figures((mask > 0) & counted, (truth > 0) & counted)
    garment = foreground(matrix)
    by_class = class_dice(matrix)[1:]
    return ItemFigures(
        id=sample.id,
        garment=sample.garment,
        dice=_of_garment(class_dice(garment)),
        iou=_of_garment(class_iou(garment)),
        precision=_of_garment(class_precision(garment)),
        recall=_of_garment(class_recall(garment)),
        boundary_iou=outlines.boundary_iou,
        boundary_f=outlines.boundary_f,
        hd95=outlines.hd95,
        assd=outlines.assd,
        pixel_accuracy=accuracy(matrix),
        labels={
            label: float(value)
            for label, value in zip(labels, by_class, strict=True)
            if not np.isnan(value)
        },
    )


def _of_garment(figures: NDArray[np.float64]) -> float:
    """The figure of the garment; 1 where truth and mask are both empty and so agree."""
    return 1.0 if np.isnan(figures[1]) else float(figures[1])
