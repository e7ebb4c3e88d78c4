"""The starter of many classes as a model of other labels."""

from pathlib import Path

import numpy as np
import pytest
import torch

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.meanings import class_names
from hemline.errors import ModelError
from hemline.segmentation import mapped_starter as module
from hemline.segmentation.mapped_starter import map_classes, mapped_starter, starter_classes
from hemline.segmentation.model_card import ModelCard, read_card
from hemline.segmentation.model_file import load_model, save_model
from hemline.segmentation.recipe.recipe import Recipe, parse_recipe
from tests.segmentation.runtime.untrained import spread_network

CLASSES = ("top", "shirt", "dress", "shoes")
TABLE = {"top": ("vest", "bra"), "shirt": ("shirt",), "dress": ("dress",), "shoes": ("boots",)}


@pytest.fixture
def starter(small_recipe: Recipe, tmp_path: Path) -> Path:
    """A file as the shipped one is: of several classes, with a table of what they are made of."""
    recipe = small_recipe.model_copy(update={"classes": TABLE})
    path = tmp_path / "starter-15.safetensors"
    network = spread_network(recipe, len(CLASSES), seed=1)
    save_model(path, network.state_dict(), ModelCard(recipe, CLASSES, 0.5))
    return path


def test_labels_are_unions_of_classes(starter, tmp_path):
    path = tmp_path / "mapped.safetensors"
    path.write_bytes(map_classes(starter, {"Schuhe": ["shoes"], "up": ["shirt", "top"], "bag": []}))
    network, card = load_model(path)
    assert card.labels == ("Schuhe", "up", "bag")
    photo = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        of_classes = load_model(starter)[0](photo).softmax(1)
        found = network(photo).softmax(1)
    expected = [of_classes[:, 0] + of_classes[:, 3], of_classes[:, 4]]
    expected += [of_classes[:, 1] + of_classes[:, 2], torch.zeros_like(expected[0])]
    torch.testing.assert_close(found, torch.stack(expected, 1), atol=1e-5, rtol=1e-4)


def test_the_card_says_what_it_was_made_of_and_measures_on_the_starters_data(starter, tmp_path):
    path = tmp_path / "mapped.safetensors"
    path.write_bytes(map_classes(starter, {"up": ["top", "shirt"], "bag": []}))
    card = read_card(path)
    assert card.figures == {"classes": {"up": ["top", "shirt"], "bag": []}}
    assert card.recipe.classes == {"up": ("vest", "bra", "shirt")}
    assert parse_recipe(card.recipe.model_dump(mode="json"), source="card") == card.recipe


def test_the_same_mapping_gives_the_same_bytes(starter):
    mapping = {"a": ["dress"], "b": ["top"]}
    assert map_classes(starter, mapping) == map_classes(starter, dict(mapping))
    assert map_classes(starter, mapping) != map_classes(starter, dict(reversed(mapping.items())))


@pytest.mark.parametrize("label", ['a "b"', "a/b", "👗", "background", "x" * 500])
def test_labels_may_be_called_anything(starter, tmp_path, label):
    path = tmp_path / "mapped.safetensors"
    path.write_bytes(map_classes(starter, {label: ["dress"], "other": []}))
    assert read_card(path).labels == (label, "other")
    load_model(path)


def test_sixty_labels_of_which_most_have_no_class(starter, tmp_path):
    path = tmp_path / "mapped.safetensors"
    labels: dict[str, list[str]] = {f"label {k}": [] for k in range(58)}
    path.write_bytes(map_classes(starter, {"up": ["top"], **labels, "dress": ["dress"]}))
    network, card = load_model(path)
    with torch.inference_mode():
        drawn = network(torch.randn(1, 3, 64, 64)).argmax(1)
    assert len(card.labels) == 60
    assert set(np.unique(drawn)) <= {0, 1, 60}


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({}, "no label is given"),
        ({"up": ["blouse"]}, "'up' asks for the class 'blouse', .*; choose from top, shirt, dress"),
        ({"up": ["top"], "down": ["top"]}, "class 'top' is given to both 'up' and 'down'"),
        ({"up": ["top", "top"]}, "label 'up' has the class 'top' twice"),
    ],
)
def test_what_cannot_be_mapped_is_said(starter, mapping, words):
    with pytest.raises(ModelError, match=words):
        map_classes(starter, mapping)


def test_the_shipped_starter_is_what_is_mapped(starter: Path, monkeypatch):
    class Shipped:
        def path(self) -> Path:
            return starter

    monkeypatch.setattr(module, "_STARTER", Shipped())
    assert starter_classes() == CLASSES
    assert mapped_starter({"a": ["top"]}) == map_classes(starter, {"a": ["top"]})


def test_the_shipped_starter_knows_the_classes_that_labels_are_matched_with() -> None:
    assert starter_classes() == class_names() == class_map("hemline-15").labels
    data = mapped_starter({"feet": ("shoes",), "zip": (), "legs": ("trousers", "shorts")})
    assert data == mapped_starter({"feet": ("shoes",), "zip": (), "legs": ("trousers", "shorts")})
