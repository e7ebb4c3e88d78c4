"""Hemline's training beside an ordinary script: seconds an epoch on this CPU, and equal Dice.

    python -m benchmarks.learning.bench_training --data ccp:CCP [--photos 48] [--epochs 3]

The ordinary script is what one writes first: segmentation-models-pytorch, a DataLoader that decodes
each photo again each epoch, one thread pool. Network, loss, optimiser, rate, batch, kinds of
augmentation, photos and pixels are the same. Each has a process of its own, and they take turns
epoch by epoch, so that what else the machine does hits both. Prints a Markdown table; asserts
nothing.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2

from hemline.datasets.sample import Sample
from hemline.datasets.sources import open_data
from hemline.errors import HemlineError
from hemline.masks.figures.overlap import dice
from hemline.masks.figures.statistics import summarise
from hemline.segmentation.input.geometry import input_size
from hemline.segmentation.model_file import load_model
from hemline.segmentation.networks.build import load_encoder
from hemline.segmentation.recipe.recipe import Recipe, load_recipe, with_values
from hemline.segmentation.training.memory import keep_memory
from hemline.segmentation.training.train_model import train

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
HELD_OUT = 16  # photos for the Dice

Turn = Callable[[], None]
Size = tuple[int, int]  # height, width


def main() -> None:
    options = parse_options()
    try:
        samples = open_data(options.data).samples
    except HemlineError as error:
        raise SystemExit(str(error)) from error
    needed = options.photos + HELD_OUT
    if len(samples) < needed:
        raise SystemExit(f"{options.data} has {len(samples)} photos, {needed} are needed")
    with tempfile.TemporaryDirectory(prefix="hemline-bench-") as folder:
        runners = {
            "ordinary script": Runner(train_ordinary, options, Path(folder) / "ordinary"),
            "hemline": Runner(train_ours, options, Path(folder) / "ours"),
        }
        seconds: dict[str, list[float]] = {name: [] for name in runners}
        for _ in range(options.epochs):
            for name, runner in runners.items():
                seconds[name].append(runner.epoch())
        dices = {name: runner.result() for name, runner in runners.items()}
    print_table(options, seconds, dices)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="KIND:PATH, as of `hemline train`")
    parser.add_argument("--encoder", type=Path, help="encoder weights to begin from (safetensors)")
    parser.add_argument("--photos", type=int, default=48, help="photos to train on")
    parser.add_argument("--epochs", type=int, default=3, help="epochs of each, at least 2")
    parser.add_argument("--pixels", type=int, default=256 * 384, help="about, of a photo")
    options = parser.parse_args()
    if options.epochs < 2:
        parser.error("--epochs is at least 2: the first is shown apart, as it decodes")
    return options


def print_table(
    options: argparse.Namespace, seconds: dict[str, list[float]], dices: dict[str, list[float]]
) -> None:
    print(
        f"{options.photos} photos of {options.pixels} px, {options.epochs} epochs, "
        f"{torch.get_num_threads()} threads; an epoch is the median after the first\n"
    )
    print("| | first epoch, s | an epoch, s | all epochs, s | Dice, mean | Dice, 95 % |")
    print("|---|---|---|---|---|---|")
    for name, taken in seconds.items():
        found = summarise(dices[name])
        low, high = found.mean_interval or (0.0, 0.0)
        print(
            f"| {name} | {taken[0]:.1f} | {statistics.median(taken[1:]):.1f} | {sum(taken):.1f} "
            f"| {found.mean:.4f} | {low:.4f} to {high:.4f} |"
        )
    theirs, ours = seconds["ordinary script"], seconds["hemline"]
    ratio = statistics.median(theirs[1:]) / statistics.median(ours[1:])
    difference = summarise(np.subtract(dices["hemline"], dices["ordinary script"]))
    low, high = difference.mean_interval or (0.0, 0.0)
    print(f"\nhemline is {ratio:.2f} times as fast an epoch, {sum(theirs) / sum(ours):.2f} in all;")
    print(f"its Dice differs by {difference.mean:+.4f} [{low:+.4f}, {high:+.4f}]")


class Runner:
    """A training in a process of its own that waits before each epoch for its turn."""

    def __init__(
        self,
        work: Callable[[argparse.Namespace, Path, Turn], list[float]],
        options: argparse.Namespace,
        folder: Path,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(work, options, folder, theirs))
        self._process.start()
        theirs.close()
        self._pipe.recv()

    def epoch(self) -> float:
        """Seconds of the next epoch; the first includes all that comes before it."""
        self._pipe.send("go")
        begin = time.monotonic()
        self._pipe.recv()
        return time.monotonic() - begin

    def result(self) -> list[float]:
        """Dice of each photo held out."""
        self._pipe.send("go")
        dices: list[float] = self._pipe.recv()
        self._process.join()
        return dices


def _serve(
    work: Callable[[argparse.Namespace, Path, Turn], list[float]],
    options: argparse.Namespace,
    folder: Path,
    pipe: Connection,
) -> None:
    def turn() -> None:
        pipe.send(None)
        pipe.recv()

    folder.mkdir()
    torch.manual_seed(0)
    turn()
    pipe.send(work(options, folder, turn))


def train_ours(options: argparse.Namespace, folder: Path, turn: Turn) -> list[float]:
    """Dice of what `hemline train` makes."""
    keep_memory()  # as the command does
    training, held = _photos(options)
    result = train(
        _recipe(options),
        training,
        [],
        labels=("garment",),
        work_dir=folder,
        encoder=options.encoder,
        device="cpu",
        on_epoch=lambda report: turn(),
    )
    model, _ = load_model(result.path)
    return measure(model, held, partial(input_size, pixels=options.pixels))


def train_ordinary(options: argparse.Namespace, folder: Path, turn: Turn) -> list[float]:
    """Dice of what an ordinary script makes."""
    recipe = _recipe(options)
    training, held = _photos(options)
    model = smp.Unet(recipe.network.encoder, encoder_weights=None, classes=1)
    if options.encoder:
        load_encoder(model, options.encoder, recipe.network)
    size = _common_size(options.pixels)
    loader = DataLoader(
        ScriptPhotos(training, size, recipe), recipe.schedule.batch, shuffle=True, num_workers=0
    )
    optimiser = torch.optim.AdamW(
        model.parameters(), recipe.optimiser.rate, weight_decay=recipe.optimiser.weight_decay
    )
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        recipe.optimiser.rate,
        total_steps=options.epochs * len(loader),
        pct_start=recipe.optimiser.warm_up,
    )
    overlap, entropy = smp.losses.DiceLoss("binary", smooth=1.0), nn.BCEWithLogitsLoss()
    model.train()
    for _ in range(options.epochs):
        for images, masks in loader:
            logits = model(images)
            loss = 0.5 * overlap(logits, masks) + 0.5 * entropy(logits, masks)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rates.step()
        torch.save(model.state_dict(), folder / "last.pt")
        turn()
    return measure(model.eval(), held, lambda height, width: size)


class ScriptPhotos(Dataset[tuple[Tensor, Tensor]]):
    """Photos decoded, scaled and changed at random each time they are asked for."""

    def __init__(self, samples: Sequence[Sample], size: Size, recipe: Recipe) -> None:
        self._samples, self._size = samples, size
        change = recipe.augment
        self._change = v2.Compose(
            [
                v2.RandomHorizontalFlip(change.flip),
                v2.RandomAffine(change.rotate, (change.shift, change.shift), change.scale),
                v2.ColorJitter(change.brightness, change.contrast, change.saturation, change.hue),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(MEAN, DEVIATION),
            ]
        )

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image, mask = self._samples[index].load()
        height, width = self._size
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
        changed: Any = self._change(
            tv_tensors.Image(torch.from_numpy(image).permute(2, 0, 1)),
            tv_tensors.Mask(torch.from_numpy(mask)[None]),
        )
        return changed[0].as_subclass(Tensor), changed[1].as_subclass(Tensor).float()


def measure(
    model: nn.Module, samples: Sequence[Sample], size_of: Callable[[int, int], Size]
) -> list[float]:
    """Dice of each photo at its own size, at a threshold of 0.5: the same for both networks."""
    found = []
    for sample in samples:
        image, truth = sample.load()
        height, width = size_of(*truth.shape)
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        values = (small.astype(np.float32) / 255 - MEAN) / np.array(DEVIATION)
        with torch.inference_mode():
            batch = torch.from_numpy(values.transpose(2, 0, 1)[None].astype(np.float32))
            garment = model(batch).sigmoid()[0, 0].numpy()
        full = cv2.resize(garment, (truth.shape[1], truth.shape[0]))
        found.append(dice(full >= 0.5, truth > 0))
    return found


def _recipe(options: argparse.Namespace) -> Recipe:
    changes = [f"schedule.epochs={options.epochs}", f"schedule.patience={options.epochs}"]
    return with_values(
        load_recipe("hemline"), [*changes, "optimiser.average=0", f"input.pixels={options.pixels}"]
    )


def _photos(options: argparse.Namespace) -> tuple[Sequence[Sample], Sequence[Sample]]:
    samples = open_data(options.data).samples
    order = np.random.default_rng(0).permutation(len(samples))[: options.photos + HELD_OUT]
    chosen = [samples[index] for index in order]
    return chosen[: options.photos], chosen[options.photos :]


def _common_size(pixels: int) -> Size:
    """A size of 2:3, as photos of people often are."""
    return input_size(3, 2, pixels)


if __name__ == "__main__":
    main()
