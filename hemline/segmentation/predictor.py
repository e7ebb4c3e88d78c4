"""A trained network in use: photos in, class-id masks with scores out."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.datasets.sample import swap_pairs
from hemline.masks.class_ids import class_ids
from hemline.masks.clean import clean_mask
from hemline.segmentation.input.framing import frame_of, lay_image
from hemline.segmentation.model_card import network_names, read_card, specialist_name
from hemline.segmentation.networks.double_pass import see_through
from hemline.segmentation.networks.type_chooser import load_chooser
from hemline.segmentation.runtime.runtime import Runtime, Seen

Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MaskPrediction:
    """A predicted mask at the photo's size.

    `mask` is `(H, W)` uint8 class ids. `score` is the Dice the network expects of its mask, 0 to
    1: low asks for a person first, and an empty mask scores 0. `region_scores` gives each label
    that is present its mean probability inside its region.
    """

    mask: NDArray[np.uint8]
    score: float
    region_scores: dict[str, float]


@dataclass(frozen=True, slots=True)
class Examination:
    """A prediction with what the network saw on the way to it.

    `probabilities` are `(C, h, w)` float32 in 0..1 at the network's size, averaged over the photo
    and its mirror image where the recipe flips; C is 1 for one label (the garment's), else one a
    label with the background first; of a letterboxed photo they are the photo's part; of a bag they
    are the mean of its networks'. `flip_dice` is the Dice, 0 to 1, between the mask of the photo
    and that of its mirror image at the network's size, a pixel counting where both give it the same
    label; None where the mirror image was not looked at. `embedding` is `(E,)` float32: the deepest
    feature map of the first network's encoder, averaged over its pixels; E is the encoder's.
    """

    prediction: MaskPrediction
    probabilities: Probabilities
    flip_dice: float | None
    embedding: NDArray[np.float32]

    def garment_at(self, height: int, width: int) -> Probabilities:
        """The probability of garment, of whatever label, `(height, width)` float32 in 0..1."""
        first = self.probabilities[0]
        garment = first if len(self.probabilities) == 1 else 1 - first
        return _resize(garment, height, width)


class Predictor:
    """A model file ready to predict. Safe to share between threads: one photo is worked on at a
    time, on all the threads it was given.

    `runtime` runs the file's networks; without one PyTorch does, on `device`.

    Raises:
        ModelError: the model file is broken or not ours, or there is no such device.
    """

    def __init__(
        self,
        path: Path,
        *,
        device: str = "auto",
        threads: int = 0,
        runtime: Runtime | None = None,
    ) -> None:
        self.card = read_card(path)
        self.labels = self.card.labels
        self._swapped = _swapped(self.labels)
        self._passes = network_names(self.card.recipe)
        self._chooser = load_chooser(path)
        self._runtime = runtime or _torch_runtime(path, device, threads)
        self._lock = threading.Lock()

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[MaskPrediction]:
        """Masks of photos `(H, W, 3)` uint8 RGB, each at its photo's size."""
        return [self.examine(image).prediction for image in images]

    def least_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of a photo of that size as far as the network sees it: what `examine`
        needs of it at least."""
        if self.card.recipe.second_pass:
            return height, width  # what the first pass found is cut out of the photo itself
        frame = frame_of(height, width, self.card.recipe.input)
        return min(height, frame.rows), min(width, frame.columns)

    def examine(
        self,
        image: NDArray[np.uint8],
        *,
        size: tuple[int, int] | None = None,
        sure_from: float | None = None,
    ) -> Examination:
        """The mask of a photo `(H, W, 3)` uint8 RGB, with what the network saw on the way.

        `size` is the photo's height and width where `image` is smaller (`least_size`), and so the
        mask's.

        Where the recipe flips, a photo whose mask has an expected Dice of `sure_from` or more is
        not looked at in the mirror, which is half of the time. None: each is.
        """
        threshold = self.card.threshold
        size = size or (image.shape[0], image.shape[1])
        views, embedding = self._see(self._passes[0], image, size, threshold, sure_from)
        chosen = self.choose(embedding)
        if chosen:
            threshold = self.card.specialists[chosen]
            own = [specialist_name(self.card, chosen)]
            views, _ = self._see(own, image, size, threshold, sure_from)
        mask = _mask(views.mean(0), size, threshold)
        if self.card.recipe.second_pass:
            seen = see_through(image, mask, self.card.recipe.second_pass.dilate)
            threshold = self.card.second_threshold or threshold
            views, _ = self._see(self._passes[1], seen, size, threshold, sure_from)
            mask = _mask(views.mean(0), size, threshold)
        probabilities: Probabilities = views.mean(0)
        score, means = _scores(probabilities, mask)
        named = {self.labels[k - 1]: value for k, value in means.items()}
        flip_dice = None
        if len(views) == 2:
            flip_dice = _agreement(
                *(_classes(view, view.shape[1], view.shape[2], threshold) for view in views)
            )
        return Examination(MaskPrediction(mask, score, named), probabilities, flip_dice, embedding)

    def choose(self, embedding: NDArray[np.float32]) -> str | None:
        """The type of garment whose network draws a photo with this embedding; None where the
        general one does: the chooser is unsure, or the type has no network of its own."""
        if self._chooser is None or self.card.recipe.specialists is None:
            return None
        name, probability = self._chooser.choose(embedding)
        sure = probability >= self.card.recipe.specialists.certain
        return name if sure and name in self.card.specialists else None

    def _see(
        self,
        networks: Sequence[str],
        image: NDArray[np.uint8],
        size: tuple[int, int],
        threshold: float,
        sure_from: float | None,
    ) -> tuple[Probabilities, NDArray[np.float32]]:
        """Probabilities of each view, `(1 or 2, C, h, w)`: the photo, and its mirror image turned
        back. They are averaged over the networks of a pass; the embedding is the first network's.
        """
        options = self.card.recipe.input
        frame = frame_of(*size, options)
        photo = lay_image(image, frame, options).transpose(2, 0, 1)[None]
        mirrored = photo[..., ::-1]
        with self._lock:
            if not self.card.recipe.prediction.flip:
                views, embeddings = self._run(networks, photo)
            elif sure_from is None:
                views, embeddings = self._run(networks, np.concatenate([photo, mirrored]))
            else:
                views, embeddings = self._run(networks, photo)
                if _expected_dice(views[0][..., *frame.photo], threshold) < sure_from:
                    other, more = self._run(networks, mirrored)
                    views = np.concatenate([views, other])
                    embeddings = np.concatenate([embeddings, more])
        if len(views) == 2:
            views[1] = self._turn_back(views[1])
        return views[..., *frame.photo], embeddings.mean(0)

    def _run(self, networks: Sequence[str], photos: NDArray[np.uint8]) -> Seen:
        """Probabilities averaged over the networks, and the embeddings of the first."""
        first = self._runtime.run(networks[0], photos)
        others = [self._runtime.run(name, photos).probabilities for name in networks[1:]]
        total: Probabilities = sum(others, first.probabilities)
        return Seen(total / np.float32(len(networks)), first.embeddings)

    def _turn_back(self, mirrored: Probabilities) -> Probabilities:
        """Probabilities `(C, h, w)` of the mirror image as the photo's: left is right again."""
        back = mirrored[..., ::-1].copy()
        return back if len(back) == 1 else back[self._swapped]


def _torch_runtime(path: Path, device: str, threads: int) -> Runtime:
    from hemline.segmentation.runtime.torch_runtime import (
        TorchRuntime,  # only who needs it loads it
    )

    return TorchRuntime(path, device=device, threads=threads)


def _swapped(labels: Sequence[str]) -> list[int]:
    """For each class id, background included, the one it is in the mirrored photo."""
    order = list(range(len(labels) + 1))
    for one, other in swap_pairs(labels):
        order[one], order[other] = other, one
    return order


def _agreement(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Dice of two class-id masks, a pixel counting where both have the same label; 1 if both are
    empty. With one label it is the plain Dice."""
    total = np.count_nonzero(one) + np.count_nonzero(other)
    return 2 * np.count_nonzero((one == other) & (one > 0)) / total if total else 1.0


def _mask(
    probabilities: Probabilities, size: tuple[int, int], threshold: float
) -> NDArray[np.uint8]:
    """The mask at the photo's size, cleaned."""
    return clean_mask(_classes(probabilities, *size, threshold))


def _classes(
    probabilities: Probabilities, height: int, width: int, threshold: float
) -> NDArray[np.uint8]:
    """Class ids `(height, width)` from probabilities at another size, one class at a time so that
    a large photo of many classes needs memory for two."""
    best = _resize(probabilities[0], height, width)
    if len(probabilities) == 1:
        return (best >= threshold).astype(np.uint8)
    mask = np.zeros((height, width), dtype=np.uint8)
    for k in range(1, len(probabilities)):
        value = _resize(probabilities[k], height, width)
        ahead = value > best
        mask[ahead] = k
        np.maximum(best, value, out=best)
    return mask


def _resize(plane: Probabilities, height: int, width: int) -> Probabilities:
    return cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR).astype(
        np.float32, copy=False
    )


def _scores(
    probabilities: Probabilities, mask: NDArray[np.uint8]
) -> tuple[float, dict[int, float]]:
    """Expected Dice of the garment, 2 Σ p ŷ / (Σ p + Σ ŷ) (Borges et al. 2024, arXiv:2402.10665),
    and the mean probability inside each class's region, at the network's size."""
    height, width = probabilities.shape[1:]
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
    garment = probabilities[0] if len(probabilities) == 1 else 1 - probabilities[0]
    inside = small > 0
    total = float(garment.sum()) + float(inside.sum())
    score = 2 * float(garment[inside].sum()) / total if inside.any() and total > 0 else 0.0
    present = [k for k in class_ids(mask) if k]
    planes = {k: probabilities[0 if len(probabilities) == 1 else k] for k in present}
    means = {k: _mean(plane[small == k]) for k, plane in planes.items()}
    return min(1.0, score), means


def _expected_dice(probabilities: Probabilities, threshold: float) -> float:
    """The same of the garment before the mask is cleaned, at the network's size."""
    garment, drawn = 1 - probabilities[0], probabilities.argmax(0) > 0
    if len(probabilities) == 1:
        garment, drawn = probabilities[0], probabilities[0] >= threshold
    total = float(garment.sum()) + float(drawn.sum())
    return 2 * float(garment[drawn].sum()) / total if drawn.any() and total > 0 else 0.0


def _mean(values: Probabilities) -> float:
    return float(values.mean()) if values.size else 0.0
