"""Two 64-bin histograms a class: Dice at any threshold, softmin, calibration, with no model run.

Of each class the probabilities of the pixels inside its mask are counted, and of those outside.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError
from hemline.masks.codecs.probability_map import Probabilities, check_probabilities

BINS = 64
THRESHOLDS = np.arange(1, BINS) / BINS  # edges between bins
MIDDLES = (np.arange(BINS) + 0.5) / BINS
_TYPE = np.dtype("<u4")

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class ProbabilityHistograms:
    """Pixels of each probability, inside and outside of each label's mask.

    `inside` and `outside` are (K, 64) counts; row k - 1 belongs to class id k.
    """

    inside: Counts
    outside: Counts

    @classmethod
    def from_bytes(cls, data: bytes) -> "ProbabilityHistograms":
        """What `to_bytes` wrote.

        Raises:
            MaskError: the length is not that of whole histogram pairs.
        """
        pair = 2 * BINS * _TYPE.itemsize
        if not data or len(data) % pair:
            raise MaskError(f"histograms of {len(data)} bytes are not whole pairs of {pair} bytes")
        counts = np.frombuffer(data, dtype=_TYPE).astype(np.int64).reshape(-1, 2, BINS)
        return cls(counts[:, 0], counts[:, 1])

    def to_bytes(self) -> bytes:
        """512 bytes a class."""
        return np.stack([self.inside, self.outside], axis=1).astype(_TYPE).tobytes()

    def dice(self) -> NDArray[np.float64]:
        """Dice of "probability >= t" against each mask, (K, 63), for each t of `THRESHOLDS`.

        An empty mask with nothing above the threshold is 1.
        """
        hits = _at_or_above(self.inside)
        total = hits + _at_or_above(self.outside) + self.inside.sum(axis=1, keepdims=True)
        dice: NDArray[np.float64] = np.where(total > 0, 2 * hits / np.maximum(total, 1), 1.0)
        return dice

    def expected_dice(self) -> NDArray[np.float64]:
        """Dice that the probabilities expect of each mask, (K,): 2 Σ p y / (Σ p + Σ y).

        Borges et al. 2024 (arXiv:2402.10665). 1 where neither has anything.
        """
        hits = self.inside @ MIDDLES
        total = hits + self.outside @ MIDDLES + self.inside.sum(axis=1)
        expected: NDArray[np.float64] = np.where(
            total > 0, 2 * hits / np.maximum(total, 1e-12), 1.0
        )
        return expected

    def softmin(self, temperature: float = 0.1) -> NDArray[np.float64]:
        """Softly the lowest probability that a pixel gives its own side of each mask, (K,).

        Lad & Mueller 2023 (arXiv:2307.05080): the mean of s weighted by exp((1 - s) / T), s being
        p inside and 1 - p outside. 0 means some pixels are surely wrong, 1 that all surely agree.
        """
        counts = self.inside + self.outside[:, ::-1]
        weights = counts * np.exp((1 - MIDDLES) / temperature)
        means: NDArray[np.float64] = (weights @ MIDDLES) / np.maximum(weights.sum(axis=1), 1e-12)
        return means

    def calibration(self) -> tuple[Counts, NDArray[np.float64]]:
        """Pixels of each probability bin, (K, 64), and the share of them inside (NaN for none)."""
        counts = self.inside + self.outside
        return counts, np.where(counts > 0, self.inside / np.maximum(counts, 1), np.nan)

    def calibration_error(self) -> NDArray[np.float64]:
        """Expected calibration error of each class, (K,): mean |p - share inside| over pixels."""
        counts, share = self.calibration()
        gaps = np.abs(np.nan_to_num(share, nan=0.0) - MIDDLES) * counts
        errors: NDArray[np.float64] = gaps.sum(axis=1) / np.maximum(counts.sum(axis=1), 1)
        return errors


def probability_histograms(
    probabilities: Probabilities, mask: NDArray[np.uint8], counted: NDArray[np.bool_] | None = None
) -> ProbabilityHistograms:
    """Count the probabilities inside and outside of each class of a mask.

    Args:
        probabilities: (C, h, w) in 0..1; C is 1 for one label, else the background comes first.
        mask: (H, W) uint8 class ids of any size; at another size than the probabilities each of
            their pixels takes the mask's pixel at its middle.
        counted: (h, w) which of the probabilities count; by default all.

    Raises:
        MaskError: the probabilities are no map (see `check_probabilities`), or the mask is not
            (H, W).
    """
    check_probabilities(probabilities)
    if mask.ndim != 2 or not mask.size:
        raise MaskError(f"mask has shape {mask.shape}; give (height, width) class ids")
    height, width = probabilities.shape[1:]
    ids = mask
    if mask.shape != (height, width):
        ids = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT).astype(
            np.uint8, copy=False
        )
    one = len(probabilities) == 1
    these = ... if counted is None else counted
    pairs = [
        _pair(plane[these], (ids > 0 if one else ids == k)[these])
        for k, plane in enumerate(probabilities if one else probabilities[1:], start=1)
    ]
    return ProbabilityHistograms(
        np.stack([inside for inside, _ in pairs]), np.stack([outside for _, outside in pairs])
    )


def dice_by_threshold(
    probability: NDArray[np.float32], truth: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Dice of `probability >= t` against `truth` for each t of `THRESHOLDS`.

    Both are (H, W) or (P,); probabilities lie in 0..1. An empty truth with an empty mask is 1.
    """
    inside, outside = _pair(probability, truth)
    dice: NDArray[np.float64] = ProbabilityHistograms(inside[None], outside[None]).dice()[0]
    return dice


def _pair(plane: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[Counts, Counts]:
    bins = np.minimum((plane * BINS).astype(np.int64), BINS - 1)
    total = np.bincount(bins.ravel(), minlength=BINS)
    within = np.bincount(bins[inside], minlength=BINS)
    return within, total - within


def _at_or_above(counts: Counts) -> Counts:
    """Pixels at or above each threshold, (K, 63)."""
    reached: Counts = counts[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    return reached
