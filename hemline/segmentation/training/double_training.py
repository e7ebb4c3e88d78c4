"""The training of a double pass: one network, then another on what the first lets through."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemline.datasets.sample import Sample
from hemline.segmentation.model_card import SECOND_PASS, ModelCard, read_card
from hemline.segmentation.model_file import join_models, take_second
from hemline.segmentation.networks.double_pass import see_through
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.recipe import Recipe
from hemline.segmentation.training.network_training import TrainedModel
from hemline.segmentation.training.trainer import Watch

_Pixels = NDArray[np.uint8]
# how a sample is seen, parent, folder, watch -> the pass, trained
TrainPass = Callable[[Callable[[Sample], Sample], Path | None, Path, Watch], TrainedModel]


def train_both(
    train_pass: TrainPass,
    recipe: Recipe,
    *,
    initial: Path | None,
    work_dir: Path,
    device: str,
    watch: Watch,
) -> TrainedModel:
    """Trains both passes of a recipe into one model file.

    The second begins from the parent's second, else from the first. Each has its own folder with
    its own checkpoints, and its own threshold; the figures are the second's, with the first's in
    "first_pass".
    """
    dilate = recipe.second_pass.dilate if recipe.second_pass else 0
    folds = recipe.bagging.folds if recipe.bagging else 1
    epochs = (recipe.fine_tune if initial else recipe.schedule).epochs * folds
    total = epochs + recipe.fine_tune.epochs * folds
    watch.network("first pass")
    first = train_pass(lambda sample: sample, initial, work_dir / "first", watch.counting(0, total))
    predictor = Predictor(first.path, device=device)

    def through(sample: Sample) -> Sample:
        def load() -> tuple[_Pixels, _Pixels]:
            image, mask = sample.load()
            found = predictor.predict([image])[0].mask
            return see_through(image, found, dilate), mask

        return replace(sample, load=load)

    parent = take_second(initial, work_dir / "parent-second.safetensors") if initial else None
    watch.network("second pass")
    second = train_pass(
        through, parent or first.path, work_dir / "second", watch.counting(epochs, total)
    )
    path = work_dir / "model.safetensors"
    card = read_card(first.path)
    figures = {**second.figures, "first_pass": first.figures}
    join_models(
        path,
        {"": first.path, SECOND_PASS: second.path},
        ModelCard(
            recipe,
            card.labels,
            card.threshold,
            figures,
            second_threshold=read_card(second.path).threshold,
            groups=card.groups,
        ),
    )
    return TrainedModel(path, figures)
