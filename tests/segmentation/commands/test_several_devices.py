"""`hemline train` on several devices and hosts, as real processes on this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch

from hemline.segmentation.evaluation.evaluate import evaluate
from hemline.segmentation.model_card import read_card
from hemline.segmentation.predictor import Predictor
from tests.segmentation.commands.test_commands import TINY, write_pairs
from tests.segmentation.discs import disc_sample

pytestmark = pytest.mark.slow


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "tiny.toml").write_text(TINY)
    data = write_pairs(tmp_path / "data", [disc_sample(number) for number in range(24)])
    return [
        *(sys.executable, "-m", "hemline.cli", "train"),
        *("--recipe", str(tmp_path / "tiny.toml"), "--data", f"pairs:{data}", "--device", "cpu"),
        *("--threads", "1", "--set", "schedule.batch=4", "--set", "schedule.least_steps=8"),
    ]


def start(command: list[str], out: Path, *more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command, "--out", str(out), *map(str, more)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ends(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, output and errors."""
    try:
        out, errors = process.communicate()
    finally:
        process.kill()
    return process.returncode, out, errors


def wait_for_epoch(process: subprocess.Popen[str], out: Path) -> None:
    while not (out / "checkpoint.pt").exists() and process.poll() is None:
        time.sleep(0.05)


@pytest.mark.learned
def test_two_processes_come_to_the_dice_of_one(command: list[str], tmp_path: Path) -> None:
    dice = []
    for devices in (1, 2):
        out = tmp_path / f"out-{devices}"
        status, said, errors = ends(
            start(command, out, "--epochs", 12, "--devices", devices, "--tensorboard")
        )
        assert status == 0, errors
        assert ("2 processes share each batch" in said) == (devices == 2)
        assert said.count("epoch 12/12") == 1, "one of them alone says how it goes"
        assert len(list((out / "tensorboard").iterdir())) == 1
        unseen = [disc_sample(number) for number in range(100, 112)]
        figures = evaluate(Predictor(out / "model.safetensors", device="cpu"), unseen).items
        dice.append(sum(item.dice for item in figures) / len(figures))
    assert min(dice) > 0.9
    assert dice[1] == pytest.approx(dice[0], abs=0.05)


def test_a_killed_process_ends_the_training_and_resume_takes_it_up_on_one_device(
    command: list[str], tmp_path: Path
) -> None:
    more = ("--set", "schedule.least_steps=60")
    process = start(command, tmp_path / "out", "--devices", 2, *more)
    wait_for_epoch(process, tmp_path / "out")
    ranks = psutil.Process(process.pid).children()
    (second,) = (rank for rank in ranks if rank.environ()["RANK"] == "1")
    second.send_signal(signal.SIGKILL)
    status, _, errors = ends(process)
    assert status == 1
    assert f"training process 2 of 2 (pid {second.pid}) ended by SIGKILL" in errors
    assert "--resume" in errors
    assert "Traceback" not in errors
    assert not any(psutil.pid_exists(rank.pid) for rank in ranks)
    status, said, errors = ends(start(command, tmp_path / "out", "--resume", *more))
    assert status == 0, errors
    assert "epoch 2/2" in said
    assert "epoch 1/2" not in said


def test_ctrl_c_lets_the_batch_end_and_resume_takes_it_up_on_two_devices(
    command: list[str], tmp_path: Path
) -> None:
    more = ("--devices", 2, "--set", "schedule.least_steps=60")
    process = start(command, tmp_path / "out", *more)
    wait_for_epoch(process, tmp_path / "out")
    process.send_signal(signal.SIGINT)
    status, _, errors = ends(process)
    assert status == 130, errors
    assert "--resume" in errors
    assert "Traceback" not in errors
    stopped = torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)["progress"]
    assert stopped["epoch"] == 1
    assert 0 < stopped["position"] < 60
    status, said, errors = ends(start(command, tmp_path / "out", "--resume", *more))
    assert status == 0, errors
    assert "epoch 2/2" in said
    assert "epoch 1/2" not in said


def test_two_hosts_train_one_model_and_the_first_writes_it(
    command: list[str], tmp_path: Path
) -> None:
    """Both are this machine; the second has none of the data. Parts of the network are not used,
    which the other strategy allows."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        rendezvous = f"127.0.0.1:{free.getsockname()[1]}"
    more = (
        *("--nodes", 2, "--rendezvous", rendezvous),
        *("--strategy", "ddp_find_unused_parameters_true"),
        *("--set", "network.options={encoder_depth=3, decoder_channels=[16, 8, 8]}"),
    )
    without_data = [part if not part.startswith("pairs:") else "pairs:none" for part in command]
    hosts = [
        start(command, tmp_path / "first", *more, "--node", 0),
        start(without_data, tmp_path / "second", *more, "--node", 1),
    ]
    found = [ends(process) for process in hosts]
    assert [status for status, _, _ in found] == [0, 0], found
    assert "epoch 2/2" in found[0][1]
    assert found[1][1] == ""
    assert read_card(tmp_path / "first" / "model.safetensors").figures["best_epoch"] > 0
    assert not list((tmp_path / "second").rglob("*.*"))


def test_what_is_wrong_is_said_once(command: list[str], tmp_path: Path) -> None:
    status, _, errors = ends(
        start(command, tmp_path / "out", "--devices", 2, "--set", "schedule.batch=1")
    )
    assert status == 1
    assert errors.count("batches of 1 photos, which 2 processes cannot share") == 1
    assert "Traceback" not in errors
    status, _, errors = ends(start(command, tmp_path / "out", "--strategy", "fsdp"))
    assert status == 1
    assert "unknown strategy 'fsdp'; choose from ddp, ddp_find_unused_parameters_true" in errors


def test_torchrun_starts_it_too(command: list[str], tmp_path: Path) -> None:
    torchrun = [
        *(sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"),
        *("--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1"),
    ]
    process = subprocess.Popen(
        [*torchrun, *command[1:], "--out", str(tmp_path / "out"), "--epochs", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "GLOO_SOCKET_IFNAME": "lo"},
    )
    status, said, errors = ends(process)
    assert status == 0, errors
    assert "2 processes share each batch" in said
    assert said.count("epoch 1/1") == 1
    process = subprocess.Popen(
        [*torchrun, *command[1:], "--out", str(tmp_path / "out"), "--devices", "3"],
        stderr=subprocess.PIPE,
        text=True,
    )
    status, _, errors = ends(process)
    assert status == 1
    assert "torchrun has started 2 processes on this host; leave --devices out" in errors
