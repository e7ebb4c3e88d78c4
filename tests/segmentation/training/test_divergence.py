"""A training that diverges ends with a sentence, and leaves no model that draws nothing."""

import pytest
import torch
from torch import nn

from hemline.errors import RecipeError
from hemline.segmentation.recipe.recipe import with_values
from hemline.segmentation.training.divergence import check_numbers, check_weights
from hemline.segmentation.training.train_model import train


@pytest.mark.parametrize("rate", ["1e4", "1e30"])
def test_a_rate_far_too_high_is_named(small_recipe, samples, tmp_path, rate):
    recipe = with_values(small_recipe, [f"optimiser.rate={rate}", "optimiser.name=sgd"])
    with pytest.raises(RecipeError, match=r"^the training diverged: .*optimiser\.rate"):
        train(recipe, samples, [], labels=("garment",), work_dir=tmp_path, device="cpu")
    assert not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("loss", "norm"), [(float("nan"), 1.0), (float("inf"), 1.0), (1.0, float("nan"))]
)
def test_no_step_is_taken_on_what_is_no_number(loss, norm):
    with pytest.raises(RecipeError, match="loss or gradients"):
        check_numbers(loss, norm)
    check_numbers(1.0, 0.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e5])
def test_weights_that_half_precision_cannot_hold_are_refused(value):
    network = nn.BatchNorm2d(2)
    check_weights(network)
    with torch.no_grad():
        network.weight[0] = value
    with pytest.raises(RecipeError, match="weights are not finite"):
        check_weights(network)
