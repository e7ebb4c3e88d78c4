"""Batches of one epoch: photos of one shape together, made ready while the network works."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.input.transforms import augment
from hemline.segmentation.recipe.parts import Augment

_AHEAD = 4
_SMALLEST = 2  # a batch of one leaves BatchNorm nothing to average where a map has one pixel


def plan_epoch(
    cache: PixelCache,
    *,
    batch: int,
    repeats: int,
    seed: int,
    epoch: int,
    often: NDArray[np.float64] | None = None,
    least: int = 1,
) -> list[list[int]]:
    """Indices of each batch, shuffled, one shape a batch; every epoch has as many batches.

    A batch of fewer than `least` photos has them more than once.

    Every photo comes `repeats` times or, where `often` `(N,)` says how often each one counts, that
    many times as often: a whole number of times in an epoch, and as often as said in the mean.
    """
    rng = np.random.default_rng((seed, epoch))
    by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index in np.tile(np.arange(len(cache)), repeats):
        by_size[cache.sizes[index]].append(int(index))
    plan: list[list[int]] = []
    for indices in by_size.values():
        if often is not None:
            indices = _drawn(indices, often, rng)
        rng.shuffle(indices)
        plan.extend(indices[start : start + batch] for start in range(0, len(indices), batch))
    rng.shuffle(plan)
    least = max(least, _SMALLEST)
    return [part * -(-least // len(part)) for part in plan]


def photos_of_rare_labels(present: NDArray[np.bool_], rare: float) -> NDArray[np.float64] | None:
    """How often each photo is shown, `(N,)`, 1 or more; None: all alike.

    It is sqrt(rare / f) times where f, the share of the photos that have the rarest of its labels,
    is below `rare`: the repeat factor of Gupta et al. 2019, arXiv:1908.03195.

    `present` `(N, K)` says which of K labels each photo has.
    """
    shares = present.mean(axis=0) if len(present) else np.zeros(0)
    if not ((shares > 0) & (shares < rare)).any():
        return None
    factors = np.sqrt(np.maximum(1.0, rare / np.where(shares > 0, shares, 1.0)))
    often: NDArray[np.float64] = np.where(present, factors, 1.0).max(axis=1)
    return often


def _drawn(indices: list[int], often: NDArray[np.float64], rng: np.random.Generator) -> list[int]:
    """Each index as often as it counts, by systematic sampling, so that their number is fixed.

    It is rounded up: points that lay further apart than 1 could pass over an index."""
    order = rng.permutation(indices)
    edges = np.cumsum(often[order])
    number = ceil(round(float(often[indices].sum()), 9))  # in their own order, so always the same
    points = (np.arange(number) + rng.random()) * (edges[-1] / number)
    places = np.minimum(np.searchsorted(edges, points, side="right"), len(order) - 1)
    return [int(index) for index in order[places]]


def training_batches(
    cache: PixelCache,
    plan: list[list[int]],
    options: Augment,
    mirrored: Tensor,
    *,
    seed: int,
    epoch: int,
    start: int = 0,
    share: Callable[[int], Iterable[int]] = range,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Photos `(N, 3, h, w)` and class-id masks `(N, h, w)`, uint8, changed at random.

    `mirrored` is what `augment` needs; `start` is the first batch of the plan to make. `share` says
    which places of a batch of so many photos are made, all by default.
    """

    def make(position: int) -> tuple[Tensor, Tensor]:
        pairs = []
        for place in share(len(plan[position])):
            index = plan[position][place]
            rng = np.random.default_rng((seed, epoch, position, place))
            pairs.append(augment(*as_tensors(cache, index), options, mirrored, rng))
        return torch.stack([pair[0] for pair in pairs]), torch.cat([pair[1] for pair in pairs])

    with ThreadPoolExecutor(2, thread_name_prefix="batches") as pool:
        waiting: list[Future[tuple[Tensor, Tensor]]] = []
        for position in range(start, len(plan)):
            waiting.append(pool.submit(make, position))
            if len(waiting) > _AHEAD:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()


def as_tensors(cache: PixelCache, index: int) -> tuple[Tensor, Tensor]:
    """Photo `(3, h, w)` and mask `(1, h, w)` of a cache's entry, uint8."""
    image, mask = cache[index]
    photo = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
    return photo, torch.from_numpy(np.array(mask)[None])
