"""What runs the network of a pre-fill, in time and in Dice: `make bench-runtime CCP=folder`.

    python -m benchmarks.serving.bench_runtime [--ccp FOLDER] [--model FILE] [--photos N]

Every photo goes through all of them in turn, so that what else the machine does meets all alike.
The first is PyTorch as its guide sets it up: eager, NCHW, fp32, inference mode, without the mirror
image. Times are of the network alone. Photos are those of Clothing Co-Parsing that no training saw
(the test part of `hemline train`'s split), else drawn scenes; Dice is at the photo's size. int8 is
what a worker makes of the starter, calibrated on drawn scenes. Writes its part of docs/results.md.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.results_page import add_page_options, write_part
from hemline.datasets.readers.scenes import read_scenes
from hemline.datasets.sample import Sample
from hemline.datasets.sources import open_data
from hemline.datasets.splits import split_by_garment
from hemline.segmentation.evaluation.evaluate import evaluate_one
from hemline.segmentation.input.transforms import normalise
from hemline.segmentation.model_card import file_digest
from hemline.segmentation.model_file import load_model
from hemline.segmentation.predictor import Examination, MaskPrediction, Predictor
from hemline.segmentation.runtime.convert import convert
from hemline.segmentation.runtime.int8_instructions import has_int8_instructions
from hemline.segmentation.runtime.openvino_runtime import OpenVinoRuntime
from hemline.segmentation.runtime.quantise import quantise_on_scenes
from hemline.segmentation.runtime.runtime import Runtime, Seen
from hemline.segmentation.runtime.torch_runtime import TorchRuntime
from hemline.segmentation.starter import starter_path
from hemline.settings import Settings

_WARM_UP = 3
_SCENES = 40  # garments; the first are what int8 is calibrated on


class PlainRuntime:
    """PyTorch as it comes: eager, NCHW, fp32."""

    name = "PyTorch"

    def __init__(self, path: Path) -> None:
        self._network, self._card = load_model(path)

    def run(self, network: str, photos: NDArray[np.uint8]) -> Seen:
        with torch.inference_mode():
            batch = torch.from_numpy(np.ascontiguousarray(photos))
            images = normalise(batch, self._card.recipe.input.preprocess)
            values = self._network(images).sigmoid()
        return Seen(values.numpy(), np.zeros((len(photos), 1), np.float32))


class Timed:
    """A runtime that counts the seconds it runs."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.name = runtime.name
        self.seconds = 0.0

    def run(self, network: str, photos: NDArray[np.uint8]) -> Seen:
        start = time.perf_counter()
        seen = self._runtime.run(network, photos)
        self.seconds += time.perf_counter() - start
        return seen


@dataclass(slots=True)
class Way:
    """One way to run the network: from which expected Dice on the mirror image is left out."""

    row: str
    runtime: Timed
    predictor: Predictor
    sure_from: float | None
    seconds: list[float] = field(default_factory=list)
    dice: list[float] = field(default_factory=list)
    mirrored: int = 0

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[MaskPrediction]:
        """As `Predictor.predict`, counted."""
        return [self._examine(image).prediction for image in images]

    @property
    def labels(self) -> tuple[str, ...]:
        return self.predictor.labels

    def _examine(self, image: NDArray[np.uint8]) -> Examination:
        self.runtime.seconds = 0.0
        examined = self.predictor.examine(image, sure_from=self.sure_from)
        self.seconds.append(self.runtime.seconds)
        self.mirrored += examined.flip_dice is not None
        return examined


def main() -> None:
    """Measure, print, and write it down."""
    options = _options()
    torch.set_num_threads(options.threads)
    model = options.model or starter_path()
    samples = _samples(options)
    with TemporaryDirectory() as folder:
        ways = _ways(model, Path(folder), options.threads)
        for number, sample in enumerate(samples):
            for way in ways:
                way.dice.append(evaluate_one(way, sample).figures.dice)
            if (number + 1) % 20 == 0:
                print(f"{number + 1} of {len(samples)} photos", file=sys.stderr, flush=True)
    text = report(ways, options, file_digest(model)[:12], len(samples))
    print(text)
    if options.out:
        write_part(options.out, "bench-runtime", text)


def report(ways: Sequence[Way], options: argparse.Namespace, digest: str, photos: int) -> str:
    """The part of the page on results."""
    kind = "photos of Clothing Co-Parsing" if options.ccp else "drawn scenes"
    has = "with" if has_int8_instructions() else "without"
    lines = [
        "## What runs the network",
        "",
        "    make bench-runtime CCP=DIR",
        "",
        f"Starter {digest}, {photos} {kind} that it did not learn from, {options.threads} threads",
        f"of a CPU {has} int8 instructions, each photo through all rows in turn, network alone.",
        "",
        "| | median ms | times as fast | mean Dice | seen in the mirror |",
        "|---|--:|--:|--:|--:|",
    ]
    plain = _median(ways[0])
    lines += [
        f"| {way.row} | {_median(way) * 1000:.0f} | {plain / _median(way):.2f} "
        f"| {np.mean(way.dice):.4f} | {way.mirrored / photos:.0%} |"
        for way in ways
    ]
    return "\n".join(lines)


def _median(way: Way) -> float:
    return float(np.median(way.seconds[_WARM_UP:] or way.seconds))


def _ways(model: Path, folder: Path, threads: int) -> list[Way]:
    converted, int8 = folder / "converted.safetensors", folder / "int8.safetensors"
    convert(model, converted)
    quantise_on_scenes(model, converted, int8)
    plain, ours = PlainRuntime(model), TorchRuntime(model, device="cpu")
    fp32, small = (OpenVinoRuntime(path, threads=threads) for path in (converted, int8))
    sure_from = Settings.model_fields["sure_from"].default
    rows: list[tuple[str, Runtime, float | None]] = [
        ("PyTorch, eager, NCHW, fp32, no mirror image", plain, 0.0),
        ("PyTorch as it serves, with the mirror image", ours, None),
        ("OpenVINO fp32, with the mirror image", fp32, None),
        (f"OpenVINO fp32, mirror image under {sure_from:g}", fp32, sure_from),
        ("OpenVINO int8, with the mirror image", small, None),
        (f"OpenVINO int8, mirror image under {sure_from:g}", small, sure_from),
        ("OpenVINO int8, no mirror image", small, 0.0),
    ]
    ways = []
    for row, runtime, sure in rows:
        timed = Timed(runtime)
        ways.append(Way(row, timed, Predictor(model, runtime=timed), sure))
    return ways


def _samples(options: argparse.Namespace) -> Sequence[Sample]:
    if options.ccp is None:
        return read_scenes(_SCENES).samples[-options.photos :]
    _, test = split_by_garment(list(open_data(f"ccp:{options.ccp}").samples), (0.1, 0.15))
    return test[: options.photos]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ccp", type=Path, help="folder of Clothing Co-Parsing")
    parser.add_argument("--model", type=Path, help="another model than the starter")
    parser.add_argument("--photos", type=int, default=120, help="at most so many photos")
    parser.add_argument("--threads", type=int, default=2, help="threads of the network")
    add_page_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
