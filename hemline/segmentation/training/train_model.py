"""Training: from samples to a model file, resumed from its last checkpoint after a crash."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hemline.datasets.sample import Sample, Skipped
from hemline.datasets.splits import without_garments_of
from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.ranks.team import Team
from hemline.segmentation.recipe.recipe import Recipe
from hemline.segmentation.training.bagging import train_bag
from hemline.segmentation.training.beginning import Start
from hemline.segmentation.training.double_training import train_both
from hemline.segmentation.training.network_training import TrainedModel, train_network
from hemline.segmentation.training.specialists import train_specialists
from hemline.segmentation.training.trainer import EpochReport, Watch

__all__ = ["EpochReport", "TrainedModel", "Watch", "train"]


def train(
    recipe: Recipe,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    *,
    labels: Sequence[str],
    work_dir: Path,
    extra: Sequence[Sample] = (),
    skipped: Sequence[Skipped] = (),
    initial: Path | None = None,
    encoder: str | Path | None = None,
    resume: bool = False,
    device: str = "auto",
    team: Team | None = None,
    on_epoch: Callable[[EpochReport], None] = lambda report: None,
    watch: Watch | None = None,
) -> TrainedModel:
    """Trains a recipe's networks and writes their best weights to `work_dir`/model.safetensors.

    `extra` samples, whose masks nobody vouches for, are trained on and nothing else: none chooses
    an epoch or a threshold, and none of a garment that does is used. `skipped` are photos that were
    found unusable before, which the card names with those found here. `initial` is a parent's model
    file: its weights are fine-tuned. `encoder` is a safetensors file of encoder weights, or a name
    of weights that the library downloads ("imagenet"), for a training without a parent. `work_dir`
    holds the pixel cache, the curve and a checkpoint, written after each epoch, from which `resume`
    goes on. `team` are the processes that train together, of which this is the first; the others
    `follow`. `on_epoch` is short for a watch of epochs alone. A bag deals `samples` and
    `validation` into its folds together.

    Raises:
        DatasetError: no sample can be read, or there are fewer garments than folds.
        ModelError: `initial`, `encoder` or the checkpoint belongs to another network or training.
        RecipeError: the recipe's network cannot be built.
        KeyboardInterrupt: `watch` asked to stop; the checkpoint says where.
    """
    watch = watch or replace(Watch(), epoch=on_epoch)
    start = Start(
        initial=initial,
        encoder=encoder,
        resume=resume,
        device=device,
        skipped=tuple(skipped),
        team=team,
    )
    alone = recipe.model_copy(update={"second_pass": None})

    def train_pass(
        see: Callable[[Sample], Sample], initial: Path | None, folder: Path, watch: Watch
    ) -> TrainedModel:
        """Trains the networks of one pass on the samples as `see` shows them."""
        return _train_pass(
            alone,
            [see(sample) for sample in samples],
            [see(sample) for sample in validation],
            [see(sample) for sample in extra],
            labels=labels,
            start=replace(start, initial=initial),
            work_dir=folder,
            watch=watch,
        )

    if recipe.second_pass is None:
        return train_pass(lambda sample: sample, initial, work_dir, watch)
    return train_both(
        train_pass, recipe, initial=initial, work_dir=work_dir, device=device, watch=watch
    )


def labels_without_pixels(labels: Sequence[str], figures: dict[str, Any]) -> list[str]:
    """The labels that no training photo had: a network cannot learn them."""
    return [label for label in labels if not figures["pixels"].get(label)]


def _train_pass(
    recipe: Recipe,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    extra: Sequence[Sample],
    *,
    labels: Sequence[str],
    start: Start,
    work_dir: Path,
    watch: Watch,
) -> TrainedModel:
    if recipe.bagging:
        return train_bag(
            recipe,
            [*samples, *validation],
            extra,
            labels=labels,
            folds=recipe.bagging.folds,
            start=start,
            work_dir=work_dir,
            watch=watch,
        )
    used = [*samples, *without_garments_of(extra, validation)]
    if recipe.specialists:
        return train_specialists(
            recipe,
            recipe.specialists,
            used,
            validation,
            labels=labels,
            start=start,
            work_dir=work_dir,
            watch=watch,
        )
    data = PixelCache(used, recipe.input, work_dir / "train.pixels", watch.photo)
    held = PixelCache(validation, recipe.input, work_dir / "validation.pixels", watch.photo)
    watch.network(f"{len(data)} photos to train on, {len(held)} to validate on")
    return train_network(recipe, labels, data, held, start=start, work_dir=work_dir, watch=watch)
