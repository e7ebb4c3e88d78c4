"""The report's U-Nets: their sizes as the report has them, and what they refuse."""

import pytest
import torch
from torch import nn

from hemline.errors import ModelError, RecipeError
from hemline.segmentation.networks.build import build_network, load_encoder
from hemline.segmentation.networks.mannequin_unets import MannequinUNet
from hemline.segmentation.recipe.parts import NetworkPart
from hemline.segmentation.recipe.recipe import parse_recipe


@pytest.mark.parametrize(
    ("name", "levels", "bottom"), [("simple", 3, 128), ("basic", 4, 512), ("final", 5, 1024)]
)
def test_shape_and_filters(name, levels, bottom):
    network = build_network(NetworkPart(architecture=f"mannequin-{name}"), 2).eval()
    assert isinstance(network, MannequinUNet)
    with torch.inference_mode():
        features = network.encoder(torch.zeros(1, 3, 64, 32))
        logits = network(torch.zeros(1, 3, 64, 32))
    assert logits.shape == (1, 3, 64, 32)
    assert features[-1].shape == (1, bottom, 64 >> levels, 32 >> levels)


def test_final_has_two_convolutions_down_and_three_up():
    network = build_network(NetworkPart(architecture="mannequin-final", options={"bottom": 32}), 1)

    def convolutions(part):
        blocks = part.blocks
        return {sum(isinstance(layer, nn.Conv2d) for layer in block) for block in blocks}

    assert convolutions(network.encoder) == {2}
    assert convolutions(network.decoder) == {3}


@pytest.mark.parametrize("options", [{"depth": 3}, {"bottom": 8}, {"up": 0}, {"down": "two"}])
def test_bad_options_are_named(options):
    with pytest.raises(RecipeError, match=f"cannot be built.*{next(iter(options))}"):
        build_network(NetworkPart(architecture="mannequin-final", options=options), 1)


def test_there_is_no_encoder_to_choose(tmp_path):
    with pytest.raises(RecipeError, match="no encoder to choose"):
        parse_recipe(
            {"name": "x", "network": {"architecture": "mannequin-final", "encoder": "resnet18"}},
            source="mine",
        )
    network = NetworkPart(architecture="mannequin-simple")
    with pytest.raises(ModelError, match="no encoder"):
        load_encoder(build_network(network, 1), "imagenet", network)
