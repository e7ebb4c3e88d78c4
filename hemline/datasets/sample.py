"""A sample: one photo with its class-id mask, loaded when it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sample:
    """One photo with its mask.

    `load` returns the photo `(H, W, 3)` uint8 RGB, upright, and the mask `(H, W)` uint8 of class
    ids, 0 for background. It reads the files at each call, so that a data set costs no memory.
    `garment` groups what must share a split: the views of one garment.
    """

    id: str
    garment: str
    view: str
    source: str
    load: Callable[[], tuple[Pixels, Pixels]]


@dataclass(frozen=True, slots=True)
class Dataset:
    """The samples of one source with their labels: class id k is `labels[k - 1]`."""

    samples: tuple[Sample, ...]
    labels: tuple[str, ...]
