"""OpenVINO draws what PyTorch draws, for every kind of network that recipes name."""

import numpy as np
import pytest

from hemline.errors import ModelError
from hemline.segmentation.model_card import all_network_names, file_digest
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.recipe import load_recipe, recipes_folder, with_values
from hemline.segmentation.runtime import convert as converting
from hemline.segmentation.runtime.convert import convert
from hemline.segmentation.runtime.converted_file import read_origin
from hemline.segmentation.runtime.openvino_library import converter_version
from hemline.segmentation.runtime.openvino_runtime import OpenVinoRuntime
from hemline.segmentation.runtime.runtime import Seen
from hemline.segmentation.runtime.torch_runtime import TorchRuntime
from tests.segmentation.runtime.untrained import write_model

SMALL = ("input.pixels=9216", "network.encoder=mobilenet_v2")
OWN = ("input.pixels=9216", "network.options.bottom=32")
SIMPLE = (*OWN, "network.architecture=mannequin-simple", "network.encoder=none")
QUICK = {
    "hemline": SMALL,
    "mannequin-double": SIMPLE,
    "mannequin-bagged": (*SIMPLE, "bagging.folds=2"),
    "mannequin-specialists": SIMPLE,
    "mannequin-final": OWN,
    "fashionpedia-13": ("input.pixels=9216", "network.encoder=mit_b0"),
}
# Networks so steep while untrained that float32's own rounding shows.
STEEP = {"atr-18-imaterialist": converting.TOLERANCE}
ALL = sorted(path.stem for path in recipes_folder().glob("*.toml"))
LABELS = {"hemline": ("garment",), "fashionpedia-13": ("hat", "left-shoe", "right-shoe")}


@pytest.mark.parametrize("name", QUICK)
def test_it_draws_what_pytorch_draws(name, tmp_path):
    check(with_values(load_recipe(name), QUICK[name]), LABELS.get(name, ("garment",)), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_it_draws_what_pytorch_draws_with_the_recipe_s_own_network(name, tmp_path):
    recipe = with_values(load_recipe(name), ["input.pixels=36864"])
    if recipe.bagging:
        recipe = with_values(recipe, ["bagging.folds=2"])
    check(recipe, ("hat", "left-shoe", "right-shoe") if recipe.classes else ("garment",), tmp_path)


def check(recipe, labels, folder):
    """Photos of several shapes, with one converted file."""
    atol = STEEP.get(recipe.name, 1e-3)
    model, converted = folder / "model.safetensors", folder / "converted.safetensors"
    card = write_model(model, recipe, labels)
    convert(model, converted)
    ours = Predictor(model, device="cpu")
    theirs = Predictor(model, runtime=OpenVinoRuntime(converted, threads=1))
    rng = np.random.default_rng(0)
    for height, width in ((90, 60), (60, 90), (200, 40)):
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        one, other = ours.examine(image), theirs.examine(image)
        assert one.probabilities.std() > 0.02  # numbers that are all alike would prove nothing
        np.testing.assert_allclose(other.probabilities, one.probabilities, atol=atol)
        scale = np.abs(one.embedding).max()
        np.testing.assert_allclose(other.embedding, one.embedding, atol=1e-3 * scale)
        assert np.mean(one.prediction.mask != other.prediction.mask) < 0.005
        assert other.prediction.score == pytest.approx(one.prediction.score, abs=5e-3)
    by_torch, by_openvino = TorchRuntime(model, device="cpu"), OpenVinoRuntime(converted, threads=1)
    batch = rng.integers(0, 256, (3, 3, 32, 64), np.uint8)
    for name in all_network_names(card):
        np.testing.assert_allclose(
            by_openvino.run(name, batch).probabilities,
            by_torch.run(name, batch).probabilities,
            atol=atol,
        )


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.safetensors"
    write_model(path, with_values(load_recipe("mannequin-simple"), ["network.options.bottom=16"]))
    return path


def test_a_converted_file_says_what_it_was_made_from(model, tmp_path):
    convert(model, tmp_path / "made" / "converted.safetensors")
    origin = read_origin(tmp_path / "made" / "converted.safetensors")
    assert origin.weights_digest == file_digest(model)
    assert origin.precision == "fp32"
    assert origin.made_by == converter_version()
    assert "openvino 20" in origin.made_by


def test_a_conversion_that_draws_otherwise_is_refused(model, tmp_path, monkeypatch):
    class Other(OpenVinoRuntime):
        def run(self, network, photos):
            seen = super().run(network, photos)
            return Seen(seen.probabilities + np.float32(0.002), seen.embeddings)

    monkeypatch.setattr(converting, "OpenVinoRuntime", Other)
    with pytest.raises(
        ModelError, match=r"gives other probabilities on OpenVINO \(by up to 0\.002"
    ):
        convert(model, tmp_path / "converted.safetensors")
    assert not (tmp_path / "converted.safetensors").exists()


def test_a_file_of_another_kind_is_named(model):
    with pytest.raises(
        ModelError, match=r"model\.safetensors' is not a file of converted networks"
    ):
        OpenVinoRuntime(model)
