"""Trains the click network on masks that are wrong on purpose, by simulated clicks.

python -m hemline.segmentation.clicks.training --data KIND:PATH ... --out FILE
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.readers.ccp import read_tags
from hemline.datasets.sample import Sample
from hemline.datasets.sources import open_data
from hemline.errors import HemlineError
from hemline.masks.figures.overlap import IGNORE
from hemline.segmentation.clicks.click_file import load_click_weights, save_click_network
from hemline.segmentation.clicks.drafts import Draft, colour_segments, make_draft
from hemline.segmentation.clicks.maps import Box, Click, draw_maps, pixel_of
from hemline.segmentation.clicks.merge import merge
from hemline.segmentation.clicks.network import ClickNetwork
from hemline.segmentation.clicks.next_click import next_click
from hemline.segmentation.clicks.windows import SIDE, Window, cut_mask, look, window_at
from hemline.segmentation.model_file import load_model
from hemline.segmentation.optimisation.averaging import average_of
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.recipe import load_recipe
from hemline.segmentation.runtime.convert import convert
from hemline.segmentation.runtime.openvino_runtime import OpenVinoRuntime
from hemline.segmentation.starter import starter_path
from hemline.segmentation.training.split_data import training_data

log = logging.getLogger(__name__)

_MOST_CLICKS = 3
_RATE = 4e-4
_WRONG = 60.0  # px of a wrong part from which it weighs as much as a large one
_TOLD = 50  # steps


@dataclass(frozen=True, slots=True)
class PhotoWithTruth:
    """One photo as a training draws drafts of it; all at its own size but `probability`."""

    image: NDArray[np.uint8]
    truth: NDArray[np.bool_]
    known: NDArray[np.bool_]
    parts: NDArray[np.uint8]  # 0 is nothing; all 0 where the data names no parts
    probability: NDArray[np.float32]  # the champion's, (h, w)
    champion: NDArray[np.bool_]


@dataclass(slots=True)
class DraftInHand:
    """A draft in a window of the network's size, which clicks correct one after the other."""

    image: NDArray[np.uint8]  # (3, 256, 256)
    likely: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    known: NDArray[np.bool_]
    box: Box | None
    rng: np.random.Generator
    clicks: list[Click] = field(default_factory=list)

    def click(self) -> bool:
        """Adds the next click; False where nothing is wrong."""
        found = next_click(self.mask, self.truth, self.rng, self.known)
        if found:
            self.clicks.append(found)
        return found is not None

    def guides(self) -> NDArray[np.uint8]:
        """What the network sees beside the photo, `(5, 256, 256)` uint8."""
        maps = draw_maps(self.clicks, self.box, SIDE, SIDE)
        planes = [self.likely[None], self.mask.astype(np.uint8)[None] * 255, maps * 255]
        return np.concatenate(planes)

    def answer(self, garment: NDArray[np.float32]) -> None:
        """Takes in what the network made of the newest click."""
        newest = self.clicks[-1]
        row, column = pixel_of(newest, SIDE, SIDE)
        self.mask = merge(self.mask, garment, row, column, positive=newest.positive)


def train(
    photos: Sequence[PhotoWithTruth],
    *,
    steps: int,
    batch: int,
    seed: int,
    out: Path,
    initial: Path | None,
) -> None:
    """Trains from the starter's weights and writes the averaged network now and then.

    Raises:
        ModelError: the starter, or `initial`, is broken.
    """
    torch.manual_seed(seed)
    unet, _ = load_model(starter_path())
    network = ClickNetwork(unet).eval()  # the batch statistics stay the starter's
    if initial:
        load_click_weights(network, initial)
    network = network.to(memory_format=torch.channels_last)
    new = [p for n, p in network.named_parameters() if "guides" in n or "correction" in n]
    ids = {id(p) for p in new}
    old = [p for p in network.parameters() if id(p) not in ids]
    optimiser = torch.optim.AdamW([{"params": old}, {"params": new}], lr=_RATE, weight_decay=1e-3)
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [_RATE, 5 * _RATE], total_steps=steps, pct_start=0.1
    )
    average = average_of(network, 0.995)
    told: list[tuple[float, float, float]] = []
    for step, sessions in enumerate(_batches(photos, batch, steps, seed), start=1):
        told.append(_step(network, sessions, optimiser))
        rates.step()
        average.update_parameters(network)
        if step % _TOLD == 0 or step == steps:
            loss, before, after = np.mean(told[-_TOLD:], 0)
            log.info("step %d: loss %.4f, wrong %.4f -> %.4f", step, loss, before, after)
            save_click_network(out, average.module)


def _step(
    network: ClickNetwork, sessions: Sequence[DraftInHand], optimiser: torch.optim.Optimizer
) -> tuple[float, float, float]:
    """One step after none to two earlier clicks; the loss, and the share of wrong pixels before
    and after the last click."""
    rounds = int(sessions[0].rng.integers(0, _MOST_CLICKS))
    photos = torch.from_numpy(np.stack([one.image for one in sessions]))
    photos = photos.contiguous(memory_format=torch.channels_last)
    open_ = [one.click() or one.box is not None for one in sessions]
    for _ in range(rounds):
        with torch.inference_mode():
            found = network(photos, _guides(sessions))[:, 0].numpy()
        for k, one in enumerate(sessions):
            if open_[k] and one.clicks:
                one.answer(found[k])
                open_[k] = one.click()
            elif one.box is not None and not one.clicks:
                one.mask = found[k] >= 0.5
                open_[k] = one.click()
    logits = network.logits(photos, _guides(sessions))[:, 0]
    truth = torch.from_numpy(np.stack([one.truth for one in sessions])).float()
    known = torch.from_numpy(np.stack([one.known for one in sessions])).float()
    mask = torch.from_numpy(np.stack([one.mask for one in sessions]))
    loss = _loss(logits, truth, known, mask != (truth > 0))
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    with torch.no_grad():
        before = ((mask != (truth > 0)) * known).float().mean()
        after = (((logits > 0) != (truth > 0)) * known).float().mean()
    return float(loss.detach()), float(before), float(after)


def _loss(logits: Tensor, truth: Tensor, known: Tensor, wrong: Tensor) -> Tensor:
    """Cross-entropy everywhere, normalised focal loss (Sofiiuk et al. 2019, arXiv:1909.07829), and
    cross-entropy of the wrong pixels, however few they are."""
    each = F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * known
    focus = (1 - torch.exp(-each)) ** 2 * known
    focal = (focus * each).sum((1, 2)) / focus.sum((1, 2)).clamp(min=1).detach()
    fault = wrong.float() * known
    faults = (each * fault).sum((1, 2)) / (fault.sum((1, 2)) + _WRONG)
    return each.mean() * 2 + focal.mean() * 0.2 + faults.mean() * 0.5


def _guides(sessions: Sequence[DraftInHand]) -> Tensor:
    return torch.from_numpy(np.stack([one.guides() for one in sessions]))


def _batches(
    photos: Sequence[PhotoWithTruth], batch: int, steps: int, seed: int
) -> Iterator[list[DraftInHand]]:
    def drawn(step: int) -> list[DraftInHand]:
        rngs = [np.random.default_rng((seed, step, k)) for k in range(batch)]
        return [draw_session(photos[int(rng.integers(len(photos)))], rng) for rng in rngs]

    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(drawn, 0)
        for step in range(1, steps + 1):
            ready = coming.result()
            coming = pool.submit(drawn, step)
            yield ready


def draw_session(photo: PhotoWithTruth, rng: np.random.Generator) -> DraftInHand:
    """A draft of a photo in a window around something that is wrong."""
    tagged = photo.parts.any() and rng.random() < 0.7
    parts = (lambda: photo.parts) if tagged else (lambda: colour_segments(photo.image, rng))
    draft = make_draft(photo.champion, photo.truth, parts, rng)
    empty = not draft.mask.any()
    boxed = draft.truth.any() and rng.random() < (0.5 if empty else 0.04)
    box = _box(draft.truth, rng) if boxed else None
    window = _window(draft, photo.known, rng, whole=bool(empty or boxed))
    image, guides = look(window, photo.image, _probability(photo, draft, rng), draft.mask, [], box)
    truth = cut_mask(draft.truth, window)
    known = cut_mask(photo.known, window, beyond=True)
    session = DraftInHand(
        _recoloured(image, rng), guides[0], guides[1] >= 128, truth, known, None, rng
    )
    if boxed:
        session.box = _box_of(guides[4])
        inside = guides[4] > 0
        session.truth = session.truth & inside
    return _flipped(session) if rng.random() < 0.5 else session


def _probability(
    photo: PhotoWithTruth, draft: Draft, rng: np.random.Generator
) -> NDArray[np.float32] | None:
    """What the champion would have seen had it drawn the draft.

    Where a fault was planted its probability is on the wrong side too: a real champion that leaves
    a part out does not know of it.
    """
    if rng.random() < 0.25:
        return None
    height, width = photo.probability.shape
    planted = (draft.mask != photo.champion).astype(np.float32)
    if not planted.any():
        return photo.probability
    planted = cv2.resize(planted, (width, height), interpolation=cv2.INTER_AREA)
    planted = cv2.GaussianBlur(planted, (0, 0), 1.5)
    mask = cv2.resize(draft.mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    doubt = float(rng.uniform(0.02, 0.45))
    wrong = np.where(mask >= 0.5, 1 - doubt, doubt).astype(np.float32)
    return np.asarray(photo.probability * (1 - planted) + wrong * planted, np.float32)


def _window(
    draft: Draft, known: NDArray[np.bool_], rng: np.random.Generator, *, whole: bool
) -> Window:
    height, width = draft.mask.shape
    long = max(height, width)
    side = long * float(np.exp(rng.uniform(np.log(0.3), np.log(1.1))))
    if whole:
        side = long * float(rng.uniform(0.8, 1.1))
    click = next_click(draft.mask, draft.truth, rng, known)
    if click is None:
        row, column = rng.uniform(0, height), rng.uniform(0, width)
    else:
        row, column = click.y * height, click.x * width
    row, column = (value + side * rng.uniform(-0.3, 0.3) for value in (row, column))
    return window_at(row, column, side, height, width)


def _box(truth: NDArray[np.bool_], rng: np.random.Generator) -> Box:
    """A box around what is wanted, as loosely as a person draws it."""
    height, width = truth.shape
    rows, columns = np.nonzero(truth)
    top, bottom = rows.min() / height, (rows.max() + 1) / height
    left, right = columns.min() / width, (columns.max() + 1) / width
    tall, wide = bottom - top, right - left
    loose = np.abs(rng.normal(0, 0.03, 4))
    return Box(
        max(0.0, left - loose[0] * wide),
        max(0.0, top - loose[1] * tall),
        min(1.0, right + loose[2] * wide),
        min(1.0, bottom + loose[3] * tall),
    )


def _box_of(plane: NDArray[np.uint8]) -> Box | None:
    rows, columns = np.nonzero(plane)
    if not len(rows):
        return None
    return Box(
        columns.min() / SIDE, rows.min() / SIDE, (columns.max() + 1) / SIDE, (rows.max() + 1) / SIDE
    )


def _recoloured(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A photo `(3, H, W)` in other light."""
    gain = rng.uniform(0.75, 1.25) * rng.uniform(0.92, 1.08, (3, 1, 1))
    changed = image * gain.astype(np.float32) + np.float32(rng.uniform(-20, 20))
    return np.asarray(np.clip(changed, 0, 255), np.uint8)


def _flipped(session: DraftInHand) -> DraftInHand:
    box = session.box
    return DraftInHand(
        np.ascontiguousarray(session.image[..., ::-1]),
        session.likely[:, ::-1].copy(),
        session.mask[:, ::-1].copy(),
        session.truth[:, ::-1].copy(),
        session.known[:, ::-1].copy(),
        box and Box(1 - box.right, box.top, 1 - box.left, box.bottom),
        session.rng,
    )


def read_photos(samples: Sequence[Sample], parts: dict[str, Sample]) -> Iterator[PhotoWithTruth]:
    """The photos with what the starter makes of each, seen in another light so that it errs."""
    with tempfile.TemporaryDirectory(prefix="hemline-clicks-") as folder:
        converted = Path(folder) / "starter.safetensors"
        convert(starter_path(), converted)
        predictor = Predictor(starter_path(), runtime=OpenVinoRuntime(converted))
    for number, sample in enumerate(samples):
        image, mask = sample.load()
        rng = np.random.default_rng(number)
        seen = predictor.examine(
            _recoloured(image.transpose(2, 0, 1), rng).transpose(1, 2, 0), sure_from=0.0
        )
        known = mask != IGNORE
        tags = parts[sample.id].load()[1] if sample.source == "ccp" else np.zeros_like(mask)
        yield PhotoWithTruth(
            image, (mask > 0) & known, known, tags, seen.probabilities[0], seen.prediction.mask > 0
        )
        if (number + 1) % 50 == 0:
            log.info("%d of %d photos seen by the starter", number + 1, len(samples))


def main() -> None:
    """Train on what was named."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", action="append", required=True, help="KIND:PATH")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--initial", type=Path, help="a click network to begin with")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        samples = training_data(load_recipe("hemline"), options.data).train
        parts: dict[str, Sample] = {}
        for folder in [d.partition(":")[2] for d in options.data if d.startswith("ccp:")]:
            tags = read_tags(Path(folder))[1:]
            whole = open_data(f"ccp:{folder}", class_map({tag: [tag] for tag in tags}))
            parts |= {sample.id: sample for sample in whole.samples}
        train(
            list(read_photos(samples, parts)),
            steps=options.steps,
            batch=options.batch,
            seed=options.seed,
            out=options.out,
            initial=options.initial,
        )
    except HemlineError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
