"""How far an image is from its likes, by embeddings."""

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 5
_ROWS = 512  # images compared at a time, so that memory stays flat

Embeddings = NDArray[np.float32]


def isolation(embeddings: Embeddings, labelled: Embeddings | None = None) -> list[float]:
    """Mean distance of each image to its 5 nearest, 0..2, NaN where there is none.

    Args:
        embeddings: (N, D) unit vectors; one of zeros is unknown, and NaN.
        labelled: (M, D) those to be near to; by default the others of `embeddings`.
    """
    others = embeddings if labelled is None else labelled
    own = labelled is None
    known = np.flatnonzero(others.any(axis=1))
    reach = min(NEIGHBOURS, len(known) - own)
    if reach < 1:
        return [float("nan")] * len(embeddings)
    result: list[float] = []
    for start in range(0, len(embeddings), _ROWS):
        rows = embeddings[start : start + _ROWS]
        closeness = rows @ others[known].T
        if own:
            same = (start + np.arange(len(rows)))[:, None] == known[None]
            closeness[same] = -2
        nearest = np.partition(closeness, -reach, axis=1)[:, -reach:]
        distance = np.sqrt(np.maximum(2 - 2 * nearest, 0)).mean(axis=1)
        distance[~rows.any(axis=1)] = np.nan
        result.extend(float(value) for value in distance)
    return result
