"""`hemline train` and `predict` as a person runs them, Ctrl-C and mistakes among it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner, Result

from hemline.datasets.sample import Sample
from hemline.errors import HemlineError
from hemline.segmentation.commands.main import app
from hemline.segmentation.model_card import read_card

TINY = """
name = "tiny"
[network]
encoder = "mobilenet_v2"
options = { decoder_channels = [16, 16, 8, 8, 8] }
[input]
pixels = 4096
[split]
validation = 0.4
test = 0.1
[schedule]
epochs = 2
batch = 2
[fine_tune]
epochs = 1
batch = 2
"""


@pytest.fixture
def recipe(tmp_path) -> str:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return str(path)


def write_pairs(folder: Path, samples: list[Sample]) -> Path:
    """A folder of the kind `pairs` with one label."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for sample in samples:
        image, mask = sample.load()
        cv2.imwrite(str(folder / "images" / f"{sample.id}.png"), image[..., ::-1])
        cv2.imwrite(str(folder / "masks" / f"{sample.id}.png"), mask * 255)
    return folder


@pytest.fixture
def data(tmp_path, samples) -> Path:
    return write_pairs(tmp_path / "data", samples)


def run(*arguments: object) -> Result:
    """What the command did; a sentence that `hemline` would print is raised."""
    result = CliRunner().invoke(app, [str(value) for value in arguments])
    if isinstance(result.exception, HemlineError):
        raise result.exception
    return result


def train(recipe: str, data: object, out: Path, *more: object) -> Result:
    return run("train", "--recipe", recipe, "--data", data, "--out", out, "--device", "cpu", *more)


def test_train_evaluate_fine_tune_and_predict(tmp_path, recipe, data):
    trained = train(recipe, f"pairs:{data}", tmp_path / "out", "--tensorboard")
    assert trained.exit_code == 0, trained.output
    assert "epoch 2/2" in trained.output
    model = tmp_path / "out" / "model.safetensors"
    assert (tmp_path / "out" / "curve.svg").read_text().startswith("<svg")
    events = list((tmp_path / "out" / "tensorboard").iterdir())
    assert any(b"training/loss" in path.read_bytes() for path in events)
    measured = run(
        "evaluate", "--model", model, "--data", f"pairs:{data}", "--json", "--device", "cpu"
    )
    assert '"n": 12' in measured.stdout
    child = train(recipe, f"pairs:{data}", tmp_path / "child", "--initial", model)
    assert "epoch 1/1" in child.output, child.output
    photo = data / "images" / "s3.png"
    drawn = run("predict", photo, "--model", model, "--out", tmp_path / "masks", "--device", "cpu")
    assert drawn.exit_code == 0, drawn.output
    mask = cv2.imread(str(tmp_path / "masks" / "s3.png"), cv2.IMREAD_UNCHANGED)
    assert mask is not None
    assert mask.shape == (64, 64)
    assert set(mask.ravel().tolist()) <= {0, 255}
    run("predict", photo, "--model", model, "--out", tmp_path / "cut", "--cutout")
    cutout = cv2.imread(str(tmp_path / "cut" / "s3.png"), cv2.IMREAD_UNCHANGED)
    assert cutout is not None
    assert cutout.shape == (64, 64, 4)


def test_a_bag_is_trained_measured_and_resumed(tmp_path, recipe, data):
    more = ("--set", "bagging.folds=2", "--epochs", 1)
    trained = train(recipe, f"pairs:{data}", tmp_path / "out", *more)
    assert trained.exit_code == 0, trained.output
    assert "fold 2 of 2" in trained.output
    assert "2 folds: Dice" in trained.output
    resumed = train(recipe, f"pairs:{data}", tmp_path / "out", *more, "--resume")
    assert "epoch" not in resumed.output
    measure = ("evaluate", "--model", tmp_path / "out" / "model.safetensors", "--device", "cpu")
    with pytest.raises(HemlineError, match="is a bag"):
        run(*measure, "--data", f"pairs:{data}", "--part", "validation")
    assert '"n": 12' in run(*measure, "--data", f"pairs:{data}", "--json").stdout


def test_what_is_wrong_is_one_sentence(tmp_path, recipe, data, samples):
    out = tmp_path / "out"
    with pytest.raises(HemlineError, match="names no data; give --data"):
        run("train", "--recipe", recipe, "--out", out)
    (tmp_path / "not.safetensors").write_bytes(b"pickle")
    with pytest.raises(HemlineError, match=r"not\.safetensors.*safetensors"):
        train(recipe, f"pairs:{data}", out, "--initial", tmp_path / "not.safetensors")
    with pytest.raises(HemlineError, match="unknown device 'tpu'"):
        run("train", "--recipe", recipe, "--data", f"pairs:{data}", "--out", out, "--device", "tpu")
    with pytest.raises(HemlineError, match="cannot write to"):
        train(recipe, f"pairs:{data}", data / "images" / "s1.png" / "out")
    with pytest.raises(HemlineError, match="weights 'nothing' of the encoder"):
        train(recipe, f"pairs:{data}", out, "--encoder", "nothing")
    save_file({"no.such.layer": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(
        HemlineError, match=r"do not belong to the encoder.*network\.encoder"
    ) as caught:
        train(recipe, f"pairs:{data}", out, "--encoder", tmp_path / "other.safetensors")
    assert len(str(caught.value)) < 400
    with pytest.raises(HemlineError, match="garment"):
        train(recipe, f"pairs:{data}", out, "--set", "classes={trousers=['trousers']}")
    with pytest.raises(HemlineError, match=r"'a/x\.png' and 'b/x\.jpg' would both be written"):
        run("predict", "a/x.png", "b/x.jpg", "--out", out)


def test_masks_of_another_size_are_named(tmp_path, recipe, data):
    path = str(data / "masks" / "s1.png")
    whole = cv2.imread(path)
    assert whole is not None
    cv2.imwrite(path, whole[:9])
    trained = train(recipe, f"pairs:{data}", tmp_path / "out", "--epochs", 1, "--test", 0)
    assert trained.exit_code == 0, trained.output
    assert "skipped s1" in trained.output
    assert "1 of 12 photos were skipped" in trained.output
    assert "64 x 9 px" in trained.output


def test_photos_are_counted_once_decoded_and_those_without_a_mask_are_in_the_card(
    tmp_path, recipe, data
):
    (data / "masks" / "s1.png").unlink()
    (data / "masks" / "s2.png").write_bytes(b"torn")
    more = ("--epochs", 1, "--test", 0, "--validation", 0)
    trained = train(recipe, f"pairs:{data}", tmp_path / "out", *more)
    assert "10 photos to train on, 0 to validate on" in trained.output
    assert "2 of 12 photos were skipped" in trained.output
    skipped = read_card(tmp_path / "out" / "model.safetensors").figures["skipped"]
    assert [item["id"] for item in skipped] == ["s1", "s2"]


@pytest.mark.parametrize("begun", [False, True])
def test_ctrl_c_before_the_first_batch_says_how_to_go_on_if_there_is_a_checkpoint(
    begun, tmp_path, recipe, data, monkeypatch
):
    if begun:
        train(recipe, f"pairs:{data}", tmp_path / "out", "--set", "bagging.folds=2", "--epochs", 1)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("hemline.segmentation.training.split_data.training_data", interrupted)
    stopped = train(recipe, f"pairs:{data}", tmp_path / "out", "--resume")
    assert stopped.exit_code == 130
    assert ("--resume to continue from here" in stopped.output) == begun


@pytest.mark.slow
def test_ctrl_c_leaves_a_checkpoint_that_resume_takes_up(tmp_path, recipe, data):
    """A real process and a real SIGINT, within an epoch."""
    command = [
        *(sys.executable, "-c", "from hemline.cli import main; main()"),
        *("train", "--recipe", recipe),
        *("--data", f"pairs:{data}", "--out", str(tmp_path / "out"), "--device", "cpu"),
        *("--set", "schedule.least_steps=60", "--threads", "1"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    checkpoint = tmp_path / "out" / "checkpoint.pt"
    try:
        while not checkpoint.exists() and process.poll() is None:
            time.sleep(0.05)  # until the first epoch ends; the second has begun then
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "--resume" in errors
    assert "Traceback" not in errors
    stopped = torch.load(checkpoint, weights_only=True)["progress"]
    assert stopped["epoch"] == 1
    assert 0 < stopped["position"] < 60
    arguments = command[3:]
    resumed = run(*arguments, "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert "epoch 2/2" in resumed.output
