"""What a training begins from: nothing, an encoder, or a parent whose labels may differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from hemline.datasets.sample import Skipped
from hemline.segmentation.groups import Groups, plain_groups, regroup
from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.model_card import ModelCard, read_card
from hemline.segmentation.model_file import load_weights, put_weights, read_network
from hemline.segmentation.networks.build import build_network, load_encoder
from hemline.segmentation.networks.class_groups import can_grow, grown_head
from hemline.segmentation.optimisation.new_channels import fit_new_channels
from hemline.segmentation.ranks.team import Team
from hemline.segmentation.recipe.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Start:
    """What a network begins from, and how its training is run.

    `initial` is a parent's model file and `name` the one of its networks that is fine-tuned.
    `encoder` is a safetensors file of encoder weights, or a name of weights that the library
    downloads, for a training without a parent. `resume` goes on from a checkpoint. `skipped` names
    photos that were found unusable before the training, for the card. `pixels` are those of each
    class id in the photos of all networks of a bag, the background's first, which have the same
    groups; None: this network's photos are all there are. `team` are the processes that train
    together; None: this one alone.
    """

    initial: Path | None = None
    name: str = ""
    encoder: str | Path | None = None
    resume: bool = False
    device: str = "auto"
    skipped: tuple[Skipped, ...] = ()
    pixels: tuple[int, ...] | None = None
    team: Team | None = None


def begin(
    recipe: Recipe, labels: Sequence[str], data: PixelCache, start: Start
) -> tuple[nn.Module, Groups | None]:
    """The network that a training begins with, and its groups of channels, if it has any.

    A parent's labels keep what it knows of them, by their names, whatever their order; those that
    `data` has pixels of and the parent knows nothing of are fitted to its features. A parent that
    knows none of the labels gives encoder and decoder alone.

    Raises:
        ModelError: the parent or the encoder belongs to another network.
        RecipeError: the recipe's network cannot be built.
    """
    if start.initial is None:
        model = build_network(recipe.network, len(labels))
        if start.encoder:
            load_encoder(model, start.encoder, recipe.network)
        return model, None
    card = read_card(start.initial)
    if card.labels == tuple(labels) and card.groups is None:
        model = build_network(recipe.network, len(labels))
        load_weights(model, start.initial, name=start.name)
        return model, None
    return _regrouped(recipe, labels, data, card, start.initial, start)


def _regrouped(
    recipe: Recipe,
    labels: Sequence[str],
    data: PixelCache,
    card: ModelCard,
    parent: Path,
    start: Start,
) -> tuple[nn.Module, Groups | None]:
    weights = read_network(parent, start.name)
    theirs = card.groups or plain_groups(len(card.labels))
    of_labels = dict(zip(card.labels, theirs.of_labels, strict=True))
    pixels = start.pixels or data.counts.tolist()
    found = regroup(of_labels, theirs.channels, labels, pixels) if can_grow(weights) else None
    if found is None:
        model = build_network(recipe.network, len(labels))
        load_weights(model, parent, same_labels=False, name=start.name)
        return model, None
    model = build_network(recipe.network, len(labels), found.groups)
    put_weights(model, grown_head(weights, len(found.fresh)), parent)
    fit_new_channels(model, found.fresh, data, recipe)
    return model, found.groups
