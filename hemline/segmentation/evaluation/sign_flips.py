"""The paired test by sign flips: either of two models could have made either mask."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

_EXACT_UP_TO = 14  # garments; 2^14 sign patterns are counted out, more are drawn
_DRAWS = 20_000
_AT_ONCE = 500  # draws; so that memory stays flat in the number of garments


def sign_flip_p(difference: NDArray[np.float64]) -> float:
    """One-sided p of mean(difference) > 0 under random signs. Exact for up to 14 values."""
    n = len(difference)
    if n <= _EXACT_UP_TO:
        signs = np.array(list(product((1.0, -1.0), repeat=n)))
        means = signs @ difference / n
        return float(np.mean(means >= difference.mean() - 1e-12))
    rng = np.random.default_rng(0)
    hits, least = 0, difference.mean() - 1e-12
    for _ in range(_DRAWS // _AT_ONCE):
        signs = rng.choice((1.0, -1.0), size=(_AT_ONCE, n))
        hits += int(np.sum(signs @ difference / n >= least))
    return (hits + 1) / (_DRAWS + 1)
