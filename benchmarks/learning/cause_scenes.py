"""Drawn photos of which it is known why a label and a model differ, and real ones with planted
faults: what `bench_causes` counts on."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.feature_codec import feature_regions, feature_values, read_features
from active_learning.label_features import LabelFeatures, label_features
from hemline.datasets.sample import Sample
from hemline.files import write_atomically
from hemline.masks.figures.embedding import pack_embedding
from hemline.masks.figures.overlap import dice
from hemline.segmentation.predictor import Predictor
from hemline.studio.blend import blend_into_background
from hemline.studio.faults import FaultKind, spoil_mask
from hemline.studio.figure.body import FigureKind
from hemline.studio.hard_cases import HardCase
from hemline.studio.scene import Scene, draw_scene
from hemline.studio.wardrobe.prints import Pattern
from worker.shipped_risk import shipped_risk_model

_FAULTS = (
    FaultKind.HEM_CUT,
    FaultKind.UNDER_ARM,
    FaultKind.MISSING_PART,
    FaultKind.EXTRA_PART,
)
# Of twenty photos: what the garment is like, and whether the label is wrong.
_TWENTY: tuple[tuple[HardCase | None, bool], ...] = (
    *((None, False),) * 9,
    (None, True),
    (HardCase.DIPPED_HEM, False),
    (HardCase.DIPPED_HEM, True),
    (HardCase.DIPPED_HEM, True),
    *((HardCase.LIKE_FIGURE, False),) * 3,
    (HardCase.LIKE_FIGURE, True),
    (HardCase.BUSY_PRINT, False),
    (HardCase.BUSY_PRINT, False),
    (HardCase.BUSY_PRINT, True),
)
_CLEAR = 12.0  # ΔE all round from which a garment is told from what is around it
_BLEND = (0.75, 0.95)  # how far a half of a garment's edge is pulled to its background

Photo = NDArray[np.uint8]
Mask = NDArray[np.uint8]


@dataclass(frozen=True)
class CausedLabel:
    """A label as it would be found in a data set: its features, the photo's embedding, the Dice of
    the model with it, and what was done: whether the label is `wrong`, and whether the garment is
    `pale` along a part of its outline."""

    features: LabelFeatures
    embedding: bytes
    dice: float
    wrong: bool
    pale: bool


def drawn_labels(first: int, photos: int, predictor: Predictor, cache: Path) -> list[CausedLabel]:
    """So many drawn photos from the seed `first` on, of mannequins, in the mixture of `_TWENTY`."""
    found = []
    seed = first
    for number in range(photos):
        case, wrong = _TWENTY[number % len(_TWENTY)]
        while True:
            file = cache / f"drawn-{seed}-{case or 'plain'}-{int(wrong)}.json"
            label = _kept(file) or _drawn(seed, case, wrong, predictor, file)
            seed += 1
            if label is not None:
                break
        found.append(label)
        _tell(number + 1, photos)
    return found


def planted_labels(
    samples: Sequence[Sample], predictor: Predictor, cache: Path
) -> list[CausedLabel]:
    """Real photos, of which one in ten has a wrong label and another is without contrast along the
    lower or the upper half of its garment."""
    found = []
    for number, sample in enumerate(samples):
        file = cache / f"{sample.source}-{sample.id}-{number % 10}.json"
        label = _kept(file)
        if label is None:
            pixels, ids = sample.load()
            truth = np.ascontiguousarray(ids > 0).astype(np.uint8)
            rng = _chance(sample.id)
            wrong, pale = number % 10 == 3, number % 10 == 7
            mask = _spoilt(truth, rng) if wrong else truth
            photo = _half_blended(pixels, truth, rng) if pale else pixels
            label = _look(photo, mask, wrong, pale, predictor, file)
        found.append(label)
        _tell(number + 1, len(samples))
    return found


def _drawn(
    seed: int, case: HardCase | None, wrong: bool, predictor: Predictor, file: Path
) -> CausedLabel | None:
    """None where the scene does not show the case: no back to see, or a plain garment that is
    hardly told from what is around it."""
    plain = Pattern.PLAIN if case in (None, HardCase.DIPPED_HEM) else None
    scene = draw_scene(seed, kind=FigureKind.MANNEQUIN, pattern=plain, case=case)
    if case is not HardCase.LIKE_FIGURE and clearness(scene) < _CLEAR:
        return None
    mask = scene.mask
    if case is HardCase.DIPPED_HEM:
        if dice(scene.front_mask, scene.mask) > 0.985:
            return None
        mask = scene.front_mask if wrong else mask
    elif wrong:
        mask = _spoilt(mask, _chance(str(seed)))
    return _look(scene.image, mask, wrong, case is HardCase.LIKE_FIGURE, predictor, file)


def clearness(scene: Scene) -> float:
    """How far the garment's colours are from those just outside it, at the tenth of the places
    where that is least: ΔE (CIE 1976) of the means of blocks to either side."""
    lab = cv2.cvtColor(scene.image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    size = max(8, round(0.06 * np.count_nonzero(scene.mask) ** 0.5)) | 1
    inside = (scene.mask > 0).astype(np.float32)
    sides = []
    for weight in (inside, 1 - inside):
        total = cv2.blur(weight, (size, size))
        mean = cv2.blur(lab * weight[..., None], (size, size)) / np.maximum(total, 1e-6)[..., None]
        sides.append((mean, total))
    edge = cv2.morphologyEx(scene.mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    edge &= (sides[0][1] > 0.2) & (sides[1][1] > 0.2)
    apart = np.linalg.norm(sides[0][0] - sides[1][0], axis=2)
    return float(np.percentile(apart[edge], 10)) if edge.any() else 0.0


def _spoilt(truth: Mask, rng: np.random.Generator) -> Mask:
    kind = _FAULTS[int(rng.integers(len(_FAULTS)))]
    return spoil_mask(truth, kind, rng, float(rng.random()))


def _half_blended(photo: Photo, truth: Mask, rng: np.random.Generator) -> Photo:
    """The photo with the upper or the lower half of the garment pulled towards what is around."""
    alpha = cv2.GaussianBlur(truth.astype(np.float32), (0, 0), 1.0).astype(np.float32, copy=False)
    _, top, _, height = cv2.boundingRect(truth)
    rows = (np.arange(truth.shape[0], dtype=np.float32) - top) / max(height, 1)
    half = np.clip(0.5 + (rows - 0.5) / 0.2, 0, 1)
    share = half if rng.random() < 0.5 else 1 - half
    blended = blend_into_background(photo, alpha, float(rng.uniform(*_BLEND)))
    mixed = photo + share[:, None, None] * (blended.astype(np.float32) - photo)
    return np.clip(np.round(mixed), 0, 255).astype(np.uint8)


def _look(
    photo: Photo, mask: Mask, wrong: bool, pale: bool, predictor: Predictor, file: Path
) -> CausedLabel:
    seen = predictor.examine(photo)
    features = label_features(
        photo,
        mask,
        seen.probabilities,
        shipped_risk_model(),
        threshold=predictor.card.threshold,
        flip_dice=seen.flip_dice,
    )
    label = CausedLabel(
        features,
        pack_embedding(seen.embedding),
        float(dice(mask, (seen.prediction.mask > 0).astype(np.uint8))),
        wrong,
        pale,
    )
    text = json.dumps(
        {
            "values": feature_values(features),
            "regions": feature_regions(features),
            "embedding": label.embedding.hex(),
            "dice": label.dice,
            "wrong": wrong,
            "pale": pale,
        }
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text.encode())
    return label


def _kept(file: Path) -> CausedLabel | None:
    if not file.exists():
        return None
    kept = json.loads(file.read_text(encoding="utf-8"))
    return CausedLabel(
        read_features(kept["values"], kept["regions"]),
        bytes.fromhex(kept["embedding"]),
        kept["dice"],
        kept["wrong"],
        kept["pale"],
    )


def _chance(name: str) -> np.random.Generator:
    return np.random.default_rng(list(sha256(f"cause/{name}".encode()).digest()[:8]))


def _tell(number: int, total: int) -> None:
    if number % 20 == 0 or number == total:
        print(f"{number} of {total} photos", file=sys.stderr, flush=True)
