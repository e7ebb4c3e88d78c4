"""Model files: whole round trips, and one sentence for each way to be the wrong file."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from hemline.errors import ModelError
from hemline.segmentation.model_card import ModelCard
from hemline.segmentation.model_file import load_model, load_weights, save_model
from hemline.segmentation.networks.build import build_network, load_encoder
from hemline.segmentation.recipe.parts import NetworkPart


@pytest.fixture
def model_file(small_recipe, tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "model.safetensors"
    network = build_network(small_recipe.network, 1)
    save_model(
        path, network.state_dict(), ModelCard(small_recipe, ("garment",), 0.42, {"dice": 0.9})
    )
    return path, network


def test_round_trip_keeps_card_and_outputs(model_file, small_recipe):
    path, network = model_file
    loaded, card = load_model(path)
    assert card.recipe == small_recipe
    assert (card.labels, card.threshold, card.figures) == (("garment",), 0.42, {"dice": 0.9})
    photo = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        difference = (loaded(photo) - network.eval()(photo)).abs().max().item()
    assert difference < 0.05  # half precision


@pytest.mark.parametrize("content", [b"", b"not safetensors", b"\x10" + b"\0" * 7 + b"{}"])
def test_no_safetensors(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.safetensors.*safetensors"):
        load_model(path)


def test_missing_file(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.safetensors"):
        load_model(tmp_path / "gone.safetensors")


def test_safetensors_of_someone_else(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"w": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="no Hemline card"):
        load_model(path)


@pytest.mark.parametrize("card", ["nonsense", "[]", "null", '{"format": 1}', '{"format": 9}'])
def test_a_broken_card_is_named(tmp_path, card):
    path = tmp_path / "x.safetensors"
    save_file({"w": torch.zeros(1)}, path, metadata={"hemline": card})
    with pytest.raises(ModelError, match=r"x\.safetensors' has .*card"):
        load_model(path)


def test_weights_of_another_network(model_file):
    other = build_network(NetworkPart(encoder="mobilenet_v2"), 1)
    with pytest.raises(ModelError, match="another network's weights"):
        load_weights(other, model_file[0])


def test_weights_of_another_class_list(model_file, small_recipe):
    three = build_network(small_recipe.network, 3)
    with pytest.raises(ModelError, match="another network's weights"):
        load_weights(three, model_file[0])
    before = three.get_parameter("segmentation_head.0.weight").detach().clone()
    load_weights(three, model_file[0], same_labels=False)
    np.testing.assert_array_equal(
        three.get_parameter("segmentation_head.0.weight").detach(), before
    )


def test_encoder_of_another_network(small_recipe, tmp_path):
    path = tmp_path / "encoder.safetensors"
    save_file({"conv.weight": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match=r"encoder\.safetensors.*encoder"):
        load_encoder(build_network(small_recipe.network, 1), path, small_recipe.network)
