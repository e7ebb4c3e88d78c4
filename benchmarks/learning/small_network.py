"""A network small enough to be trained a thousand times: one linear layer on a frozen encoder.

The encoder is MobileNetV2 with ImageNet weights. Its features at every scale, the colours and the
place, 305 numbers a pixel of a 48 x 32 grid, go through one layer that is fitted by ridge
regression to -1 and 1. A photo's part in that is a matrix, made once, so that training on some of
the photos is one sum and one solution: exact, and some milliseconds.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import segmentation_models_pytorch as smp
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch.nn import functional as F

from benchmarks.learning.ranking_photos import tell
from hemline.datasets.sample import Sample
from hemline.errors import HemlineError
from hemline.masks.figures.embedding import pack_embedding, unpack_embeddings
from hemline.masks.figures.overlap import IGNORE

GRID = (48, 32)  # rows and columns that masks are drawn on
SEEN = 4  # every so many of its points are looked at when a photo is predicted
_PHOTO = (128, 192)  # width and height that the encoder sees
_DEEP = 128  # of the deepest 1,280 channels, by a random projection
_RIDGE = 300.0
_SURE = 0.7  # of -1..1: how far from undecided a pseudo-label is at least
_PSEUDO = 0.1  # weight of a pseudo-label beside a label
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)

Floats = NDArray[np.float32]


class Photos:
    """N photos as the network sees them.

    `masks` (N, P) bool at the looked-at points; `embeddings` (N, 128) unit vectors of the encoder's
    deepest features, as Hemline stores them.
    """

    def __init__(self, samples: Sequence[Sample], encoder: Path) -> None:
        features, masks, deepest = _read(samples, encoder)
        self.embeddings = unpack_embeddings([pack_embedding(each) for each in deepest])
        self.masks = masks[:, ::SEEN]
        inside = features[:, :: SEEN + 3].astype(np.float32)
        middle, spread = inside.mean((0, 1)), inside.std((0, 1)) + 1e-3
        middle[-1], spread[-1] = 0, 1  # the last one is 1: the bias
        size = features.shape[2]
        self._seen = np.empty((len(features), self.masks.shape[1], size), np.float32)
        self._squares = np.empty((len(features), size, size), np.float32)
        self._products = np.empty((len(features), size), np.float32)
        for k, photo in enumerate(features):
            rows = (photo.astype(np.float32) - middle) / spread
            self._seen[k] = rows[::SEEN]
            self._squares[k] = rows.T @ rows
            self._products[k] = rows.T @ (masks[k] * np.float32(2) - 1)

    def __len__(self) -> int:
        return len(self.masks)

    def train(self, chosen: Sequence[int]) -> Floats:
        """The layer (F,) of some of the photos, by index."""
        rows = list(chosen)
        square = self._squares[rows].sum(0)
        square += _RIDGE * np.eye(len(square), dtype=np.float32)
        layer: Floats = np.linalg.solve(square, self._products[rows].sum(0)).astype(np.float32)
        return layer

    def train_on_own_masks(
        self, layer: Floats, labelled: Sequence[int], others: Sequence[int]
    ) -> Floats:
        """The layer anew from the labelled photos and, beside them, from what `layer` is sure of in
        others: pseudo-labels (Lee 2013)."""
        rows, seen = list(labelled), self._seen[list(others)].reshape(-1, layer.size)
        found = seen @ layer
        seen = seen[np.abs(found) > _SURE]
        weight = np.float32(_PSEUDO * SEEN)
        square = self._squares[rows].sum(0) + _RIDGE * np.eye(layer.size, dtype=np.float32)
        square += weight * (seen.T @ seen)
        product = self._products[rows].sum(0)
        product += weight * (seen.T @ np.sign(found[np.abs(found) > _SURE]))
        again: Floats = np.linalg.solve(square, product).astype(np.float32)
        return again

    def predict(self, layer: Floats, chosen: Sequence[int]) -> Floats:
        """Probabilities (n, P) of some of the photos, by index."""
        return np.clip((1 + self._seen[list(chosen)] @ layer) / 2, 0, 1)

    def dice(self, layer: Floats, chosen: Sequence[int]) -> float:
        """Mean Dice on some of the photos, by index."""
        masks, truth = self.predict(layer, chosen) >= 0.5, self.masks[list(chosen)]
        both = 2.0 * (masks & truth).sum(1)
        return float((both / np.maximum(masks.sum(1) + truth.sum(1), 1)).mean())


def _read(
    samples: Sequence[Sample], weights: Path
) -> tuple[NDArray[np.float16], NDArray[np.bool_], list[Floats]]:
    encoder = smp.encoders.get_encoder("mobilenet_v2", weights=None).eval()
    encoder.load_state_dict(load_file(weights))
    project = torch.from_numpy(
        np.random.default_rng(0).standard_normal((1280, _DEEP)).astype(np.float32) / 1280**0.5
    )
    rows, columns = torch.meshgrid(*(torch.linspace(-1, 1, n) for n in GRID), indexing="ij")
    place = torch.stack([rows, columns, rows**2, columns**2, columns.abs(), torch.ones_like(rows)])[
        None
    ]
    features, masks, deepest = [], [], []
    for sample in samples:
        try:
            pixels, ids = sample.load()
        except HemlineError as error:
            tell(f"left out {sample.id}: {error}")
            continue
        small = cv2.resize(pixels, _PHOTO, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        image = torch.from_numpy((small - _MEAN) / _DEVIATION)
        image = image.permute(2, 0, 1)[None]
        with torch.inference_mode():
            scales = encoder(image)
            deep = torch.einsum("nchw,cd->ndhw", scales[-1], project)
            maps = [
                F.interpolate(each, GRID, mode="bilinear", align_corners=False)
                for each in (image, *scales[1:-1], deep)
            ]
        labelled = (ids > 0) & (ids != IGNORE)
        share = cv2.resize(labelled.astype(np.float32), GRID[::-1], interpolation=cv2.INTER_AREA)
        features.append(torch.cat([*maps, place], 1)[0].flatten(1).T.numpy().astype(np.float16))
        masks.append(share.ravel() >= 0.5)
        deepest.append(scales[-1].mean((0, 2, 3)).numpy())
    return np.stack(features), np.stack(masks), deepest
