"""The first weights of new channels, fitted to what the network sees of their labels already."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from hemline.masks.figures.overlap import IGNORE
from hemline.segmentation.input.batches import as_tensors
from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.input.transforms import normalise
from hemline.segmentation.networks.class_groups import ClassGroups
from hemline.segmentation.recipe.recipe import Recipe

_PHOTOS = 32  # with a new label, and half as many without
_PIXELS = 512  # of a photo's new labels, and as many of the rest of it
_STEPS = 40
_SMALL = 1e-3  # weight of the squares of the weights, so that few pixels do not make them large


@dataclass(frozen=True, slots=True)
class _Seen:
    """Pixels `(P, D)` as the last convolution sees them, their class ids, and what each counts."""

    features: Tensor
    ids: Tensor
    weights: Tensor


def fit_new_channels(network: Any, labels: Sequence[int], data: PixelCache, recipe: Recipe) -> None:
    """Fits the last channels of a grouped network, which are those of the class ids `labels`.

    All else stays as it is. A regression on the features of some photos' pixels: without it, a
    training of a few hundred steps does not reach what the parent was sure is something else.
    """
    convolution, groups = network.segmentation_head[0], network.segmentation_head[-1]
    places, new = _places(data, labels), len(labels)
    if not places:
        return
    seen = list(_features(network, convolution, labels, data, places, recipe))
    features, ids, weights = (
        torch.cat([getattr(each, name) for each in seen]) for name in ("features", "ids", "weights")
    )
    rows = torch.cat([convolution.weight.flatten(1), convolution.bias[:, None]], 1).detach()
    fitted = _fit(rows, new, groups, features, ids, weights / weights.sum())
    with torch.no_grad():
        convolution.weight[-new:] = fitted[:, :-1].view_as(convolution.weight[-new:])
        convolution.bias[-new:] = fitted[:, -1]


def _fit(
    rows: Tensor, new: int, groups: ClassGroups, features: Tensor, ids: Tensor, weights: Tensor
) -> Tensor:
    """The last rows `(new, D + 1)`, each the weights of a channel and its bias, that make the
    cross-entropy of the pixels least."""
    with_one = F.pad(features, (0, 1), value=1.0)
    known = with_one @ rows[:-new].T
    fitted = rows[-new:].clone().requires_grad_()
    optimiser = torch.optim.LBFGS([fitted], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        logits = torch.cat([known, with_one @ fitted.T], 1)
        of_labels = groups(logits.T[None, :, None])[0, :, 0].T
        entropy = F.cross_entropy(of_labels, ids, reduction="none")
        value = (entropy * weights).sum() + _SMALL * (fitted - rows[-new:]).square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return fitted.detach()


def _places(data: PixelCache, labels: Sequence[int]) -> list[int]:
    """Photos with a new label, evenly taken, and some without."""
    having = [index for index in range(len(data)) if np.isin(data[index][1], labels).any()]
    others = sorted(set(range(len(data))) - set(having))
    return _evenly(having, _PHOTOS) + (_evenly(others, _PHOTOS // 2) if having else [])


def _evenly(places: Sequence[int], number: int) -> list[int]:
    return list(places[:: max(1, -(-len(places) // number))])


@torch.no_grad()
def _features(
    network: Any,
    convolution: nn.Conv2d,
    labels: Sequence[int],
    data: PixelCache,
    places: Sequence[int],
    recipe: Recipe,
) -> Iterator[_Seen]:
    inputs: list[Tensor] = []
    handle = convolution.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    was_training = network.training
    network.eval()
    rng = np.random.default_rng(recipe.seed)
    for index in places:
        photo, mask = as_tensors(data, index)
        network(normalise(photo[None], recipe.input.preprocess))
        seen = inputs.pop().float()
        kernel = convolution.kernel_size[0]
        unfolded = F.unfold(seen, kernel, padding=kernel // 2)[0].T
        ids = F.interpolate(mask[None].float(), seen.shape[2:], mode="nearest").flatten().long()
        chosen, weights = _choose(ids.numpy(), labels, rng)
        yield _Seen(unfolded[chosen], ids[chosen], torch.from_numpy(weights))
    handle.remove()
    network.train(was_training)


def _choose(
    ids: NDArray[np.int64], labels: Sequence[int], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Pixels of a photo, and how many each stands for: of new labels, and of all others."""
    is_new = np.isin(ids, labels)
    chosen, weights = [], []
    for pool in (np.flatnonzero(is_new), np.flatnonzero(~is_new & (ids != IGNORE))):
        some = rng.permutation(pool)[:_PIXELS]
        chosen.append(some)
        weights.append(np.full(len(some), len(pool) / max(1, len(some)), np.float32))
    return np.concatenate(chosen), np.concatenate(weights)
