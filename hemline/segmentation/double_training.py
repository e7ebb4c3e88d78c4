"""The training of a double pass: one network, then another on what the first lets through."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.datasets.sample import Sample
from hemline.segmentation.double_pass import see_through
from hemline.segmentation.model_file import join_networks, take_second
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe import Recipe
from hemline.segmentation.trainer import EpochReport, Watch

_Pixels = NDArray[np.uint8]
# recipe, samples, validation, initial, folder, watch -> model file and its figures
TrainOne = Callable[
    [Recipe, Sequence[Sample], Sequence[Sample], Path | None, Path, Watch],
    tuple[Path, dict[str, Any]],
]


def train_both(
    train_one: TrainOne,
    recipe: Recipe,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    *,
    initial: Path | None,
    work_dir: Path,
    device: str,
    watch: Watch,
) -> tuple[Path, dict[str, Any]]:
    """Trains both networks of a recipe into one model file.

    The second begins from the parent's second, else from the first. Each has its own folder with
    its own checkpoint, and its own threshold; the figures are the second's, with the first's in
    "first_pass".
    """
    dilate = recipe.second_pass.dilate if recipe.second_pass else 0
    alone = recipe.model_copy(update={"second_pass": None})
    epochs = (recipe.fine_tune if initial else recipe.schedule).epochs
    first, first_figures = train_one(
        alone,
        samples,
        validation,
        initial,
        work_dir / "first",
        _counting(watch, 0, epochs + recipe.fine_tune.epochs),
    )
    predictor = Predictor(first, device=device)

    def through(sample: Sample) -> Sample:
        def load() -> tuple[_Pixels, _Pixels]:
            image, mask = sample.load()
            found = predictor.predict([image])[0].mask
            return see_through(image, found, dilate), mask

        return replace(sample, load=load)

    parent = take_second(initial, work_dir / "parent-second.safetensors") if initial else None
    second, figures = train_one(
        alone,
        [through(sample) for sample in samples],
        [through(sample) for sample in validation],
        parent or first,
        work_dir / "second",
        _counting(watch, epochs, epochs + recipe.fine_tune.epochs),
    )
    path = work_dir / "model.safetensors"
    figures = {**figures, "first_pass": first_figures}
    join_networks(first, second, path, recipe, figures)
    return path, figures


def _counting(watch: Watch, before: int, total: int) -> Watch:
    """The watch of one of two trainings, told of their epochs as if they were one's."""

    def tell(report: EpochReport) -> None:
        watch.epoch(replace(report, epoch=before + report.epoch, epochs=total))

    return replace(watch, epoch=tell)
