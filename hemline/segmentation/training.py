"""Training: from samples to a model file, resumed from its last checkpoint after a crash."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hemline.datasets.sample import Sample
from hemline.errors import DatasetError
from hemline.segmentation.checkpoint import Progress
from hemline.segmentation.curve import draw_curve
from hemline.segmentation.double_training import train_both
from hemline.segmentation.model_file import ModelCard, load_weights, read_card, save_model
from hemline.segmentation.networks import build_network, load_encoder
from hemline.segmentation.pixel_cache import PixelCache, Skipped
from hemline.segmentation.recipe import Recipe
from hemline.segmentation.trainer import EpochReport, Trainer, Watch

log = logging.getLogger(__name__)

__all__ = ["EpochReport", "TrainedModel", "Watch", "train"]


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A finished training: its model file, and figures with the curve and what was skipped."""

    path: Path
    figures: dict[str, Any]


def train(
    recipe: Recipe,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    *,
    labels: Sequence[str],
    work_dir: Path,
    initial: Path | None = None,
    encoder: str | Path | None = None,
    resume: bool = False,
    device: str = "auto",
    on_epoch: Callable[[EpochReport], None] = lambda report: None,
    watch: Watch | None = None,
) -> TrainedModel:
    """Trains a recipe's network and writes its best weights to `work_dir`/model.safetensors.

    `initial` is a parent's model file: its weights are fine-tuned. `encoder` is a safetensors
    file of encoder weights, or a name of weights that the library downloads ("imagenet"), for a
    training without a parent. `work_dir` holds the pixel cache, the curve and a checkpoint, written
    after each epoch, from which `resume` goes on. `on_epoch` is short for a watch of epochs alone.

    Raises:
        DatasetError: no sample can be read.
        ModelError: `initial`, `encoder` or the checkpoint belongs to another network or training.
        RecipeError: the recipe's network cannot be built.
        KeyboardInterrupt: `watch` asked to stop; the checkpoint says where.
    """
    watch = watch or replace(Watch(), epoch=on_epoch)
    if recipe.second_pass is None:
        return _train_one(
            recipe, samples, validation, labels=labels, work_dir=work_dir, initial=initial,
            encoder=encoder, resume=resume, device=device, watch=watch,
        )  # fmt: skip

    def train_one(
        alone: Recipe,
        samples: Sequence[Sample],
        validation: Sequence[Sample],
        initial: Path | None,
        folder: Path,
        watch: Watch,
    ) -> tuple[Path, dict[str, Any]]:
        trained = _train_one(
            alone, samples, validation, labels=labels, work_dir=folder, initial=initial,
            encoder=encoder, resume=resume, device=device, watch=watch,
        )  # fmt: skip
        return trained.path, trained.figures

    path, figures = train_both(
        train_one, recipe, samples, validation,
        initial=initial, work_dir=work_dir, device=device, watch=watch,
    )  # fmt: skip
    return TrainedModel(path, figures)


def _train_one(
    recipe: Recipe,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    *,
    labels: Sequence[str],
    work_dir: Path,
    initial: Path | None,
    encoder: str | Path | None,
    resume: bool,
    device: str,
    watch: Watch,
) -> TrainedModel:
    torch.manual_seed(recipe.seed)
    model = _initial_network(recipe, labels, initial, encoder)
    data = PixelCache(samples, recipe.input, work_dir / "train.pixels", watch.photo)
    held = PixelCache(validation, recipe.input, work_dir / "validation.pixels", watch.photo)
    if not len(data):
        why = f": {data.skipped[0].problem}" if data.skipped else ""
        raise DatasetError(f"none of {len(samples)} training photos can be used{why}")
    trainer = Trainer(
        recipe, labels, model, data, held, fine_tune=initial is not None, device=device
    )
    identity = _identity(recipe, labels, data.ids, initial)
    checkpoint = work_dir / "checkpoint.pt"
    progress = Progress()
    if resume and checkpoint.exists():
        progress = trainer.load(checkpoint, identity)
    while not trainer.finished(progress):
        report = trainer.run_epoch(progress, watch, checkpoint, identity)
        progress.add(
            asdict(report),
            report.score,
            report.threshold,
            trainer.model,
            min_delta=trainer.schedule.min_delta,
        )
        trainer.save(checkpoint, identity, progress)
        draw_curve(progress.curve, work_dir / "curve.svg")
        if progress.best_epoch == progress.epoch:  # a training that is stopped leaves its best
            _write(work_dir, recipe, labels, progress, data, held)
        _warn_of_zeros(report)
        watch.epoch(report)
    return _write(work_dir, recipe, labels, progress, data, held)


def _warn_of_zeros(report: EpochReport) -> None:
    """No class ends at 0 unnoticed: a mean over many hides it."""
    zeros = [label for label, value in report.labels.items() if value == 0]
    if zeros:
        log.warning(
            "after epoch %d the network does not find %s (IoU 0 on validation)",
            report.epoch, ", ".join(f"'{label}'" for label in zeros),
        )  # fmt: skip


def labels_without_pixels(labels: Sequence[str], figures: dict[str, Any]) -> list[str]:
    """The labels that no training photo had: a network cannot learn them."""
    return [label for label in labels if not figures["pixels"].get(label)]


def _write(
    work_dir: Path,
    recipe: Recipe,
    labels: Sequence[str],
    progress: Progress,
    data: PixelCache,
    held: PixelCache,
) -> TrainedModel:
    """Writes the best weights so far as the model file."""
    figures = _figures(labels, progress, data, held)
    path = work_dir / "model.safetensors"
    card = ModelCard(recipe, tuple(labels), progress.best_threshold, figures)
    save_model(path, progress.best_weights, card)
    return TrainedModel(path, figures)


def _initial_network(
    recipe: Recipe, labels: Sequence[str], initial: Path | None, encoder: str | Path | None
) -> nn.Module:
    model = build_network(recipe.network, len(labels))
    if initial:
        load_weights(model, initial, same_labels=read_card(initial).labels == tuple(labels))
    elif encoder:
        load_encoder(model, encoder, recipe.network)
    return model


def _identity(
    recipe: Recipe, labels: Sequence[str], ids: Sequence[str], initial: Path | None
) -> str:
    """What makes two trainings the same one: a checkpoint of another must not be gone on with."""
    parts = [recipe.model_dump_json(), *labels, "|", *ids, "|", initial.name if initial else ""]
    return sha256("\n".join(parts).encode()).hexdigest()


def _figures(
    labels: Sequence[str], progress: Progress, data: PixelCache, held: PixelCache
) -> dict[str, Any]:
    skipped: list[Skipped] = [*data.skipped, *held.skipped]
    best = progress.curve[progress.best_epoch - 1]
    return {
        "best_epoch": progress.best_epoch,
        "validation_dice": best["dice"],
        "validation_score": best["score"],
        "validation_labels": best["labels"],
        "trained_on": len(data),
        "validated_on": len(held),
        "pixels": {label: int(data.counts[k]) for k, label in enumerate(labels, start=1)},
        "skipped": [asdict(item) for item in skipped],
        "curve": progress.curve,
    }
