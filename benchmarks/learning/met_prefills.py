"""The starter's masks of photos that it did not learn from, beside the true ones."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.signals.prediction_signals import PREDICTION_SIGNALS, prediction_signals
from benchmarks.results_page import add_page_options
from hemline.datasets.sample import Sample
from hemline.masks.figures.boundary import hd95
from hemline.masks.figures.overlap import dice
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.starter import starter_path

_HEIGHT = 1000  # the scale that outlines are traced at
_CLOSE = 3  # pixels there that nobody corrects
_FIGURES = 6  # beside the signals

Values = NDArray[np.float64]


@dataclass(frozen=True)
class MetMasks:
    """Of N photos: `rows` (N, F) of PREDICTION_SIGNALS, the Dice with the label, the distance of
    the outlines as a share of the square root of the mask's area, the length of the outlines to be
    traced, in thousandths of the photo's height, and the number of places where that is; and both
    again for who draws the label from nothing."""

    rows: Values
    dice: Values
    outline: Values
    traced: Values
    places: Values
    drawn: Values
    parts: Values

    @property
    def expected(self) -> Values:
        """What the model expected of its mask (N,)."""
        found: Values = self.rows[:, PREDICTION_SIGNALS.index("own_expected_dice")]
        return found


def photo_options(doc: str | None) -> argparse.Namespace:
    """The options of a benchmark of these photos, whose module says `doc`."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--ccp", type=Path, required=True, help="folder of Clothing Co-Parsing")
    parser.add_argument("--metail", type=Path, required=True, help="original/ and mask/")
    parser.add_argument("--cache", type=Path, default=Path("build/met-prefills"))
    add_page_options(parser)
    return parser.parse_args()


def measure(samples: Sequence[Sample], keep: Path) -> MetMasks:
    """The photos, from the cache if it is there; those without any mask are left out."""
    file = keep.with_suffix(".npz")
    if not file.exists():
        predictor = Predictor(starter_path(), device="cpu")
        rows = [_look(sample, predictor, number) for number, sample in enumerate(samples, start=1)]
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, rows=np.array(rows))
    with np.load(file, allow_pickle=False) as stored:
        values = stored["rows"]
    known = np.isfinite(values[:, -_FIGURES:]).all(axis=1) & np.isfinite(
        values[:, PREDICTION_SIGNALS.index("own_expected_dice")]
    )
    values = values[known]
    return MetMasks(values[:, :-_FIGURES], *values[:, -_FIGURES:].T)


def to_trace(mask: NDArray[np.uint8], label: NDArray[np.uint8]) -> tuple[float, int]:
    """How much outline a person has to draw to make the mask the label, and in how many places:
    half the outlines of what is missing and of what is too much, but for slivers."""
    scale = _HEIGHT / mask.shape[0]
    size = (max(1, round(mask.shape[1] * scale)), _HEIGHT)
    wrong = (
        cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        != cv2.resize(label, size, interpolation=cv2.INTER_NEAREST)
    ).astype(np.uint8)
    side = 2 * _CLOSE + 1
    wrong = cv2.morphologyEx(wrong, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    outlines, _ = cv2.findContours(wrong, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return sum(cv2.arcLength(line, closed=True) / 2 for line in outlines), len(outlines)


def to_draw(label: NDArray[np.uint8]) -> tuple[float, int]:
    """As `to_trace`, without a mask to begin with: all of the outline is drawn."""
    length, parts = to_trace(np.zeros_like(label), label)
    return 2 * length, parts


def _look(sample: Sample, predictor: Predictor, number: int) -> list[float]:
    pixels, ids = sample.load()
    label = np.ascontiguousarray(ids == 1).astype(np.uint8)
    seen = predictor.examine(pixels)
    mask = (seen.prediction.mask > 0).astype(np.uint8)
    signals = prediction_signals(
        pixels,
        mask,
        seen.probabilities,
        flip_dice=seen.flip_dice,
        threshold=predictor.card.threshold,
    )
    if number % 10 == 0:
        print(f"{number} photos", file=sys.stderr, flush=True)
    side = max(float(np.count_nonzero(mask)), 1.0) ** 0.5
    away = hd95(mask, label) / side
    own = [signals[name] for name in PREDICTION_SIGNALS]
    trace = (*to_trace(mask, label), *to_draw(label))
    return [*own, float(dice(mask, label)), away, *map(float, trace)]
