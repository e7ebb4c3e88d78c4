"""Photos that the model did not train on, looked at once: what the figures are made of."""

import io
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from active_learning.risk.learn import Example, make_examples, pack_examples, unpack_examples
from active_learning.risk.planted import kinds_for
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS, prediction_signals
from hemline.datasets.sample import Sample
from hemline.errors import HemlineError
from hemline.files import write_atomically
from hemline.masks.figures.overlap import dice
from hemline.segmentation.predictor import Predictor


@dataclass(frozen=True)
class RankingPhoto:
    """One photo: its label and the spoilt copies of it, the signals of the predicted mask
    (`row`, by PREDICTION_SIGNALS), and that mask's Dice with the label."""

    examples: list[Example]
    row: NDArray[np.float32]
    dice: float


def look_at_all(samples: Sequence[Sample], predictor: Predictor, cache: Path) -> list[RankingPhoto]:
    """Each photo, from the cache where it is there; tells how far it is."""
    photos: list[RankingPhoto] = []
    begin = time.monotonic()
    for k, sample in enumerate(samples):
        keep = cache / sample.source / sample.id
        try:
            photos.append(_look(sample, samples[(k + 7) % len(samples)], predictor, keep))
        except HemlineError as error:
            tell(f"left out {sample.id}: {error}")
        if (k + 1) % 10 == 0 or k + 1 == len(samples):
            tell(f"{k + 1} of {len(samples)} photos, {time.monotonic() - begin:.0f} s")
    return photos


def tell(line: str) -> None:
    """A line of progress."""
    print(line, file=sys.stderr, flush=True)


def _look(sample: Sample, other: Sample, predictor: Predictor, keep: Path) -> RankingPhoto:
    files = keep.with_suffix(".examples.npz"), keep.with_suffix(".prediction.npz")
    if all(file.exists() for file in files):
        with np.load(files[1], allow_pickle=False) as stored:
            row, agreement = stored["row"], float(stored["dice"])
        return RankingPhoto(unpack_examples(files[0].read_bytes()), row, agreement)
    pixels, label = _load(sample)
    seen = predictor.examine(pixels)
    threshold = predictor.card.threshold
    examples = make_examples(
        pixels,
        label,
        seen.probabilities,
        garment=f"{sample.source}/{sample.garment}",
        kinds=kinds_for(masks_have_classes=False),
        other=_load(other)[1],
        threshold=threshold,
    )
    mask = (seen.prediction.mask > 0).astype(np.uint8)
    signals = prediction_signals(
        pixels, mask, seen.probabilities, flip_dice=seen.flip_dice, threshold=threshold
    )
    row = np.array([signals[name] for name in PREDICTION_SIGNALS], dtype=np.float32)
    photo = RankingPhoto(examples, row, dice(mask, label))
    file = io.BytesIO()
    np.savez(file, row=row, dice=photo.dice)
    keep.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(files[1], file.getvalue())
    write_atomically(files[0], pack_examples(examples))
    return photo


def _load(sample: Sample) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    pixels, ids = sample.load()
    return pixels, np.ascontiguousarray(ids > 0).astype(np.uint8)
