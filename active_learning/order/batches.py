"""The next batch of photos to label: useful ones, from all over, and some at random.

Until there are a dozen labels a model's word is worth little, and photos that stand for many others
come first. After that usefulness orders each cluster, and the clusters take turns.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from active_learning.order.coverage import coverage_order
from active_learning.order.neighbours import Embeddings

COLD_LABELS = 12  # measured: docs/decisions/0009-usefulness-from-a-dozen-labels.md
RANDOM_SHARE = 0.1
_NOISE = 0.005  # of usefulness: equals are not always taken in the same order


@dataclass(frozen=True)
class Candidate:
    """A photo that may be asked for.

    `usefulness` 0..1, `cluster` from `nearest_clusters`, `minutes` a person is likely to need, and
    whether the garment's views disagree.
    """

    id: str
    garment: str
    cluster: int
    usefulness: float
    minutes: float = 1.0
    views_disagree: bool = False


@dataclass(frozen=True)
class Chosen:
    """One photo of a batch; random ones keep the estimates honest and are marked."""

    id: str
    random: bool


def choose_batch(
    preferred: Sequence[Candidate],
    drawn: Sequence[Candidate],
    *,
    items: int | None = None,
    minutes: float | None = None,
) -> list[Chosen]:
    """A batch within a budget of items, of minutes, or of both.

    No garment comes twice unless its views disagree.

    Args:
        preferred: candidates, the best first; one that comes again is taken once.
        drawn: candidates in a random order, for the share `RANDOM_SHARE` of the batch, spread over
            it; of the same photos or of more.

    Raises:
        ValueError: no budget was given.
    """
    if items is None and minutes is None:
        raise ValueError("a batch needs a budget; give items, minutes or both")
    chosen: list[Chosen] = []
    taken: set[str] = set()
    garments: set[str] = set()
    spent, at_random = 0.0, 0
    while items is None or len(chosen) < items:
        is_random = at_random < RANDOM_SHARE * (len(chosen) + 1)
        left = None if minutes is None else minutes - spent
        found = _next(drawn if is_random else preferred, taken, garments, left)
        if found is None:
            break
        taken.add(found.id)
        garments.add(found.garment)
        spent += found.minutes
        at_random += is_random
        chosen.append(Chosen(found.id, is_random))
    return chosen


def by_usefulness(candidates: Sequence[Candidate], *, seed: int = 0) -> list[Candidate]:
    """The most useful candidate of each cluster, then the second of each, and so on."""
    noise = np.random.default_rng(seed).gumbel(0, _NOISE, len(candidates))
    keys = [item.usefulness + float(extra) for item, extra in zip(candidates, noise, strict=True)]
    turn: Counter[int] = Counter()
    placed = []
    for k in sorted(range(len(candidates)), key=lambda k: -keys[k]):
        cluster = candidates[k].cluster
        placed.append((turn[cluster], -keys[k], k))
        turn[cluster] += 1
    return [candidates[k] for _, _, k in sorted(placed)]


def cold_start(
    candidates: Sequence[Candidate], embeddings: Embeddings, labelled: Embeddings
) -> list[Candidate]:
    """As many candidates as are missing to a dozen labels, those first that stand for many others.

    Args:
        candidates: drawn from all photos alike: they are what is to be stood for.
        embeddings: (N, D) unit vectors of the candidates; zeros where unknown.
        labelled: (M, D) of the labelled photos.
    """
    missing = max(0, COLD_LABELS - len(labelled))
    return [candidates[k] for k in coverage_order(embeddings, labelled, missing)]


def _next(
    queue: Sequence[Candidate], taken: set[str], garments: set[str], left: float | None
) -> Candidate | None:
    for item in queue:
        again = item.garment in garments and not item.views_disagree
        if item.id not in taken and not again and (left is None or item.minutes <= left):
            return item
    return None
