"""The next batch of photos to label: useful ones, from all over, and some at random.

Until there are some fifty labels a model's word is worth little, and the most typical photo of each
cluster is taken instead (TypiClust, Hacohen et al. 2022). After that usefulness orders each
cluster, and the clusters take turns.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from active_learning.neighbours import Embeddings, isolation

COLD_LABELS = 50
RANDOM_SHARE = 0.1
_NOISE = 0.05  # of usefulness: equals are not always taken in the same order


@dataclass(frozen=True)
class Candidate:
    """A photo that may be asked for.

    `usefulness` 0..1, `cluster` from `nearest_clusters`, `minutes` a person is likely to need,
    `typicality` higher for one with many likes, and whether the garment's views disagree.
    """

    id: str
    garment: str
    cluster: int
    usefulness: float
    typicality: float = 0.0
    minutes: float = 1.0
    views_disagree: bool = False


@dataclass(frozen=True)
class Chosen:
    """One photo of a batch; random ones keep the estimates honest and are marked."""

    id: str
    random: bool


def choose_batch(
    candidates: Sequence[Candidate],
    *,
    items: int | None = None,
    minutes: float | None = None,
    labelled_clusters: Sequence[int] = (),
    random_share: float = RANDOM_SHARE,
    seed: int = 0,
) -> list[Chosen]:
    """A batch within a budget of items, of minutes, or of both.

    No garment comes twice unless its views disagree. The same seed gives the same batch.

    Args:
        candidates: the unlabelled photos.
        labelled_clusters: the cluster of each labelled photo; fewer than 50 is a cold start.
        random_share: of the batch, drawn from all candidates alike.

    Raises:
        ValueError: no budget was given, or `random_share` is outside 0..1.
    """
    if items is None and minutes is None:
        raise ValueError("a batch needs a budget; give items, minutes or both")
    if not 0 <= random_share <= 1:
        raise ValueError(f"random_share {random_share} is outside 0..1")
    rng = np.random.default_rng(seed)
    ordered = _in_turns(candidates, labelled_clusters, rng)
    shuffled = [candidates[k] for k in rng.permutation(len(candidates)).tolist()]
    chosen: list[Chosen] = []
    taken: set[str] = set()
    garments: set[str] = set()
    spent, drawn = 0.0, 0
    while items is None or len(chosen) < items:
        at_random = drawn < random_share * (len(chosen) + 1)
        left = None if minutes is None else minutes - spent
        found = _next(shuffled if at_random else ordered, taken, garments, left)
        if found is None:
            break
        taken.add(found.id)
        garments.add(found.garment)
        spent += found.minutes
        drawn += at_random
        chosen.append(Chosen(found.id, at_random))
    return chosen


def typicalities(embeddings: Embeddings) -> list[float]:
    """1 / mean distance to the nearest neighbours, of each embedding; 0 for one alone."""
    return [1 / max(far, 1e-6) if np.isfinite(far) else 0.0 for far in isolation(embeddings)]


def _in_turns(
    candidates: Sequence[Candidate], labelled_clusters: Sequence[int], rng: np.random.Generator
) -> list[Candidate]:
    """The best of each cluster, then the second best of each, and so on."""
    cold = len(labelled_clusters) < COLD_LABELS
    noise = rng.gumbel(0, _NOISE, len(candidates))
    keys = [
        item.typicality if cold else item.usefulness + float(extra)
        for item, extra in zip(candidates, noise, strict=True)
    ]
    order = sorted(range(len(candidates)), key=lambda k: -keys[k])
    turn: Counter[int] = Counter(labelled_clusters if cold else ())
    placed = []
    for k in order:
        cluster = candidates[k].cluster
        placed.append((turn[cluster], -keys[k], k))
        turn[cluster] += 1
    return [candidates[k] for _, _, k in sorted(placed)]


def _next(
    queue: Sequence[Candidate], taken: set[str], garments: set[str], left: float | None
) -> Candidate | None:
    for item in queue:
        again = item.garment in garments and not item.views_disagree
        if item.id not in taken and not again and (left is None or item.minutes <= left):
            return item
    return None
