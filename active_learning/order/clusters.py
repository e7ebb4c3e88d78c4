"""Clusters of photos that look alike: found in a sample, and each new photo joins the nearest."""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

from active_learning.order.neighbours import Embeddings

UNKNOWN = -1  # of a photo without an embedding, or before there are clusters


def cluster_centres(embeddings: Embeddings, *, clusters: int = 0, seed: int = 0) -> Embeddings:
    """Centres (K, D) float32 of embeddings (N, D): k-means with about the square root of N cells,
    at most 500, unless `clusters` says otherwise; (0, D) without any embedding that is not zero."""
    known = embeddings[embeddings.any(axis=1)]
    count = min(clusters or min(500, round(len(known) ** 0.5)), len(known))
    if count < 2:
        return np.asarray(known[:1], dtype=np.float32)
    fit = MiniBatchKMeans(count, random_state=seed, n_init=3, batch_size=1024).fit(known)
    return np.asarray(fit.cluster_centers_, dtype=np.float32)


def nearest_clusters(embeddings: Embeddings, centres: Embeddings) -> NDArray[np.int64]:
    """The nearest centre of each embedding (N,); UNKNOWN for one of zeros or without centres."""
    if not len(centres):
        return np.full(len(embeddings), UNKNOWN, dtype=np.int64)
    closeness = embeddings @ centres.T - 0.5 * (centres**2).sum(axis=1)
    return np.where(embeddings.any(axis=1), closeness.argmax(axis=1), UNKNOWN)
