"""Trainings that one process and a team must bring to the same end."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hemline.datasets.sample import Sample
from hemline.errors import HemlineError
from hemline.masks.figures.overlap import IGNORE
from hemline.segmentation.ranks.team import Team
from hemline.segmentation.recipe.parts import Augment, NetworkPart, PredictionPart, Schedule
from hemline.segmentation.recipe.recipe import Recipe, with_epochs, with_values
from hemline.segmentation.training.train_model import TrainedModel, Watch, train
from tests.segmentation.discs import SIDE, disc_sample

STILL = Augment(
    flip=0, scale=(1, 1), rotate=0, shift=0, brightness=0, contrast=0, saturation=0, hue=0
)
RECIPE = with_values(
    Recipe(
        name="shared",
        network=NetworkPart(
            encoder="mobilenet_v2", options={"decoder_channels": [16, 16, 8, 8, 8]}
        ),
        augment=STILL,
        schedule=Schedule(epochs=1, batch=4),
        fine_tune=Schedule(epochs=1, batch=4),
        prediction=PredictionPart(flip=False),
    ),
    # SGD, of whose steps rounding changes little: AdamW's first go by the sign of a gradient.
    [f"input.pixels={SIDE * SIDE}", "optimiser.name=sgd", "optimiser.policy=constant"],
)
SHARP = RECIPE.model_copy(  # it has no BatchNorm
    update={"network": NetworkPart(architecture="mannequin-basic", options={"bottom": 32})}
)
COLOURS = ("red", "green", "blue")


def run(
    recipe: Recipe,
    folder: Path,
    team: Team | None,
    samples: list[Sample],
    held: list[Sample],
    **options: Any,
) -> TrainedModel:
    options = {"labels": ("garment",), **options}
    return train(recipe, samples, held, work_dir=folder, device="cpu", team=team, **options)


def discs(start: int, stop: int, labels: int = 1) -> list[Sample]:
    return [disc_sample(number, labels=labels) for number in range(start, stop)]


def weights(folder: Path) -> dict[str, NDArray[Any]]:
    """All weights and averages of a checkpoint, in 32 bits."""
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    return {
        f"{part}.{key}": value.numpy()
        for part in ("model", "average")
        for key, value in state.get(part, {}).items()
    }


def curve(result: TrainedModel) -> list[tuple[float, float | None]]:
    return [(row["loss"], row["score"]) for row in result.figures["curve"]]


def one_step(folder: Path, team: Team | None) -> Any:
    """Four photos are one batch, of which each of two processes has two."""
    recipe = with_values(SHARP, ["optimiser.average=0.9", "optimiser.rate=0.1"])
    run(recipe, folder, team, discs(0, 4), [])
    return weights(folder)


def normalised_step(folder: Path, team: Team | None) -> Any:
    """With BatchNorm. Its slopes magnify rounding, some 2 % of them in one process too, so the step
    is a small one; the statistics say more."""
    recipe = with_values(RECIPE, ["optimiser.average=0.9", "optimiser.rate=2e-4"])
    run(recipe, folder, team, discs(0, 4), [])
    return weights(folder)


def uneven_steps(folder: Path, team: Team | None) -> Any:
    """Batches of three, of several labels, partly labelled, and every loss."""

    def half_labelled(sample: Sample) -> Sample:
        def load() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
            image, mask = sample.load()
            mask[: SIDE // 2] = IGNORE
            return image, mask

        return replace(sample, load=load)

    first, *others = discs(0, 7, labels=3)
    recipe = with_values(SHARP, ["schedule.batch=3", "optimiser.rate=0.01"])
    terms = [
        {"name": "dice", "balance": 0.5},
        {"name": "cross_entropy", "balance": 0.5},
        {"name": "lovasz"},
        {"name": "boundary"},
    ]
    recipe = Recipe.model_validate({**recipe.model_dump(), "loss": terms})
    run(recipe, folder, team, [half_labelled(first), *others], [], labels=COLOURS)
    return weights(folder)


def changed_photos(folder: Path, team: Team | None) -> Any:
    """Photos are changed at random as one process would change them, and validation is divided."""
    recipe = with_epochs(RECIPE.model_copy(update={"augment": Augment()}), 2)
    return curve(run(recipe, folder, team, discs(0, 8), discs(8, 13)))


def remainder(folder: Path, team: Team | None) -> Any:
    return curve(run(RECIPE, folder, team, discs(0, 5), []))


def patience(folder: Path, team: Team | None) -> Any:
    """A rate so small that no epoch is better: it stops early."""
    recipe = with_values(
        RECIPE, ["schedule.epochs=9", "schedule.patience=2", "optimiser.rate=1e-12"]
    )
    recipe = with_values(recipe, ["schedule.min_delta=0.5"])
    return len(curve(run(recipe, folder, team, discs(0, 4), discs(4, 9))))


def bag(folder: Path, team: Team | None) -> Any:
    recipe = with_values(RECIPE, ["bagging.folds=2"])
    figures = run(recipe, folder, team, discs(0, 8), discs(8, 10)).figures
    return [[row["loss"] for row in fold["curve"]] for fold in figures["folds"]]


def double(folder: Path, team: Team | None) -> Any:
    recipe = with_values(RECIPE, ["second_pass.dilate=4"])
    result = run(recipe, folder, team, discs(0, 4), discs(4, 8))
    return [
        *curve(result),
        *[(row["loss"], row["score"]) for row in result.figures["first_pass"]["curve"]],
    ]


def specialists(folder: Path, team: Team | None) -> Any:
    samples = [
        replace(sample, garment_type="even" if number % 2 else "odd", garment=sample.id)
        for number, sample in enumerate(discs(0, 16))
    ]
    recipe = with_values(RECIPE, ["specialists.least=2"])
    figures = run(recipe, folder, team, samples[:8], samples[8:]).figures
    return [(row["type"], row["general_score"], row["score"]) for row in figures["specialists"]]


def grown(folder: Path, team: Team | None) -> Any:
    """From a parent of fewer labels, whose channels are grouped anew."""
    parent = run(RECIPE, folder / "parent", team, discs(0, 4, 2), [], labels=COLOURS[:2])
    child = run(
        RECIPE, folder, team, discs(0, 6, 3), discs(6, 12, 3), labels=COLOURS, initial=parent.path
    )
    return curve(child)


def resumed(folder: Path, team: Team | None) -> Any:
    """Stopped within the second epoch, and gone on with."""
    done: list[int] = []
    watch = Watch(batch=lambda position, _: done.append(position), stop=lambda: len(done) == 3)
    recipe = with_epochs(RECIPE, 2)
    try:
        run(recipe, folder, team, discs(0, 8), discs(8, 12), watch=watch)
    except KeyboardInterrupt:
        result = run(recipe, folder, team, discs(0, 8), discs(8, 12), resume=True)
        return curve(result)
    return "it was not stopped"


def restarted(folder: Path, team: Team | None) -> Any:
    """The checkpoint of another recipe is refused, and a training begun afresh."""
    run(RECIPE, folder, team, discs(0, 4), [])
    other = with_values(RECIPE, ["seed=1"])
    return [
        _sentence(lambda: run(other, folder, team, discs(0, 4), [], resume=True)).split(" was ")[
            -1
        ],
        curve(run(other, folder, team, discs(0, 4), [])),
    ]


def diverged(folder: Path, team: Team | None) -> Any:
    recipe = with_values(RECIPE, ["optimiser.rate=1e30", "schedule.least_steps=5"])
    return _sentence(lambda: run(recipe, folder, team, discs(0, 4), []))


def _sentence(act: Callable[[], object]) -> str:
    try:
        act()
    except HemlineError as error:
        return str(error)
    return "it was not refused"


def too_small_a_batch(folder: Path, team: Team | None) -> Any:
    """Refused of two processes alone."""
    recipe = with_values(RECIPE, ["schedule.batch=1"])
    return _sentence(lambda: run(recipe, folder, team, discs(0, 2), []))


def unused_parameters(folder: Path, team: Team | None) -> Any:
    """Refused of two processes alone: the encoder's deepest stages are built and not used."""
    options = {"encoder_depth": 3, "decoder_channels": [16, 8, 8]}
    network = RECIPE.network.model_copy(update={"options": options})
    recipe = RECIPE.model_copy(update={"network": network})
    return _sentence(lambda: run(recipe, folder, team, discs(0, 4), []))


SAME: dict[str, Callable[[Path, Team | None], Any]] = {
    scene.__name__: scene
    for scene in (
        one_step,
        normalised_step,
        uneven_steps,
        changed_photos,
        remainder,
        patience,
        bag,
        double,
        specialists,
        grown,
        resumed,
        restarted,
        diverged,
    )
}
REFUSED: dict[str, Callable[[Path, Team | None], Any]] = {
    scene.__name__: scene for scene in (too_small_a_batch, unused_parameters)
}
