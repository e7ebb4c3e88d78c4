"""Weights are converted once, kept by digest, checked, and made again when they no longer fit."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from hemline.errors import ModelError
from hemline.prefill import conversions as converting
from hemline.prefill.conversions import Conversions
from hemline.segmentation.recipe.recipe import load_recipe, with_values
from hemline.segmentation.runtime import openvino_library
from hemline.segmentation.runtime.cost import Cost
from hemline.segmentation.runtime.openvino_library import converter_version
from hemline.settings import RuntimeName, Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.models.conversions import find_conversion
from tests.segmentation.runtime.untrained import write_model

PHOTOS = np.random.default_rng(0).integers(0, 256, (1, 3, 32, 64), dtype=np.uint8)


def settings_of(home: Path, runtime: RuntimeName) -> Settings:
    return Settings(home=home, database_url="", redis_url="", device="cpu", runtime=runtime)


INT8 = Cost(dice=0.95, fp32_dice=0.951, photos=30)


def conversions_of(settings: Settings) -> Conversions:
    return Conversions(Store(settings.database), ArtifactStore(settings.artifacts), settings)


@pytest.fixture
def settings(tmp_path):
    return settings_of(tmp_path, "auto")


@pytest.fixture
def store(settings):
    store = Store(settings.database)
    store.upgrade()
    yield store
    store.dispose()


@pytest.fixture
def weights(settings, store, tmp_path):
    """The digest of weights that are stored."""
    recipe = with_values(load_recipe("mannequin-simple"), ["network.options.bottom=16"])
    write_model(tmp_path / "model.safetensors", recipe)
    data = (tmp_path / "model.safetensors").read_bytes()
    return ArtifactStore(settings.artifacts).put(data, "weights")


def conversion(store, weights, made_by=None):
    with store.reading() as session:
        return find_conversion(session, weights, "fp32", made_by or converter_version())


def test_pytorch_runs_what_is_not_converted_and_openvino_what_is(settings, store, weights):
    conversions = conversions_of(settings)
    before = conversions.open(weights)
    assert before.name == "PyTorch on cpu"
    conversions.prepare(weights)
    after = conversions.open(weights)
    assert after.name == "OpenVINO fp32"
    np.testing.assert_allclose(
        after.run("", PHOTOS).probabilities, before.run("", PHOTOS).probabilities, atol=1e-3
    )


def count_conversions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The module of each conversion from now on; they run all the same."""
    runs: list[str] = []
    real = converting._run_child

    def counted(module: str, arguments: list[str], log_path: Path) -> str:
        runs.append(module)
        return real(module, arguments, log_path)

    monkeypatch.setattr(converting, "_run_child", counted)
    return runs


def test_it_is_done_once_and_again_when_the_version_changes_or_the_file_is_damaged(
    settings, store, weights, monkeypatch
):
    runs = count_conversions(monkeypatch)
    conversions = conversions_of(settings)
    for _ in range(2):
        conversions.prepare(weights)
    assert len(runs) == 1

    digest = conversion(store, weights).digest
    artifact = ArtifactStore(settings.artifacts).local_path(digest)
    whole = artifact.read_bytes()
    artifact.write_bytes(whole[:-1])
    assert conversions.open(weights).name == "PyTorch on cpu"
    conversions.prepare(weights)
    assert len(runs) == 2
    assert artifact.read_bytes() == whole
    assert conversions.open(weights).name == "OpenVINO fp32"

    old = converter_version()
    monkeypatch.setattr(openvino_library, "CONVERTER", 10**6)
    assert conversions.open(weights).name == "PyTorch on cpu"
    conversions.prepare(weights)
    assert len(runs) == 3
    assert conversion(store, weights, old).digest == digest


def test_what_cannot_be_converted_is_not_tried_again(settings, store, monkeypatch):
    broken = ArtifactStore(settings.artifacts).put(b"no model", "weights")
    conversions = conversions_of(settings)
    conversions.prepare(broken)
    assert "not a readable safetensors file" in conversion(store, broken).problem
    monkeypatch.setattr(converting, "_run_child", lambda *_: pytest.fail("tried again"))
    conversions.prepare(broken)


def test_a_converter_that_dies_says_nothing_of_the_weights(
    settings, store, weights, monkeypatch, caplog
):
    monkeypatch.setattr(converting, "_CONVERTER", "tests.prefill.dies")
    conversions_of(settings).prepare(weights)
    assert "the conversion ended with status -9" in caplog.text
    assert conversion(store, weights) is None
    assert conversions_of(settings).open(weights).name == "PyTorch on cpu"
    forced = conversions_of(settings_of(settings.home, "openvino"))
    with pytest.raises(ModelError, match="tried again at the next load"):
        forced.prepare(weights)
    with pytest.raises(ModelError, match="HEMLINE_RUNTIME=openvino, and the weights"):
        forced.open(weights)


def test_torch_can_be_forced(settings, store, weights, monkeypatch):
    conversions_of(settings).prepare(weights)
    forced = conversions_of(settings_of(settings.home, "torch"))
    forced.prepare(weights)
    assert forced.open(weights).name == "PyTorch on cpu"


def test_two_processes_convert_once(settings, store, weights):
    context = multiprocessing.get_context("spawn")
    team = [context.Process(target=_prepare, args=(settings.home, weights)) for _ in range(2)]
    for process in team:
        process.start()
    for process in team:
        process.join(240)
    assert [process.exitcode for process in team] == [0, 0]
    assert sorted(path.read_text() for path in settings.home.glob("runs-*")) in (["0", "1"],)
    assert conversions_of(settings).open(weights).name == "OpenVINO fp32"


def _prepare(home: Path, weights: str) -> None:
    """In a process of its own; leaves a file with how often it converted."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        runs = count_conversions(monkeypatch)
        conversions_of(settings_of(home, "auto")).prepare(weights)
    (home / f"runs-{multiprocessing.current_process().pid}").write_text(str(len(runs)))


@pytest.mark.parametrize(
    ("wanted", "has_instructions", "serves"),
    [("auto", True, True), ("auto", False, False), ("on", False, True), ("off", True, False)],
)
def test_int8_serves_where_it_is_faster_or_asked_for(
    settings, store, weights, tmp_path, monkeypatch, wanted, has_instructions, serves
):
    monkeypatch.setattr(converting, "has_int8_instructions", lambda: has_instructions)
    conversions = conversions_of(settings.model_copy(update={"int8": wanted}))
    conversions.prepare(weights)
    fp32 = conversions.form(weights)
    (tmp_path / "int8").write_bytes(b"a network in int8")
    conversions.keep_int8(weights, tmp_path / "int8", INT8)
    assert fp32
    assert conversions.int8_may_serve() == serves
    assert (conversions.form(weights) != fp32) == serves
