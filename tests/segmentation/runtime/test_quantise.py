"""int8 networks: smaller, nearly the same masks, and kept only where they lose little."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hemline.errors import ModelError
from hemline.masks.figures.overlap import dice
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.recipe import load_recipe, with_values
from hemline.segmentation.runtime.convert import convert
from hemline.segmentation.runtime.converted_file import read_origin
from hemline.segmentation.runtime.cost import Cost, cost_of
from hemline.segmentation.runtime.openvino_runtime import OpenVinoRuntime
from hemline.segmentation.runtime.quantise import can_be_quantised, quantise
from hemline.segmentation.starter import starter_path
from tests.segmentation.discs import disc_sample
from tests.segmentation.evaluation.figures import equal_figures
from tests.segmentation.runtime.untrained import write_model

SIMPLE = ("input.pixels=9216", "network.options.bottom=64")


def figures_of(dice_by_id):
    return [equal_figures(name, name, value) for name, value in dice_by_id.items()]


@pytest.mark.parametrize("thorough", [False, True])
def test_int8_draws_nearly_the_same(tmp_path, thorough):
    model, converted, int8 = (tmp_path / name for name in ("model.safetensors", "fp32", "int8"))
    write_model(model, with_values(load_recipe("mannequin-simple"), SIMPLE))
    convert(model, converted)
    samples = [disc_sample(number) for number in range(8)]
    quantise(model, converted, samples, int8, thorough=thorough)
    assert read_origin(int8).precision == "int8"
    assert read_origin(int8).weights_digest == read_origin(converted).weights_digest
    assert int8.stat().st_size < 0.6 * converted.stat().st_size
    runtime = OpenVinoRuntime(int8, threads=1)
    assert runtime.name == "OpenVINO int8"
    ours, theirs = Predictor(model, device="cpu"), Predictor(model, runtime=runtime)
    alike = []
    for number in range(20, 24):
        image, _ = disc_sample(number).load()
        one, other = ours.examine(image), theirs.examine(image)
        assert np.abs(one.probabilities - other.probabilities).max() > 1e-6  # it is int8
        assert np.abs(one.probabilities - other.probabilities).mean() < 0.05
        alike.append(dice(one.prediction.mask > 0, other.prediction.mask > 0))
    assert np.mean(alike) > 0.7  # masks of a network that knows nothing lie near its threshold


def test_a_network_of_several_is_left_alone(tmp_path):
    recipe = with_values(load_recipe("mannequin-bagged"), ["bagging.folds=2"])
    small = ["network.architecture=mannequin-simple", "network.encoder=none"]
    write_model(tmp_path / "bag", with_values(recipe, [*small, *SIMPLE]))
    assert not can_be_quantised(tmp_path / "bag")
    assert can_be_quantised(starter_path())


def test_what_is_lost_is_counted_on_the_photos_that_both_have():
    ours = figures_of({"a": 0.90, "b": 0.80, "c": 0.1})
    theirs = figures_of({"b": 0.801, "a": 0.902, "d": 0.1})
    cost = cost_of(ours, theirs)
    assert (cost.photos, cost.is_small) == (2, True)
    assert cost.fp32_dice - cost.dice == pytest.approx(0.0015)
    assert not Cost(0.9, 0.9021, 40).is_small
    assert Cost(0.91, 0.9, 40).is_small
    assert not cost_of([], theirs).is_small
    assert str(Cost(0.9, 0.9021, 40)) == "int8 has Dice 0.9000, fp32 0.9021, on 40 photos"


def test_right_outlines_with_wrong_labels_cost_too():
    theirs = [replace(equal_figures("a", "a", 0.9), labels={"top": 0.9, "coat": 0.9})]
    ours = [replace(theirs[0], labels={"top": 0.9, "coat": 0.1})]
    assert cost_of(ours, theirs) == Cost(0.5, 0.9, 1)


@pytest.mark.slow
@pytest.mark.timeout(1200)  # minutes of one core, and more on a busy machine
def test_the_starter_is_quantised_on_drawn_scenes(tmp_path):
    convert(starter_path(), tmp_path / "fp32")
    module = "hemline.segmentation.runtime.quantise"
    command = [sys.executable, "-m", module, starter_path(), tmp_path / "fp32", tmp_path / "int8"]
    subprocess.run(command, cwd=Path(__file__).parents[3], check=True, timeout=1500)
    cost = Cost(**json.loads((tmp_path / "int8.json").read_text()))
    assert cost.photos == 72
    assert cost.fp32_dice > 0.8
    assert abs(cost.fp32_dice - cost.dice) < 0.05  # whether it serves is decided by the figures
    assert read_origin(tmp_path / "int8").precision == "int8"


def test_a_file_that_is_not_converted_is_named(tmp_path):
    model = tmp_path / "model.safetensors"
    write_model(model, with_values(load_recipe("mannequin-simple"), SIMPLE))
    with pytest.raises(ModelError, match="is not a file of converted networks"):
        quantise(model, model, [disc_sample(0)], tmp_path / "int8")
