"""The moving average of the weights: its formula, and that it is what a training keeps."""

import numpy as np
import pytest
import torch
from torch import nn

from hemline.segmentation.model_file import load_model
from hemline.segmentation.optimisation.averaging import average_of
from hemline.segmentation.recipe.recipe import with_epochs, with_values
from hemline.segmentation.training.train_model import train


def layer(value: float) -> nn.Linear:
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(value)
    return model


def test_the_average_follows_quickly_at_first_and_slowly_then():
    model = layer(0.0)
    average = average_of(model, 0.5)
    expected = 1.0  # the first step counts alone
    for step, value in enumerate([1.0, 3.0, 5.0, 2.0, 7.0, 4.0, 4.0, 8.0, 1.0, 6.0, 3.0, 9.0]):
        with torch.no_grad():
            model.weight.fill_(value)
        average.update_parameters(model)
        if step:
            decay = min(0.5, (1 + step) / (10 + step))
            expected = decay * expected + (1 - decay) * value
        assert average.module.get_parameter("weight").item() == pytest.approx(expected, rel=1e-5)


def test_batch_statistics_are_averaged_too():
    model = nn.BatchNorm1d(1)
    average = average_of(model, 0.5)
    for value in (1.0, 3.0):
        with torch.no_grad():
            model.get_buffer("running_mean").fill_(value)
        average.update_parameters(model)
    assert 1.0 < average.module.get_buffer("running_mean").item() < 3.0


@pytest.mark.learned
def test_the_average_is_kept_and_outlives_an_interruption(small_recipe, samples, tmp_path):
    averaged = with_epochs(with_values(small_recipe, ["optimiser.average=0.9"]), 2)

    def run(recipe, name, **options):
        return train(
            recipe,
            samples[:8],
            samples[8:],
            labels=("garment",),
            work_dir=tmp_path / name,
            device="cpu",
            **options,
        )

    plain, whole = run(with_epochs(small_recipe, 2), "plain"), run(averaged, "whole")

    def die(report) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        run(averaged, "killed", on_epoch=die)
    resumed = run(averaged, "killed", resume=True)
    newest, kept, again = (
        load_model(result.path)[0].state_dict() for result in (plain, whole, resumed)
    )
    assert not all(
        np.allclose(newest[key], value, rtol=1e-2, atol=1e-3) for key, value in kept.items()
    )
    for key, value in kept.items():
        np.testing.assert_allclose(again[key], value, rtol=1e-2, atol=1e-3)
