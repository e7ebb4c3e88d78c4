"""The starter of many classes for tests: a small untrained network of the same classes."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from hemline.datasets.classes.meanings import class_names
from hemline.segmentation import mapped_starter
from hemline.segmentation.shipped import ShippedWeights


@pytest.fixture(scope="session")
def untrained_starter_of_many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its model file, with a note of its digest beside it."""
    from hemline.segmentation.recipe.parts import Input, NetworkPart
    from hemline.segmentation.recipe.recipe import Recipe
    from tests.segmentation.runtime.untrained import write_model

    path = tmp_path_factory.mktemp("starter-19") / "starter-19.safetensors"
    network = NetworkPart(encoder="mobilenet_v2", options={"decoder_channels": [32, 16, 16, 8, 8]})
    recipe = Recipe(name="small", network=network, input=Input(pixels=64 * 64))
    write_model(path, recipe, class_names())
    digest = sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".sha256").write_text(f"{digest}  {path.name}\n", encoding="ascii")
    return path


@pytest.fixture
def starter_of_many(untrained_starter_of_many: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the place of the one that ships."""
    shipped = ShippedWeights("starter-19", "the starter of many classes")
    monkeypatch.setattr(shipped, "_path", untrained_starter_of_many)
    monkeypatch.setattr(mapped_starter, "_STARTER", shipped)
    return untrained_starter_of_many


@pytest.fixture
def no_starter_of_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], None]:
    """Takes it away when it is called."""

    def take_away() -> None:
        shipped = ShippedWeights("starter-19", "the starter of many classes")
        monkeypatch.setattr(shipped, "_path", tmp_path / "missing.safetensors")
        monkeypatch.setattr(mapped_starter, "_STARTER", shipped)

    return take_away
