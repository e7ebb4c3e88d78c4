"""A bag: networks trained on all folds of the garments but one each, in one model file.

Source: Breiman 1996, Bagging predictors; with folds in place of bootstrap samples, so that every
photo is held back from one network, and figures and threshold come from photos not trained on.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from hemline.datasets.sample import Sample
from hemline.datasets.splits import Garment, folds_by_garment, without_garments_of
from hemline.segmentation.device import choose_device
from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.model_card import ModelCard, fold_name, network_names, read_card
from hemline.segmentation.model_file import join_models, load_model
from hemline.segmentation.recipe.recipe import Recipe
from hemline.segmentation.training.beginning import Start
from hemline.segmentation.training.network_training import (
    TrainedModel,
    photo_figures,
    train_network,
)
from hemline.segmentation.training.trainer import Watch
from hemline.segmentation.training.validation import compare, figures_of


def train_bag(
    recipe: Recipe,
    samples: Sequence[Sample],
    extra: Sequence[Sample],
    *,
    labels: Sequence[str],
    folds: int,
    start: Start,
    work_dir: Path,
    watch: Watch,
) -> TrainedModel:
    """Trains a network for each fold of the garments, and writes all into one model file.

    Each is trained on the other folds, in a folder with a checkpoint of its own, and its fold
    chooses its epoch. `extra` samples are trained on alone, never by the network whose fold has
    their garment. A parent with as many folds gives each network its own beginning, and the
    garments that it knew keep their folds; of any other parent all begin from the first network.

    Raises:
        DatasetError: there are fewer garments than folds, or no photo can be used.
        KeyboardInterrupt: `watch` asked to stop; the fold's checkpoint says where.
    """
    alone = recipe.model_copy(update={"bagging": None})
    epochs = (recipe.fine_tune if start.initial else recipe.schedule).epochs
    known = _known_folds(start.initial, folds)
    parts = folds_by_garment(samples, folds, seed=recipe.split.seed, known=known or {})
    everything = [*samples, *extra]
    place = {id(sample): index for index, sample in enumerate(everything)}
    cache = PixelCache(everything, recipe.input, work_dir / "photos.pixels", watch.photo)
    if not start.resume:
        for checkpoint in work_dir.glob("fold_*/checkpoint.pt"):
            checkpoint.unlink()
    trained: list[TrainedModel] = []
    held: list[PixelCache] = []
    for fold, part in enumerate(parts):
        others = [sample for other in parts if other is not part for sample in other]
        others += without_garments_of(extra, part)
        data = cache.part(sorted(place[id(sample)] for sample in others))
        held.append(cache.part([place[id(sample)] for sample in part]))
        watch.network(
            f"fold {fold + 1} of {folds}: {len(data)} photos to train on, {len(part)} held back"
        )
        trained.append(
            train_network(
                alone,
                labels,
                data,
                held[-1],
                start=replace(
                    start,
                    name=fold_name(fold) if known else "",
                    pixels=tuple(cache.counts.tolist()),
                ),
                work_dir=work_dir / f"fold_{fold + 1}",
                watch=watch.counting(fold * epochs, folds * epochs),
            )
        )
    return _join(recipe, labels, parts, trained, held, cache, start, work_dir)


def _join(
    recipe: Recipe,
    labels: Sequence[str],
    parts: Sequence[Sequence[Sample]],
    trained: Sequence[TrainedModel],
    held: Sequence[PixelCache],
    cache: PixelCache,
    start: Start,
    work_dir: Path,
) -> TrainedModel:
    """One model file of the networks, its figures and threshold from what each held back."""
    device = torch.device(choose_device(start.device))
    compared = [
        compare(load_model(one.path)[0].to(device), photos, recipe, labels, device)
        for one, photos in zip(trained, held, strict=True)
    ]
    found = figures_of(compared, recipe, labels)
    figures: dict[str, Any] = {
        "validation_dice": found.dice,
        "validation_score": found.score,
        "validation_labels": found.labels,
        "validated_on": sum(len(photos) for photos in held),
        **photo_figures(labels, cache, [*start.skipped, *cache.skipped]),
        "folds": [
            {
                "garments": sorted({(sample.source, sample.garment) for sample in part}),
                **{key: value for key, value in one.figures.items() if key != "skipped"},
            }
            for part, one in zip(parts, trained, strict=True)
        ],
    }
    path = work_dir / "model.safetensors"
    files = {fold_name(fold): one.path for fold, one in enumerate(trained)}
    groups = read_card(trained[0].path).groups
    card = ModelCard(recipe, tuple(labels), found.threshold, figures, groups=groups)
    join_models(path, files, card)
    return TrainedModel(path, figures)


def _known_folds(initial: Path | None, folds: int) -> dict[Garment, int] | None:
    """The fold of each garment that a parent with as many folds knew; None of another parent."""
    if initial is None:
        return None
    card = read_card(initial)
    if len(network_names(card.recipe)[0]) != folds:
        return None
    return {
        (source, garment): fold
        for fold, figures in enumerate(card.figures.get("folds", ()))
        for source, garment in figures["garments"]
    }
