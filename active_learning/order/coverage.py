"""Which few images stand for all: each next one brings the rest closest to one that is known."""

import numpy as np

from active_learning.order.neighbours import Embeddings


def coverage_order(embeddings: Embeddings, labelled: Embeddings, count: int) -> list[int]:
    """Indices of up to `count` images to label first: greedy facility location (Nemhauser et al.
    1978), over the cosines of centred embeddings, beside those that are labelled already.

    Features of one network mostly point one way, so the images' mean is taken off first.

    Args:
        embeddings: (N, D) unit vectors; one of zeros is unknown, and is never taken.
        labelled: (M, D) of the labelled images, unknown ones among them or not.
    """
    known = np.flatnonzero(embeddings.any(axis=1))
    if not known.size:
        return []
    middle = embeddings[known].mean(axis=0)
    points = _centred(embeddings[known], middle)
    others = _centred(labelled[labelled.any(axis=1)], middle)
    nearest = (points @ others.T).max(axis=1, initial=-1.0)
    closeness = points @ points.T
    order: list[int] = []
    for _ in range(min(count, len(known))):
        gains = np.maximum(closeness, nearest[:, None]).sum(axis=0)
        gains[order] = -np.inf
        order.append(int(gains.argmax()))
        nearest = np.maximum(nearest, closeness[:, order[-1]])
    return [int(known[k]) for k in order]


def _centred(embeddings: Embeddings, middle: Embeddings) -> Embeddings:
    moved = embeddings - middle
    norms = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(moved / np.maximum(norms, 1e-9), dtype=np.float32)
