"""How many labels a model needs when Hemline's order chooses them, and when chance does.

    python -m benchmarks.learning.bench_labels --ccp FOLDER --encoder FILE [--draws 40]

Each draw parts the photos anew into those that may be labelled and those that are measured on. The
network is trained anew for each number of labels, and is also what the next ones are chosen with:
its own expectation of Dice, its embeddings and their clusters, as in a project without audit items.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from active_learning.order.batches import Candidate, by_usefulness, choose_batch, cold_start
from active_learning.order.clusters import cluster_centres, nearest_clusters
from active_learning.order.coverage import coverage_order
from benchmarks.learning.small_network import Floats, Photos
from benchmarks.results_page import write_part
from hemline.datasets.sources import open_data

BUDGETS = (5, 8, 11, 15, 20, 26, 34, 44, 57, 75, 100, 150, 225, 340)
ENOUGH = 0.95  # of the Dice with all labels
POOL, UNSEEN = 400, 200
_CHANCES = 4  # random orders of each draw, so that its own luck is small
_SOFTMIN_TEMPERATURE = 0.1


@dataclass(frozen=True)
class Draw:
    """Photos that may be labelled, by index, those that are measured on, and the Dice that is to be
    reached."""

    photos: Photos
    pool: list[int]
    unseen: list[int]
    goal: float
    seed: int
    pseudo: bool = False

    def network(self, known: Sequence[int]) -> Floats:
        """A network trained on these photos of the pool; with `pseudo`, on its own sure masks of
        the others as well."""
        labelled = [self.pool[k] for k in known]
        layer = self.photos.train(labelled)
        if not self.pseudo:
            return layer
        others = set(self.pool) - set(labelled)
        return self.photos.train_on_own_masks(layer, labelled, sorted(others))

    def dice(self, known: Sequence[int]) -> float:
        """Mean Dice on the unseen photos of a network trained on these of the pool."""
        return self.photos.dice(self.network(known), self.unseen)

    def probabilities(self, known: Sequence[int]) -> Floats:
        """Of the whole pool, (N, P), from a network trained on these of it."""
        return self.photos.predict(self.network(known), self.pool)


Choose = Callable[[Draw, list[int], int], list[int]]


def labels_needed(draw: Draw, choose: Choose) -> float:
    """Labels at which 95 % of the Dice with all is first reached, between two budgets by the
    logarithm; all of the pool if it is not before."""
    known: list[int] = []
    points = []
    for budget in (*BUDGETS, len(draw.pool)):
        known += choose(draw, known, budget - len(known))
        points.append((len(known), draw.dice(known)))
        if points[-1][1] >= draw.goal:
            break
    if len(points) == 1:
        return float(points[0][0])
    (n, low), (more, high) = points[-2:]
    share = (draw.goal - low) / (high - low) if high >= draw.goal else 1.0
    return float(np.exp(np.log(n) + share * (np.log(more) - np.log(n))))


def ours(draw: Draw, known: list[int], count: int) -> list[int]:
    """A batch as `hemline rank PROJECT --items` chooses it."""
    left = [k for k in range(len(draw.pool)) if k not in set(known)]
    points = draw.photos.embeddings[draw.pool]
    clusters = nearest_clusters(points, cluster_centres(points, seed=draw.seed))
    expected = _expected(draw.probabilities(known)) if known else np.ones(len(draw.pool))
    candidates = {
        k: Candidate(str(k), str(k), int(clusters[k]), 1 - float(expected[k])) for k in left
    }
    seed = 1000 * draw.seed + len(known)
    shuffled = [left[k] for k in np.random.default_rng(seed).permutation(len(left)).tolist()]
    drawn = [candidates[k] for k in shuffled]
    first = cold_start(drawn, points[shuffled], points[known])
    best = [*first, *by_usefulness(list(candidates.values()), seed=seed)]
    return [int(choice.id) for choice in choose_batch(best, drawn, items=count)]


def coverage_alone(draw: Draw, known: list[int], count: int) -> list[int]:
    """Photos that stand for many others, however many are labelled."""
    points = draw.photos.embeddings[draw.pool]
    free = points.copy()
    free[known] = 0
    return coverage_order(free, points[known], count)


def least_softmin(draw: Draw, known: list[int], count: int) -> list[int]:
    """The least sure photos by softmin over the pixels; some at random before there is a model."""
    if not known:
        return by_chance(0)(draw, known, count)
    p = draw.probabilities(known)
    sure = np.maximum(p, 1 - p)
    weights = np.exp(-sure / _SOFTMIN_TEMPERATURE)
    score = (sure * weights).sum(1) / weights.sum(1)
    score[known] = np.inf
    return [int(k) for k in np.argsort(score)[:count]]


def by_chance(turn: int) -> Choose:
    """A random order, another one for each turn."""

    def choose(draw: Draw, known: list[int], count: int) -> list[int]:
        order = np.random.default_rng([draw.seed, turn]).permutation(len(draw.pool))
        return [int(k) for k in order[len(known) : len(known) + count]]

    return choose


def main() -> None:
    """Measure, print, and write it down."""
    options = _options()
    samples = open_data(f"ccp:{options.ccp}").samples[: options.photos]
    photos = Photos(list(samples), options.encoder)
    draws = [draw_of(photos, seed) for seed in range(options.draws)]
    chance = _by_chance(draws)
    rows = [f"| at random | {chance.mean():.1f} | 1 |"]
    again = [replace(draw, pseudo=True) for draw in draws]
    for name, needed in (
        ("Hemline's order", _needed(draws, ours)),
        ("coverage alone", _needed(draws, coverage_alone)),
        ("least softmin first", _needed(draws, least_softmin)),
        ("at random, and pseudo-labels of the rest", _by_chance(again)),
        ("Hemline's order, and pseudo-labels of the rest", _needed(again, ours)),
    ):
        low, high = ratio_interval(needed, chance)
        rows.append(
            f"| {name} | {needed.mean():.1f} | {needed.mean() / chance.mean():.2f} "
            f"[{low:.2f}, {high:.2f}] |"
        )
    pool, unseen = len(draws[0].pool), len(draws[0].unseen)
    full = np.mean([draw.goal / ENOUGH for draw in draws])
    text = f"""## Labels needed

    make bench-ranking CCP=DIR METAIL=DIR ENCODER=mobilenet_v2_imagenet.safetensors

Labels until a small network has 95 % of the Dice that it has with all {pool} ({full:.3f}), on
{unseen} unseen photos of Clothing Co-Parsing: the mean of {len(draws)} draws of both, and its ratio
to chance with the 95 % interval over the draws. The network is a linear layer on a frozen
MobileNetV2 (ImageNet), so that only the labels differ.

| the labels are chosen | labels | ratio |
|---|---|---|
""" + "\n".join(rows)
    print(text, flush=True)
    write_part(options.out, "bench-labels", text)


def _needed(draws: Sequence[Draw], choose: Choose) -> Floats:
    return np.array([labels_needed(draw, choose) for draw in draws], np.float32)


def _by_chance(draws: Sequence[Draw]) -> Floats:
    turns = np.stack([_needed(draws, by_chance(turn)) for turn in range(_CHANCES)])
    return np.asarray(turns.mean(axis=0), np.float32)


def draw_of(photos: Photos, seed: int) -> Draw:
    """A draw of 400 photos to label and 200 to measure on; of fewer photos, two to one."""
    order = [int(k) for k in np.random.default_rng(seed).permutation(len(photos))]
    pool = min(POOL, len(order) * 2 // 3)
    chosen, unseen = order[:pool], order[pool : pool + UNSEEN]
    full = photos.dice(photos.train(chosen), unseen)
    return Draw(photos, chosen, unseen, ENOUGH * full, seed)


def ratio_interval(needed: Floats, chance: Floats) -> tuple[float, float]:
    """95 % of the ratios of two means, (N,) each, over resamples of the draws."""
    rows = np.random.default_rng(0).integers(0, len(needed), (2000, len(needed)))
    low, high = np.quantile(needed[rows].mean(1) / chance[rows].mean(1), (0.025, 0.975))
    return float(low), float(high)


def _expected(probabilities: Floats) -> Floats:
    """Dice that each map (N, P) expects of its own mask (Borges et al. 2024)."""
    masks = probabilities >= 0.5
    total = probabilities.sum(1) + masks.sum(1)
    return np.asarray(2 * (probabilities * masks).sum(1) / np.maximum(total, 1e-9), np.float32)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--ccp", type=Path, required=True, help="folder of Clothing Co-Parsing")
    parser.add_argument("--encoder", type=Path, required=True, help="MobileNetV2, ImageNet")
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--photos", type=int, help="at most this many photos, for a trial")
    parser.add_argument("--out", type=Path, default=Path("docs/results.md"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
