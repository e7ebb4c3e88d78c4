"""How good a network is on the photos held back: what chooses the best epoch and the threshold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hemline.masks.figures.histograms import THRESHOLDS, dice_by_threshold
from hemline.masks.figures.overlap import IGNORE
from hemline.segmentation.input.batches import as_tensors
from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.input.transforms import normalise
from hemline.segmentation.ranks.team import Team
from hemline.segmentation.recipe.parts import ENOUGH
from hemline.segmentation.recipe.recipe import Recipe
from hemline.segmentation.training.thresholds import best_threshold


@dataclass(frozen=True, slots=True)
class Validated:
    """Figures at the network's size, 0 to 1; None where fewer than 4 photos are held back.

    `dice` is the garment's, all labels together, averaged over photos, at `threshold`. `labels`
    is the IoU of each label over the pixels of all photos, None for one that neither the masks nor
    the network have; empty with one label. `score` chooses the best epoch: the Dice with one
    label, the mean of the labels' IoU with several.
    """

    score: float | None = None
    dice: float | None = None
    threshold: float = 0.5
    labels: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compared:
    """Photos beside their masks, before a threshold is chosen.

    `dice` is the garment's at each of histograms.THRESHOLDS, `(N, 63)`; `confusion` `(C, C)`
    counts the pixels of several labels by (true class, drawn class). Neither counts the pixels that
    nobody labelled, and a photo that has no other is not among the N.
    """

    dice: NDArray[np.float64]
    confusion: NDArray[np.int64]


def validate(
    model: Any,
    held: PixelCache,
    recipe: Recipe,
    labels: Sequence[str],
    device: torch.device,
    team: Team | None = None,
) -> Validated:
    """Figures of a network on the photos of a cache, which the processes of a team divide."""
    if len(held) < ENOUGH:
        return Validated()
    if team is None:
        return figures_of([compare(model, held, recipe, labels, device)], recipe, labels)
    own = compare(model, held, recipe, labels, device, team.share(len(held)))
    return team.tell(figures_of(team.collect(own), recipe, labels))


@torch.inference_mode()
def compare(
    model: Any,
    held: PixelCache,
    recipe: Recipe,
    labels: Sequence[str],
    device: torch.device,
    places: Iterable[int] | None = None,
) -> Compared:
    """What a network draws on the photos of a cache, or on some of them."""
    model.eval()
    rows = [np.zeros((0, len(THRESHOLDS)))]
    confusion = np.zeros((len(labels) + 1, len(labels) + 1), dtype=np.int64)
    for index in range(len(held)) if places is None else places:
        image, mask = as_tensors(held, index)
        truth = mask[0].numpy()
        known = truth != IGNORE
        if not known.any():
            continue
        batch = normalise(image[None].to(device), recipe.input.preprocess)
        logits = model(batch.to(memory_format=torch.channels_last)).float()
        binary = logits.shape[1] == 1
        garment = logits.sigmoid()[0, 0] if binary else 1 - logits.softmax(1)[0, 0]
        rows.append(dice_by_threshold(garment.cpu().numpy()[known], truth[known] > 0)[None])
        if not binary:
            drawn = logits[0].argmax(0).cpu().numpy()
            confusion += _confusion(truth[known], drawn[known], len(labels) + 1)
    return Compared(np.concatenate(rows), confusion)


def figures_of(parts: Sequence[Compared], recipe: Recipe, labels: Sequence[str]) -> Validated:
    """Figures of photos that one network or several have drawn, each photo counting alike."""
    dice = np.concatenate([part.dice for part in parts])
    if len(dice) < ENOUGH:
        return Validated()
    one = len(labels) == 1
    threshold = best_threshold(dice) if recipe.prediction.tune_threshold and one else 0.5
    mean = float(dice.mean(axis=0)[round(threshold * (dice.shape[1] + 1)) - 1])
    if one:
        return Validated(mean, mean, threshold)
    confusion = np.sum([part.confusion for part in parts], axis=0)
    by_label = _label_iou(confusion, labels)
    known = [value for value in by_label.values() if value is not None]
    return Validated(float(np.mean(known)) if known else 0.0, mean, threshold, by_label)


def _confusion(truth: NDArray[np.uint8], drawn: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """Pixels by (true class, drawn class)."""
    pairs = truth.astype(np.int64) * classes + drawn
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def _label_iou(confusion: NDArray[np.int64], labels: Sequence[str]) -> dict[str, float | None]:
    shared = np.diag(confusion)
    union = confusion.sum(0) + confusion.sum(1) - shared
    return {
        label: float(shared[k] / union[k]) if union[k] else None
        for k, label in enumerate(labels, start=1)
    }
