"""Each shipped recipe trains on its sources' format, saves, predicts and is fine-tuned."""

import numpy as np
import pytest

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.sources import join, open_data
from hemline.segmentation.evaluation.evaluate import evaluate
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.recipe import Recipe, load_recipe, recipes_folder, with_values
from hemline.segmentation.training.train_model import train
from tests.segmentation.true_format import SIDE, write_source

QUICK = ("modanet-13", "mannequin-final", "mannequin-specialists")
ALL = sorted(path.stem for path in recipes_folder().glob("*.toml") if path.stem != "hemline")
SMALL = (
    f"input.pixels={SIDE * SIDE}",
    *("schedule.epochs=1", "schedule.batch=4", "fine_tune.epochs=1", "fine_tune.least_steps=0"),
)


@pytest.mark.parametrize("name", QUICK)
def test_a_recipe_works_end_to_end(name, tmp_path):
    """With the smallest encoder, so that it takes a second; all else is the recipe's."""
    recipe = load_recipe(name)
    ours = recipe.network.architecture.startswith("mannequin-")
    smaller = "network.options.bottom=32" if ours else "network.encoder=mobilenet_v2"
    check_end_to_end(with_values(recipe, [*SMALL, smaller]), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_a_recipe_works_end_to_end_with_its_own_network(name, tmp_path):
    check_end_to_end(with_values(load_recipe(name), SMALL), tmp_path)


def check_end_to_end(recipe: Recipe, folder) -> None:
    if recipe.bagging:
        recipe = with_values(recipe, ["bagging.folds=2"])
    if recipe.specialists:
        recipe = with_values(recipe, ["specialists.least=2"])
    kinds = [source.partition(":")[0] for source in recipe.data]
    classes = None if recipe.classes is None else class_map(recipe.classes)
    data = join([open_data(write_source(kind, folder / kind, 10), classes) for kind in kinds])
    samples = list(data.samples)
    parent = train(
        recipe,
        samples[:-4],
        samples[-4:],
        labels=data.labels,
        work_dir=folder / "parent",
        device="cpu",
    )
    curve = parent.figures.get("folds", [parent.figures])[0]["curve"]
    assert np.isfinite(curve[0]["loss"])
    assert set(curve[0]["labels"]) == (set(data.labels) if len(data.labels) > 1 else set())
    if recipe.specialists:  # the four held back are all coats
        assert [row["type"] for row in parent.figures["specialists"]] == ["coat"]
        assert parent.figures["chooser"]["types"] == ["coat", "dress"]
    found = evaluate(Predictor(parent.path, device="cpu"), samples[-2:])
    assert len(found.items) == 2
    assert found.skipped == []
    child = train(
        recipe,
        samples[:4],
        [],
        labels=data.labels,
        work_dir=folder / "child",
        initial=parent.path,
        resume=True,
        device="cpu",
    )
    image, mask = samples[0].load()
    examined = Predictor(child.path, device="cpu").examine(image)
    assert examined.prediction.mask.shape == mask.shape
    outputs = 1 if len(data.labels) == 1 else len(data.labels) + 1
    assert examined.probabilities.shape[0] == outputs
    assert np.isfinite(examined.embedding).all()
