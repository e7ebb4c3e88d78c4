"""Embeddings as 128 bytes: a network's features brought to one length, whatever the network.

Signs drawn once and for all project the features to 128 numbers (Achlioptas 2003), which keeps the
angles between them to within some hundredths; each is then a byte.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError

LENGTH = 128


def pack_embedding(features: NDArray[np.floating]) -> bytes:
    """128 signed bytes of features (E,), whose direction alone counts; all 0 for features of 0.

    Raises:
        MaskError: the features are no vector, or one is no finite number.
    """
    if features.ndim != 1 or not features.size or not np.isfinite(features).all():
        raise MaskError(f"features of shape {features.shape} are not a vector of finite numbers")
    projected = _signs(features.size) @ features.astype(np.float64)
    largest = float(np.abs(projected).max())
    scaled = projected * (127 / largest) if largest > 0 else projected
    return np.rint(scaled).astype(np.int8).tobytes()


def unpack_embeddings(packed: Sequence[bytes]) -> NDArray[np.float32]:
    """Unit vectors (N, 128) float32 of what `pack_embedding` wrote; a zero vector stays zero.

    Raises:
        MaskError: one has another length.
    """
    for data in packed:
        if len(data) != LENGTH:
            raise MaskError(f"an embedding of {len(data)} bytes is not {LENGTH}; predict again")
    rows = np.frombuffer(b"".join(packed), dtype=np.int8).reshape(-1, LENGTH).astype(np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (rows / np.maximum(norms, 1e-9)).astype(np.float32, copy=False)
    return unit


@lru_cache(maxsize=4)
def _signs(features: int) -> NDArray[np.float64]:
    """(128, features) of -1 and 1; RandomState draws the same in every version of NumPy."""
    drawn = np.random.RandomState(LENGTH).randint(0, 2, (LENGTH, features))
    return np.asarray(2.0 * drawn - 1.0)
