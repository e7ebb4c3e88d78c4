"""Recipes: each that ships loads and builds; what is wrong in one is named."""

import pytest
from typer.testing import CliRunner

from hemline.errors import RecipeError
from hemline.segmentation.commands import app
from hemline.segmentation.networks import build_network
from hemline.segmentation.recipe import Network, load_recipe, parse_recipe, recipes_folder

NAMES = sorted(path.stem for path in recipes_folder().glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_each_recipe_loads_under_its_own_name_and_builds(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert build_network(recipe.network, 1) is not None


def test_the_default_recipe_is_there():
    assert "hemline" in NAMES


def test_an_unknown_recipe_names_the_known_ones():
    with pytest.raises(RecipeError, match=r"no recipe 'nope'.*hemline"):
        load_recipe("nope")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"name": "x", "epoch": 3}, "key 'epoch'"),
        ({"name": "x", "schedule": {"epochs": 0}}, "schedule.epochs"),
        ({"name": "x", "loss": [{"name": "mse"}]}, "loss.0.name"),
        ({}, "key 'name'"),
    ],
)
def test_bad_keys_and_values_are_named(values, named):
    with pytest.raises(RecipeError, match=r"recipe 'mine'") as caught:
        parse_recipe(values, source="mine")
    assert named in str(caught.value)


def test_broken_toml_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("name = ")
    with pytest.raises(RecipeError, match=r"mine\.toml.*TOML"):
        load_recipe(path)


@pytest.mark.parametrize(
    "network",
    [Network(architecture="vnet"), Network(encoder="resnet999"), Network(options={"nonsense": 1})],
)
def test_a_network_that_cannot_be_built_is_named(network):
    with pytest.raises(RecipeError, match="cannot be built"):
        build_network(network, 1)


def test_the_command_trains_measures_and_predicts(tmp_path, samples, small_recipe):
    import cv2

    recipe = tmp_path / "tiny.toml"
    recipe.write_text(
        'name = "tiny"\n[network]\nencoder = "mobilenet_v2"\n'
        "options = { decoder_channels = [16, 16, 8, 8, 8] }\n"
        "[input]\npixels = 4096\n[schedule]\nepochs = 1\nbatch = 4\n"
    )
    data = tmp_path / "data"
    for name in ("images", "masks"):
        (data / name).mkdir(parents=True)
    for sample in samples:
        image, mask = sample.load()
        cv2.imwrite(str(data / "images" / f"{sample.id}.png"), image[..., ::-1])
        cv2.imwrite(str(data / "masks" / f"{sample.id}.png"), mask * 255)
    call = CliRunner().invoke
    trained = call(
        app,
        [
            "train",
            "--recipe",
            str(recipe),
            "--data",
            f"pairs:{data}",
            "--out",
            str(tmp_path / "out"),
            "--device",
            "cpu",
        ],
    )
    assert trained.exit_code == 0, trained.output
    model = str(tmp_path / "out" / "model.safetensors")
    measured = call(
        app, ["evaluate", "--model", model, "--data", f"pairs:{data}", "--json", "--device", "cpu"]
    )
    assert measured.exit_code == 0, measured.output
    assert '"n": 12' in measured.stdout
    photo = str(data / "images" / "s3.png")
    drawn = call(
        app,
        ["predict", photo, "--model", model, "--out", str(tmp_path / "masks"), "--device", "cpu"],
    )
    assert drawn.exit_code == 0, drawn.output
    mask = cv2.imread(str(tmp_path / "masks" / "s3.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (64, 64)
    assert set(mask.ravel().tolist()) <= {0, 255}
