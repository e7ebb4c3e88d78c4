"""A network for each type of garment behind a chooser, as the report on mannequin cut-outs left it
to others: copies of the general network, each fine-tuned on one type alone."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hemline.datasets.sample import Sample
from hemline.errors import HemlineError
from hemline.segmentation.device import choose_device
from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.model_card import ModelCard, read_card, specialist_name
from hemline.segmentation.model_file import join_models, load_model
from hemline.segmentation.networks.type_chooser import TypeChooser
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.parts import ENOUGH, Specialists
from hemline.segmentation.recipe.recipe import Recipe
from hemline.segmentation.training.beginning import Start
from hemline.segmentation.training.network_training import TrainedModel, train_network
from hemline.segmentation.training.trainer import Watch
from hemline.segmentation.training.validation import validate

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Type:
    """The samples of one type, and their places among all."""

    name: str
    garments: int
    train: list[int]
    held: list[int]


def train_specialists(
    recipe: Recipe,
    options: Specialists,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    *,
    labels: Sequence[str],
    start: Start,
    work_dir: Path,
    watch: Watch,
) -> TrainedModel:
    """Trains the general network, then one a type, and the chooser, into one model file.

    A type gets a network where `options.least` garments and 4 held-back photos have it. It begins
    from the general one and is kept if it is better than that on the held-back photos of its type.
    The figures are the general network's, with a row a type in "specialists" and the "chooser"'s.

    Raises:
        DatasetError: no photo can be used.
        KeyboardInterrupt: `watch` asked to stop; the network's checkpoint says where.
    """
    alone = recipe.model_copy(update={"specialists": None})
    data = PixelCache(samples, recipe.input, work_dir / "train.pixels", watch.photo)
    held = PixelCache(validation, recipe.input, work_dir / "validation.pixels", watch.photo)
    types = _types(samples, validation)
    worth = [
        found for found in types if found.garments >= options.least and len(found.held) >= ENOUGH
    ]
    if not worth:
        log.warning(
            "no type of garment has %d garments to train on and %d photos held back, so only the "
            "general network is trained; name the types in types.csv, or lower specialists.least",
            options.least,
            ENOUGH,
        )
    if not start.resume:
        for checkpoint in work_dir.glob("type_*/checkpoint.pt"):
            checkpoint.unlink()
    first = (recipe.fine_tune if start.initial else recipe.schedule).epochs
    total = first + len(worth) * recipe.fine_tune.epochs
    watch.network(
        f"general network: {len(data)} photos to train on, {len(held)} held; then {len(worth)} of "
        f"{len(types)} types of garment"
    )
    general = train_network(
        alone,
        labels,
        data,
        held,
        start=start,
        work_dir=work_dir / "general",
        watch=watch.counting(0, total),
    )
    rows: list[dict[str, Any]] = []
    kept: dict[str, Path] = {}
    for index, found in enumerate(worth):
        photos = data.part(found.train), held.part(found.held)
        watch.network(f"{found.name}: {len(photos[0])} photos to train on, {len(photos[1])} held")
        special = train_network(
            alone,
            labels,
            *photos,
            start=replace(start, initial=general.path, name="", encoder=None),
            work_dir=work_dir / f"type_{index + 1}",
            watch=watch.counting(first + index * recipe.fine_tune.epochs, total),
        )
        row = _compare(alone, labels, photos[1], general, special, start.device)
        rows.append({"type": found.name, "garments": found.garments, **row})
        if row["kept"]:
            kept[found.name] = special.path
    chooser, told = _fit_chooser(general.path, samples, validation, start.device)
    kept = kept if chooser else {}
    return _join(recipe, general, kept, rows, chooser if kept else None, told, work_dir)


def _types(samples: Sequence[Sample], validation: Sequence[Sample]) -> list[_Type]:
    train: dict[str, list[int]] = defaultdict(list)
    held: dict[str, list[int]] = defaultdict(list)
    for places, part in ((train, samples), (held, validation)):
        for place, sample in enumerate(part):
            if sample.garment_type:
                places[sample.garment_type].append(place)
    return [
        _Type(
            name,
            len({(samples[place].source, samples[place].garment) for place in places}),
            places,
            held[name],
        )
        for name, places in sorted(train.items())
    ]


def _compare(
    recipe: Recipe,
    labels: Sequence[str],
    held: PixelCache,
    general: TrainedModel,
    special: TrainedModel,
    device_name: str,
) -> dict[str, Any]:
    """Both networks on the held-back photos of the type, each at its best threshold for them."""
    device = torch.device(choose_device(device_name))
    both = [
        validate(load_model(one.path)[0].to(device), held, recipe, labels, device)
        for one in (general, special)
    ]
    theirs, ours = both[0].score, both[1].score
    return {
        "trained_on": special.figures["trained_on"],
        "validated_on": len(held),
        "general_score": theirs,
        "score": ours,
        "kept": theirs is not None and ours is not None and ours > theirs,
    }


def _fit_chooser(
    path: Path, samples: Sequence[Sample], validation: Sequence[Sample], device: str
) -> tuple[TypeChooser | None, dict[str, Any]]:
    """The chooser, and how often it is right on held-back photos; None of fewer than two types."""
    predictor = Predictor(path, device=device)
    embeddings, types = _embed(predictor, samples)
    if len(set(types)) < 2:
        return None, {}
    chooser = TypeChooser.fit(np.array(embeddings), types)
    unseen, truth = _embed(predictor, validation)
    answers = [chooser.choose(embedding)[0] for embedding in unseen]
    right = [answer == name for answer, name in zip(answers, truth, strict=True)]
    accuracy = float(np.mean(right)) if right else None
    return chooser, {"types": list(chooser.types), "accuracy": accuracy, "photos": len(right)}


def _embed(
    predictor: Predictor, samples: Sequence[Sample]
) -> tuple[list[np.ndarray[Any, np.dtype[np.float32]]], list[str]]:
    """Embeddings and types of the photos that have a type and can be read."""
    embeddings, types = [], []
    for sample in samples:
        if not sample.garment_type:
            continue
        try:
            image, _ = sample.load()
        except (HemlineError, OSError):
            continue  # named by the cache already
        embeddings.append(predictor.examine(image).embedding)
        types.append(sample.garment_type)
    return embeddings, types


def _join(
    recipe: Recipe,
    general: TrainedModel,
    kept: Mapping[str, Path],
    rows: Sequence[dict[str, Any]],
    chooser: TypeChooser | None,
    told: Mapping[str, Any],
    work_dir: Path,
) -> TrainedModel:
    card = read_card(general.path)
    figures = {**general.figures, "specialists": list(rows), "chooser": dict(told)}
    card = ModelCard(
        recipe,
        card.labels,
        card.threshold,
        figures,
        types=chooser.types if chooser else (),
        specialists={name: read_card(path).threshold for name, path in kept.items()},
        groups=card.groups,
    )
    files = {specialist_name(card, name): path for name, path in kept.items()}
    path = work_dir / "model.safetensors"
    join_models(path, {"": general.path, **files}, card, chooser)
    return TrainedModel(path, figures)
