"""Recipes: each that ships loads and builds; what is wrong in one is named."""

import pytest

from hemline.errors import RecipeError
from hemline.segmentation.networks.build import build_network
from hemline.segmentation.recipe.parts import Bagging, NetworkPart
from hemline.segmentation.recipe.recipe import (
    load_recipe,
    parse_recipe,
    recipes_folder,
    toml_text,
    with_values,
)

NAMES = sorted(path.stem for path in recipes_folder().glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_each_recipe_loads_under_its_own_name_and_builds(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert build_network(recipe.network, 1) is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_written_to_a_file_is_the_same_recipe(name, tmp_path):
    recipe = with_values(load_recipe(name), ["fine_tune.epochs=2", 'description=👗 "drawn"'])
    (tmp_path / "copy.toml").write_text(toml_text(recipe), encoding="utf-8")
    assert load_recipe(tmp_path / "copy.toml") == recipe
    assert recipe.fine_tune.epochs == 2


def test_the_default_recipe_is_there():
    assert "hemline" in NAMES


def test_an_unknown_recipe_names_the_known_ones():
    with pytest.raises(RecipeError, match=r"unknown recipe 'nope'.*hemline"):
        load_recipe("nope")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"name": "x", "epoch": 3}, "key 'epoch'"),
        ({"name": "x", "schedule": {"epochs": 0}}, "schedule.epochs"),
        ({"name": "x", "loss": [{"name": "mse"}]}, "loss.0.name"),
        ({}, "key 'name'"),
        ({"name": "x", "seed": -1}, "key 'seed'"),
        ({"name": "x", "seed": 2**64}, "key 'seed'"),
        ({"name": "x", "input": {"pixels": 10**11}}, "key 'input.pixels'"),
        ({"name": "x", "augment": {"scale": [0, 1]}}, "both above 0"),
        ({"name": "x", "augment": {"scale": [1.2, 0.8]}}, "[smallest, largest]"),
        ({"name": "x", "augment": {"contrast": float("inf")}}, "finite"),
        ({"name": "x", "optimiser": {"rate": float("inf")}}, "finite"),
        ({"name": "x", "loss": [{"name": "dice", "weight": float("inf")}]}, "finite"),
    ],
)
def test_bad_keys_and_values_are_named(values, named):
    with pytest.raises(RecipeError, match=r"recipe 'mine'") as caught:
        parse_recipe(values, source="mine")
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("network.encodr=x", "unknown key 'network.encodr'; known here: architecture, enc"),
        ("second_pass.dilat=3", "unknown key 'second_pass.dilat'; known here: dilate"),
        ('loss=[{name="dice", weigth=1}]', "known here: balance, edge, name, reach, weight"),
        ("split.test=2", "key 'split.test', is 2: input should be less than or equal to 0.9"),
        ("epochs=3", "known here: augment, bagging, classes,"),
    ],
)
def test_a_fault_of_a_recipe_comes_with_the_way_out(change, said):
    with pytest.raises(RecipeError) as caught:
        with_values(parse_recipe({"name": "x"}, source="x"), [change])
    assert said in str(caught.value)


def test_broken_toml_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("name = ")
    with pytest.raises(RecipeError, match=r"mine\.toml.*TOML"):
        load_recipe(path)


@pytest.mark.parametrize(
    "network",
    [
        NetworkPart(architecture="vnet"),
        NetworkPart(encoder="resnet999"),
        NetworkPart(options={"nonsense": 1}),
    ],
)
def test_a_network_that_cannot_be_built_is_named(network):
    with pytest.raises(RecipeError, match="cannot be built"):
        build_network(network, 1)


def test_a_recipe_extends_another(tmp_path):
    (tmp_path / "mine.toml").write_text(
        'extends = "modanet-13"\nname = "mine"\n[schedule]\nepochs = 3\n'
        '[network]\nencoder = "resnet18"\n'
    )
    (tmp_path / "own.toml").write_text('extends = "mine"\nname = "own"\nseed = 4\n')
    parent, mine = load_recipe("modanet-13"), load_recipe(tmp_path / "mine.toml")
    assert mine.loss == parent.loss
    assert (mine.schedule.epochs, mine.schedule.patience) == (3, parent.schedule.patience)
    assert mine.network == NetworkPart(encoder="resnet18")  # a network is taken whole
    own = load_recipe(tmp_path / "own.toml")
    assert (own.seed, own.schedule) == (4, mine.schedule)


def test_a_recipe_cannot_extend_itself(tmp_path):
    (tmp_path / "mine.toml").write_text('extends = "mine"\nname = "mine"\n')
    with pytest.raises(RecipeError, match=r"mine\.toml.*extends itself"):
        load_recipe(tmp_path / "mine.toml")


def test_keys_are_changed_one_by_one():
    recipe = with_values(
        load_recipe("hemline"),
        ["network.encoder=resnet34", "input.pixels=65536", "network.options.decoder_use_norm=true"],
    )
    assert recipe.network == NetworkPart(encoder="resnet34", options={"decoder_use_norm": True})
    assert recipe.input.pixels == 65536
    assert recipe.bagging is None
    bagged = with_values(recipe, ["bagging.folds=3"])
    assert bagged.bagging == Bagging(folds=3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("schedule.epoch=3", "schedule.epoch"),
        ("schedule.epochs=many", "schedule.epochs"),
        ("schedule", "not KEY=VALUE"),
        ("loss.0.weight=1", "lists cannot be changed"),
        ("optimiser.name=lion", "optimiser.name"),
        ("split.test=0.9", "split"),
        ("bagging.folds=1", "bagging.folds"),
        ("classes=atr-19", "atr-19"),
        ("input.preprocess=['blur']", "input.preprocess"),
        ('loss=[{name="dice",edge=3}]', "only to the boundary loss"),
        ('loss=[{name="lovasz",balance=1}]', "leave balance out"),
        ("loss=[]", "loss"),
    ],
)
def test_a_bad_change_is_named(change, said):
    with pytest.raises(RecipeError) as caught:
        with_values(load_recipe("hemline"), [change])
    assert said in str(caught.value)


def test_the_card_of_an_older_model_still_loads():
    """The card of the first starter, from before recipes had classes, policies and frames."""
    old = {
        "name": "hemline",
        "network": {"architecture": "unet", "encoder": "mobilenet_v2", "options": {}},
        "input": {"pixels": 98304},
        "loss": [{"name": "dice", "weight": 0.5}, {"name": "cross_entropy", "weight": 0.5}],
        "optimiser": {"rate": 0.001, "weight_decay": 0.01, "warm_up": 0.15},
        "schedule": {"epochs": 12, "batch": 8, "patience": 6, "least_steps": 0},
        "fine_tune_rate": 0.0003,
        "prediction": {"flip": True, "tune_threshold": True},
    }
    recipe = parse_recipe(old, source="starter")
    assert (recipe.input.fit, recipe.optimiser.name) == ("keep", "adamw")
    assert parse_recipe(recipe.model_dump(mode="json"), source="again") == recipe
