"""Training: from samples to a model file, resumed from its last checkpoint after a crash."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

from hemline.datasets.sample import Sample
from hemline.errors import DatasetError
from hemline.masks.histograms import dice_by_threshold
from hemline.segmentation.batches import as_tensors, plan_epoch, training_batches
from hemline.segmentation.checkpoint import Progress, load_checkpoint, save_checkpoint
from hemline.segmentation.losses import WeightedLoss
from hemline.segmentation.model_file import ModelCard, load_weights, read_card, save_model
from hemline.segmentation.networks import build_network, load_encoder
from hemline.segmentation.pixel_cache import PixelCache, Skipped
from hemline.segmentation.recipe import Recipe, Schedule
from hemline.segmentation.thresholds import best_threshold
from hemline.segmentation.transforms import normalise

_ENOUGH = 4  # validation photos; fewer choose at random, and the last epoch is the safer choice


@dataclass(frozen=True, slots=True)
class EpochReport:
    """One epoch: counted from 1, mean training loss, mean validation Dice (None below 4 photos)."""

    epoch: int
    epochs: int
    loss: float
    dice: float | None
    threshold: float
    seconds: float


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
    encoder: Path | None = None,
    resume: bool = False,
    device: str = "auto",
    on_epoch: Callable[[EpochReport], None] = lambda report: None,
) -> TrainedModel:
    """Trains a recipe's network and writes its best weights to `work_dir`/model.safetensors.

    `initial` is a parent's model file: its weights are fine-tuned. `encoder` is a safetensors
    file of encoder weights, for a training without a parent. `work_dir` holds the pixel cache and
    a checkpoint, written after each epoch, from which `resume` goes on.

    Raises:
        DatasetError: no sample can be read.
        ModelError: `initial`, `encoder` or the checkpoint belongs to another network or training.
        RecipeError: the recipe's network cannot be built.
    """
    torch.manual_seed(recipe.seed)
    fabric = _fabric(device)
    schedule = recipe.fine_tune if initial else recipe.schedule
    data = PixelCache(samples, pixels=recipe.input.pixels, path=work_dir / "train.pixels")
    held = PixelCache(validation, pixels=recipe.input.pixels, path=work_dir / "validation.pixels")
    if not len(data):
        why = f": {data.skipped[0].problem}" if data.skipped else ""
        raise DatasetError(f"none of {len(samples)} training photos can be used{why}")

    model = _initial_network(recipe, labels, initial, encoder)
    rate = recipe.fine_tune_rate if initial else recipe.optimiser.rate
    repeats = max(1, -(-schedule.least_steps * schedule.batch // len(data)))
    steps = len(plan_epoch(data, batch=schedule.batch, repeats=repeats, seed=0, epoch=0))
    optimiser = AdamW(model.parameters(), lr=rate, weight_decay=recipe.optimiser.weight_decay)
    scheduler = OneCycleLR(
        optimiser,
        max_lr=rate,
        total_steps=schedule.epochs * steps,
        pct_start=recipe.optimiser.warm_up,
    )
    model, optimiser = fabric.setup(model.to(memory_format=torch.channels_last), optimiser)
    loss = WeightedLoss(recipe.loss, outputs=1 if len(labels) == 1 else len(labels) + 1)

    identity = _identity(recipe, labels, data.ids, initial)
    checkpoint = work_dir / "checkpoint.pt"
    progress = Progress()
    if resume and checkpoint.exists():
        progress = load_checkpoint(checkpoint, identity, model, optimiser, scheduler)
    while not _finished(progress, schedule):
        report = _epoch(
            fabric,
            model,
            optimiser,
            scheduler,
            loss,
            data,
            held,
            recipe,
            schedule,
            repeats,
            progress.epoch + 1,
        )
        progress.add(asdict(report), report.dice, report.threshold, model)
        save_checkpoint(checkpoint, identity, progress, model, optimiser, scheduler)
        if progress.best_epoch == progress.epoch:  # a training that is stopped leaves its best
            _write(work_dir, recipe, labels, progress, data, held)
        on_epoch(report)
    return _write(work_dir, recipe, labels, progress, data, held)


def _write(
    work_dir: Path,
    recipe: Recipe,
    labels: Sequence[str],
    progress: Progress,
    data: PixelCache,
    held: PixelCache,
) -> TrainedModel:
    """Writes the best weights so far as the model file."""
    figures = _figures(progress, data, held)
    path = work_dir / "model.safetensors"
    card = ModelCard(recipe, tuple(labels), progress.best_threshold, figures)
    save_model(path, progress.best_weights, card)
    return TrainedModel(path, figures)


def _fabric(device: str) -> Fabric:
    accelerator = {"auto": "auto", "cpu": "cpu", "cuda": "cuda"}[device]
    on_gpu = accelerator != "cpu" and torch.cuda.is_available()
    fabric = Fabric(
        accelerator=accelerator, devices=1, precision="bf16-mixed" if on_gpu else "32-true"
    )
    fabric.launch()
    return fabric


def _initial_network(
    recipe: Recipe, labels: Sequence[str], initial: Path | None, encoder: Path | None
) -> nn.Module:
    model = build_network(recipe.network, len(labels))
    if initial:
        load_weights(model, initial, same_labels=read_card(initial).labels == tuple(labels))
    elif encoder:
        load_encoder(model, encoder)
    return model


def _finished(progress: Progress, schedule: Schedule) -> bool:
    waited = progress.epoch - progress.best_epoch
    return progress.epoch >= schedule.epochs or (progress.epoch > 0 and waited >= schedule.patience)


def _epoch(
    fabric: Fabric,
    model: Any,
    optimiser: Any,
    scheduler: OneCycleLR,
    loss: WeightedLoss,
    data: PixelCache,
    held: PixelCache,
    recipe: Recipe,
    schedule: Schedule,
    repeats: int,
    epoch: int,
) -> EpochReport:
    begin = time.monotonic()
    model.train()
    plan = plan_epoch(data, batch=schedule.batch, repeats=repeats, seed=recipe.seed, epoch=epoch)
    total = 0.0
    for images, masks in training_batches(
        data, plan, recipe.augment, seed=recipe.seed, epoch=epoch
    ):
        images = normalise(images.to(fabric.device)).to(memory_format=torch.channels_last)
        value = loss(model(images), masks.to(fabric.device))
        fabric.backward(value)
        fabric.clip_gradients(model, optimiser, max_norm=1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        scheduler.step()
        total += value.item()
    dice, threshold = _validate(fabric, model, held, recipe)
    return EpochReport(
        epoch, schedule.epochs, total / len(plan), dice, threshold, time.monotonic() - begin
    )


@torch.inference_mode()
def _validate(
    fabric: Fabric, model: Any, held: PixelCache, recipe: Recipe
) -> tuple[float | None, float]:
    """Mean Dice of the garment, all labels together, and the threshold it was reached at."""
    if len(held) < _ENOUGH:
        return None, 0.5
    model.eval()
    rows = []
    for index in range(len(held)):
        image, mask = as_tensors(held, index)
        batch = normalise(image[None].to(fabric.device)).to(memory_format=torch.channels_last)
        logits = model(batch).float()
        garment = logits.sigmoid()[0, 0] if logits.shape[1] == 1 else 1 - logits.softmax(1)[0, 0]
        rows.append(dice_by_threshold(garment.cpu().numpy(), (mask[0] > 0).numpy()))
    dice = np.array(rows)
    tune = recipe.prediction.tune_threshold and logits.shape[1] == 1
    threshold = best_threshold(dice) if tune else 0.5
    return float(dice.mean(axis=0)[round(threshold * (dice.shape[1] + 1)) - 1]), threshold


def _identity(
    recipe: Recipe, labels: Sequence[str], ids: Sequence[str], initial: Path | None
) -> str:
    """What makes two trainings the same one: a checkpoint of another must not be gone on with."""
    parts = [recipe.model_dump_json(), *labels, "|", *ids, "|", initial.name if initial else ""]
    return sha256("\n".join(parts).encode()).hexdigest()


def _figures(progress: Progress, data: PixelCache, held: PixelCache) -> dict[str, Any]:
    skipped: list[Skipped] = [*data.skipped, *held.skipped]
    return {
        "best_epoch": progress.best_epoch,
        "validation_dice": progress.best_dice,
        "trained_on": len(data),
        "validated_on": len(held),
        "skipped": [asdict(item) for item in skipped],
        "curve": progress.curve,
    }
