"""The training of one network to a model file, resumed from its last checkpoint."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from hemline.datasets.sample import Skipped
from hemline.errors import DatasetError, ModelError
from hemline.segmentation.groups import Groups
from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.model_card import ModelCard, file_digest
from hemline.segmentation.model_file import save_model
from hemline.segmentation.ranks.job import NetworkJob
from hemline.segmentation.ranks.joining import team_of_one
from hemline.segmentation.recipe.recipe import Recipe
from hemline.segmentation.training.beginning import Start, begin
from hemline.segmentation.training.checkpoint import TrainingProgress
from hemline.segmentation.training.curve import draw_curve
from hemline.segmentation.training.trainer import EpochReport, Trainer, Watch

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A finished training: its model file, and figures with the curve and what was skipped."""

    path: Path
    figures: dict[str, Any]


def train_network(
    recipe: Recipe,
    labels: Sequence[str],
    data: PixelCache,
    held: PixelCache,
    *,
    start: Start,
    work_dir: Path,
    watch: Watch,
) -> TrainedModel:
    """Trains one network on `data`, `held` choosing its epoch, into `work_dir`/model.safetensors.

    Raises:
        DatasetError: no photo can be used.
        ModelError: parent, encoder or checkpoint belongs to another network or training.
        RecipeError: the recipe's network cannot be built.
        KeyboardInterrupt: `watch` asked to stop; the checkpoint says where.
    """
    torch.manual_seed(recipe.seed)
    model, groups = begin(recipe, labels, data, start)
    if not len(data):
        why = f": {data.skipped[0].problem}" if data.skipped else ""
        raise DatasetError(f"none of {len(data.skipped)} training photos can be used{why}")
    if not data.counts[: len(labels) + 1].any():
        raise DatasetError(
            f"at {recipe.input.pixels} pixels a photo, nothing labelled is left in the masks of "
            f"the {len(data)} training photos; label more of them or raise input.pixels"
        )
    team, fine_tune = start.team or team_of_one(start.device), start.initial is not None
    team.check(recipe, model, (recipe.fine_tune if fine_tune else recipe.schedule).batch)
    team.call(NetworkJob(recipe, tuple(labels), groups, data.on_disk, held.on_disk, fine_tune))
    trainer = Trainer(recipe, labels, model, data, held, fine_tune=fine_tune, team=team)
    identity = _identity(recipe, labels, data.ids, start)
    checkpoint = work_dir / "checkpoint.pt"
    progress = TrainingProgress()
    if start.resume and checkpoint.exists():
        try:
            progress = trainer.load(checkpoint, identity)
        except ModelError:
            team.call_off()
            raise
    progress = trainer.level(progress)
    while not trainer.finished(progress):
        report = trainer.run_epoch(progress, watch, checkpoint, identity)
        trainer.take(progress, report)
        trainer.save(checkpoint, identity, progress)
        draw_curve(progress.curve, work_dir / "curve.svg")
        if progress.best_epoch == progress.epoch:  # a training that is stopped leaves its best
            _write(work_dir, recipe, labels, groups, progress, data, held, start.skipped)
        _warn_of_zeros(report)
        watch.epoch(report)
    team.over()
    return _write(work_dir, recipe, labels, groups, progress, data, held, start.skipped)


def photo_figures(
    labels: Sequence[str], data: PixelCache, skipped: Sequence[Skipped]
) -> dict[str, Any]:
    """What a card says of the photos that a network was trained on."""
    return {
        "trained_on": len(data),
        "pixels": {label: int(data.counts[k]) for k, label in enumerate(labels, start=1)},
        "skipped": [asdict(item) for item in skipped],
    }


def _warn_of_zeros(report: EpochReport) -> None:
    """No class ends at 0 unnoticed: a mean over many hides it."""
    zeros = [label for label, value in report.labels.items() if value == 0]
    if zeros:
        log.warning(
            "after epoch %d the network does not find %s (IoU 0 on validation)",
            report.epoch,
            ", ".join(f"'{label}'" for label in zeros),
        )


def _write(
    work_dir: Path,
    recipe: Recipe,
    labels: Sequence[str],
    groups: Groups | None,
    progress: TrainingProgress,
    data: PixelCache,
    held: PixelCache,
    skipped: Sequence[Skipped],
) -> TrainedModel:
    """Writes the best weights so far as the model file."""
    figures = _figures(labels, progress, data, held, skipped)
    path = work_dir / "model.safetensors"
    card = ModelCard(recipe, tuple(labels), progress.best_threshold, figures, groups=groups)
    save_model(path, progress.best_weights, card)
    return TrainedModel(path, figures)


def _identity(recipe: Recipe, labels: Sequence[str], ids: Sequence[str], start: Start) -> str:
    """What makes two trainings the same one: a checkpoint of another must not be gone on with.

    The number of epochs is left to the rates, most of which do not depend on it.
    """
    epochs = {"schedule": {"epochs"}, "fine_tune": {"epochs"}}
    parent = [file_digest(start.initial), start.name] if start.initial else []
    parts = [recipe.model_dump_json(exclude=epochs), *labels, "|", *ids, "|", *parent]
    return sha256("\n".join(parts).encode()).hexdigest()


def _figures(
    labels: Sequence[str],
    progress: TrainingProgress,
    data: PixelCache,
    held: PixelCache,
    skipped: Sequence[Skipped],
) -> dict[str, Any]:
    best = progress.curve[progress.best_epoch - 1]
    return {
        "best_epoch": progress.best_epoch,
        "validation_dice": best["dice"],
        "validation_score": best["score"],
        "validation_labels": best["labels"],
        "validated_on": len(held),
        **photo_figures(labels, data, [*skipped, *data.skipped, *held.skipped]),
        "curve": progress.curve,
    }
