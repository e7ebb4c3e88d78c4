"""Model files of untrained networks whose probabilities are spread as those of trained ones are."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from hemline.segmentation.model_card import ModelCard, all_network_names
from hemline.segmentation.model_file import join_models, save_model
from hemline.segmentation.networks.build import build_network
from hemline.segmentation.networks.type_chooser import TypeChooser
from hemline.segmentation.recipe.recipe import Recipe

TYPES = ("coat", "dress")


def write_model(path: Path, recipe: Recipe, labels: tuple[str, ...] = ("garment",)) -> ModelCard:
    """A model file with every network that the recipe asks for, each with weights of its own."""
    specialists = dict.fromkeys(TYPES, 0.5) if recipe.specialists else {}
    second = 0.5 if recipe.second_pass else None
    card = ModelCard(
        recipe, labels, 0.5, {}, "0", second, TYPES if specialists else (), specialists
    )
    parts = {}
    for number, name in enumerate(all_network_names(card)):
        network = spread_network(recipe, len(labels), seed=number)
        parts[name] = path.with_suffix(f".{number}")
        save_model(parts[name], network.state_dict(), card)
    chooser = None
    if specialists:
        width = _embedding_width(spread_network(recipe, len(labels), seed=0))
        rng = np.random.default_rng(0)
        weight = rng.normal(size=(2, width)).astype(np.float32) * 20
        chooser = TypeChooser(TYPES, weight, np.zeros(2, np.float32))
    join_models(path, parts, card, chooser)
    return card


@torch.no_grad()
def spread_network(recipe: Recipe, labels: int, *, seed: int) -> nn.Module:
    """An untrained network whose logits have a standard deviation of about 3.

    Its batch norms have seen photos, as a trained network's have: without that, attention makes
    numbers so large that float32 itself gives other masks than float64.
    """
    torch.manual_seed(seed)
    network = build_network(recipe.network, labels)
    photos = torch.rand(2, 3, 128, 128) * 4 - 2
    network.train()(photos)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None  # the mean of what is seen from now on
            part.reset_running_stats()
    network(photos)
    logits = network.eval()(photos)
    head = network.get_submodule("segmentation_head")
    last = [part for part in head.modules() if isinstance(part, nn.Conv2d)][-1]
    last.weight *= 3 / logits.std()
    if last.bias is not None:
        last.bias -= logits.mean()
    return network


def _embedding_width(network: nn.Module) -> int:
    with torch.no_grad():
        return int(network.get_submodule("encoder")(torch.zeros(1, 3, 64, 64))[-1].shape[1])
