"""`hemline evaluate` on a folder: the table, one JSON object, the files, and wrong requests."""

import csv
import json

import cv2
import numpy as np
import pytest
import torch
from rich.console import Console
from typer.testing import CliRunner

from hemline.datasets.sample import Dataset, Sample
from hemline.errors import DatasetError
from hemline.segmentation.commands.evaluate import _class_table
from hemline.segmentation.commands.main import app
from hemline.segmentation.evaluation import data as data_module
from hemline.segmentation.evaluation.data import evaluation_data
from hemline.segmentation.evaluation.files import MASK_COLOUR, TRUTH_COLOUR, draw_overlay
from hemline.segmentation.model_card import ModelCard
from hemline.segmentation.model_file import save_model
from hemline.segmentation.networks.build import build_network
from tests.segmentation.discs import disc_sample


@pytest.fixture
def model(small_recipe, tmp_path):
    torch.manual_seed(0)
    network = build_network(small_recipe.network, 1)
    path = tmp_path / "model.safetensors"
    save_model(path, network.state_dict(), ModelCard(small_recipe, ("garment",), 0.4))
    return path


@pytest.fixture
def pairs(tmp_path):
    folder = tmp_path / "pairs"
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number in range(4):
        image, mask = disc_sample(number).load()
        cv2.imwrite(str(folder / "images" / f"s{number}.png"), image[..., ::-1])
        cv2.imwrite(str(folder / "masks" / f"s{number}.png"), mask * 255)
    return folder


def run(*arguments):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def test_json_is_one_object(model, pairs):
    result = run("--model", model, "--data", f"pairs:{pairs}", "--device", "cpu", "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["n"] == 4
    assert summary["threshold"] == 0.4
    assert summary["skipped"] == []
    assert [row["label"] for row in summary["classes"]] == ["background", "garment"]


def test_labels_in_brackets_are_no_markup(capsys):
    figures = dict.fromkeys(("iou", "f1", "precision", "recall"), 0.5)
    row = {"label": "[red] top", **figures, "truth_share": 0.1, "photos": 1}
    Console(width=100).print(_class_table([row]))
    assert "[red] top" in capsys.readouterr().out


def test_the_table_and_the_files(model, pairs, tmp_path):
    (pairs / "masks" / "s3.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    result = run("--model", model, "--data", f"pairs:{pairs}", "--device", "cpu", "--out", out)
    assert result.exit_code == 0, result.output
    for word in ("3 photos", "boundary_f", "garment", "…"):
        assert (word in result.stdout) == (word != "…")  # no figure is cut off
    assert "skipped s3" in result.stderr
    rows = list(csv.DictReader((out / "photos.csv").read_text().splitlines()))
    assert [row["id"] for row in rows] == ["s0", "s1", "s2"]
    assert float(rows[0]["edge_contrast"]) > 10
    overlays = sorted(path.name for path in (out / "overlays").iterdir())
    worst = min(rows, key=lambda row: float(row["dice"]))
    assert overlays[0] == f"{float(worst['dice']):.4f}-{worst['id']}.jpg"
    assert (out / "outliers.csv").read_text().startswith("id,garment,dice")


def test_wrong_requests_are_one_sentence(model, pairs):
    data = ("--model", model, "--data", f"pairs:{pairs}", "--device", "cpu")
    for arguments, words in (
        (("--part", "train"), "unknown part 'train'; choose from all, validation, test"),
        (("--part", "test", "--test", "0"), "there are no photos in part 'test'"),
        (("--part", "test", "--test", "0.9", "--validation", "0.9"), "add up to more than 1"),
    ):
        error = run(*data, *arguments).exception
        assert isinstance(error, DatasetError)
        assert words in str(error)


def test_the_datas_ids_become_the_models(monkeypatch, small_recipe):
    mask = np.array([[0, 1, 2, 255]], np.uint8)
    sample = Sample("a", "a", "", "", lambda: (np.zeros((1, 4, 3), np.uint8), mask))

    def labelled(*labels):
        monkeypatch.setattr(data_module, "open_all", lambda *_: [Dataset((sample,), labels)])

    def loaded(*labels):
        card = ModelCard(small_recipe, labels, 0.5)
        return evaluation_data(["pairs:x"], card).samples[0].load()[1].tolist()

    labelled("coat", "hat")
    assert loaded("coat", "hat") == [[0, 1, 2, 255]]
    assert loaded("hat", "dress", "coat") == [[0, 3, 1, 255]]
    assert loaded("garment") == [[0, 1, 1, 255]]
    with pytest.raises(DatasetError, match="label 'hat', which the model does not know"):
        loaded("coat", "dress")
    labelled("clothing")
    assert loaded("dress") == [[0, 1, 1, 255]]


def test_the_data_is_opened_with_the_classes_of_the_models_recipe(monkeypatch, small_recipe):
    asked = []

    def open_all(sources, classes, garment_is):
        asked.extend([classes] * len(sources))
        return [Dataset((), ("top",)) for _ in sources]

    monkeypatch.setattr(data_module, "open_all", open_all)
    recipe = small_recipe.model_copy(update={"classes": {"top": ("shirt", "blouse")}})
    evaluation_data(["ccp:x", "ccp:y"], ModelCard(recipe, ("top",), 0.5))
    assert [classes.labels for classes in asked] == [("top",)] * 2
    evaluation_data(["ccp:x"], ModelCard(small_recipe, ("top",), 0.5))
    assert asked[-1] is None


def test_an_overlay_outlines_both_in_two_colours():
    image = np.zeros((80, 60, 3), np.uint8)
    truth, mask = np.zeros((80, 60), np.uint8), np.zeros((80, 60), np.uint8)
    truth[10:40, 10:50] = 1
    mask[50:70, 10:50] = 2
    picture = draw_overlay(image, truth, mask)
    assert tuple(picture[10, 30]) == TRUTH_COLOUR
    assert tuple(picture[50, 30]) == MASK_COLOUR
    assert not picture[25, 30].any()
    large = draw_overlay(np.zeros((100, 2400, 3), np.uint8), *[np.zeros((100, 2400), np.uint8)] * 2)
    assert large.shape == (50, 1200, 3)
