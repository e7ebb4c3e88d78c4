"""How many labels a model needs when our order chooses them, and when chance does.

A small network on 96 x 64 px is trained anew for each number of labels; it is also the model that
the choice is made with: its own expectation of Dice, its features' clusters, and TypiClust until
there are fifty labels, as in a project without audit items.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from active_learning.batches import Candidate, choose_batch, typicalities
from active_learning.clusters import cluster_centres, nearest_clusters
from benchmarks.ranking_photos import tell
from hemline.datasets.sample import Sample
from hemline.errors import HemlineError

HEIGHT, WIDTH = 96, 64
BUDGETS = (4, 6, 9, 14, 20, 30, 45, 68, 100, 150, 225, 340)
ENOUGH = 0.95  # of the Dice with all labels
_STEPS, _BATCH = 400, 8

Choice = Callable[["Pool", nn.Module, list[int], int, int], list[int]]


@dataclass(frozen=True)
class Pool:
    """Small photos (N, 3, H, W) float32 and masks (N, 1, H, W) float32, and their garments."""

    photos: Tensor
    masks: Tensor
    garments: Sequence[str]


@dataclass(frozen=True)
class Curve:
    """Dice on unseen photos with each number of labels, and with all."""

    labels: list[int]
    dice: list[float]
    full: float

    def needed(self) -> float:
        """Labels at which the curve first reaches 95 % of the Dice with all, between two budgets by
        the logarithm; NaN if it does not."""
        goal = ENOUGH * self.full
        points = list(zip(self.labels, self.dice, strict=True))
        if points and points[0][1] >= goal:
            return float(points[0][0])
        for (n, low), (more, high) in pairwise(points):
            if low < goal <= high:
                share = (goal - low) / (high - low)
                return float(np.exp(np.log(n) + share * (np.log(more) - np.log(n))))
        return float("nan")


def compare(
    train: Sequence[Sample], test: Sequence[Sample], seeds: int
) -> list[tuple[Curve, Curve]]:
    """The curves of our order and of chance for each seed; both begin with the same labels."""
    pool, unseen = _read(train), _read(test)
    curves = []
    for seed in range(seeds):
        full = _dice(_train(pool, list(range(len(pool.garments))), seed), unseen)
        ours = _curve(pool, unseen, seed, _ours, full)
        chance = _curve(pool, unseen, seed, _by_chance, full)
        tell(f"seed {seed}: all {len(pool.garments)} labels {full:.3f}; "
             f"ours {ours.needed():.0f}, chance {chance.needed():.0f}")  # fmt: skip
        curves.append((ours, chance))
    return curves


def _curve(pool: Pool, unseen: Pool, seed: int, choose: Choice, full: float) -> Curve:
    rng = np.random.default_rng(seed)
    known = [int(k) for k in rng.permutation(len(pool.garments))[: BUDGETS[0]]]
    labels, found = [], []
    for following in (*BUDGETS[1:], len(pool.garments) + 1):
        model = _train(pool, known, seed)
        labels.append(len(known))
        found.append(_dice(model, unseen))
        if found[-1] >= ENOUGH * full or following > len(pool.garments):
            break
        known += choose(pool, model, known, following - len(known), seed)
    return Curve(labels, found, full)


def _ours(pool: Pool, model: nn.Module, known: list[int], count: int, seed: int) -> list[int]:
    probabilities, features = _see(model, pool.photos)
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)
    clusters = nearest_clusters(unit, cluster_centres(unit, seed=seed))
    typical = typicalities(unit)
    taken = set(known)
    candidates = [
        Candidate(str(k), garment, int(clusters[k]), 1 - _expected(probabilities[k]), typical[k])
        for k, garment in enumerate(pool.garments)
        if k not in taken
    ]
    chosen = choose_batch(
        candidates, items=count, labelled_clusters=[int(clusters[k]) for k in known],
        seed=seed + len(known),
    )  # fmt: skip
    return [int(choice.id) for choice in chosen]


def _by_chance(pool: Pool, model: nn.Module, known: list[int], count: int, seed: int) -> list[int]:
    rng = np.random.default_rng([seed, len(known)])
    left = sorted(set(range(len(pool.garments))) - set(known))
    return [left[k] for k in rng.permutation(len(left))[:count].tolist()]


def _expected(probability: NDArray[np.float32]) -> float:
    """Dice that a map (H, W) expects of its own mask (Borges et al. 2024)."""
    mask = probability >= 0.5
    return float(2 * probability[mask].sum() / max(probability.sum() + mask.sum(), 1e-9))


class _Net(nn.Module):
    """A U-Net of three levels; `features` are the deepest, averaged over the photo."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([_block(3, 12), _block(12, 24), _block(24, 48), _block(48, 64)])
        self.up = nn.ModuleList([_block(64 + 48, 32), _block(32 + 24, 16), _block(16 + 12, 12)])
        self.out = nn.Conv2d(12, 1, 1)

    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor]:
        kept, x = [], photos
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else nn.functional.max_pool2d(x, 2))
            kept.append(x)
        features = x.mean((2, 3))
        for block, beside in zip(self.up, reversed(kept[:-1]), strict=True):
            x = block(torch.cat([nn.functional.interpolate(x, scale_factor=2.0), beside], 1))
        return self.out(x), features


def _block(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(),
        nn.Conv2d(outside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(),
    )  # fmt: skip


def _train(pool: Pool, known: list[int], seed: int) -> nn.Module:
    """A network trained anew for a fixed number of steps, so that only the labels differ."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = _Net()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-3)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=3e-3, total_steps=_STEPS)
    for _ in range(_STEPS):
        rows = rng.choice(known, size=_BATCH)
        photos, masks = pool.photos[rows], pool.masks[rows]
        if rng.random() < 0.5:
            photos, masks = photos.flip(3), masks.flip(3)
        logits, _ = model(photos + 0.2 * torch.randn(len(rows), 3, 1, 1))
        p = logits.sigmoid()
        overlap = 1 - (2 * (p * masks).sum() + 1) / (p.sum() + masks.sum() + 1)
        loss = overlap + nn.functional.binary_cross_entropy_with_logits(logits, masks)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rates.step()
    return model.eval()


def _see(model: nn.Module, photos: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    with torch.inference_mode():
        parts = [model(part) for part in torch.split(photos, 64)]
    return (
        torch.cat([logits.sigmoid()[:, 0] for logits, _ in parts]).numpy(),
        torch.cat([features for _, features in parts]).numpy(),
    )


def _dice(model: nn.Module, pool: Pool) -> float:
    masks = _see(model, pool.photos)[0] >= 0.5
    truth = pool.masks[:, 0].numpy() > 0.5
    both = 2.0 * (masks & truth).sum((1, 2))
    return float((both / np.maximum(masks.sum((1, 2)) + truth.sum((1, 2)), 1)).mean())


def _read(samples: Sequence[Sample]) -> Pool:
    photos, masks, garments = [], [], []
    for sample in samples:
        try:
            pixels, ids = sample.load()
        except HemlineError as error:
            tell(f"left out {sample.id}: {error}")
            continue
        small = cv2.resize(pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        share = cv2.resize(
            (ids > 0).astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA
        )
        photos.append(small.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1)
        masks.append((share >= 0.5).astype(np.float32)[None])
        garments.append(sample.garment)
    return Pool(torch.from_numpy(np.stack(photos)), torch.from_numpy(np.stack(masks)), garments)
