"""Small data and a small recipe, so that real trainings take seconds."""

import pytest

from hemline.datasets.sample import Sample
from hemline.segmentation.recipe.parts import Input, NetworkPart, PredictionPart, Schedule
from hemline.segmentation.recipe.recipe import Recipe
from tests.segmentation.discs import SIDE, disc_sample


@pytest.fixture
def small_recipe() -> Recipe:
    return Recipe(
        name="small",
        network=NetworkPart(
            encoder="mobilenet_v2", options={"decoder_channels": [32, 16, 16, 8, 8]}
        ),
        input=Input(pixels=SIDE * SIDE),
        schedule=Schedule(epochs=4, batch=4, patience=9, least_steps=6),
        fine_tune=Schedule(epochs=2, batch=4, patience=9, least_steps=4),
        prediction=PredictionPart(flip=False),
    )


@pytest.fixture
def samples() -> list[Sample]:
    return [disc_sample(number) for number in range(12)]
