"""A sample: one photo with its class-id mask, loaded when it is asked for."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

_LEFT = re.compile(r"(?<![a-z])left(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sample:
    """One photo with its mask.

    `load` returns the photo `(H, W, 3)` uint8 RGB, upright, and the mask `(H, W)` uint8 of class
    ids: 0 for background, 255 (`overlap.IGNORE`) for what nobody labelled. It reads the files at
    each call, so that a data set costs no memory, and raises a HemlineError that names the file
    where photo or mask cannot be used.
    `garment` groups what must share a split: the views of one garment. `read` returns the photo's
    file, where there is one, for a look at it that is quicker than `load`. `garment_type` is what
    the source calls the garment (coat, dress …); empty where it does not say.
    """

    id: str
    garment: str
    view: str
    source: str
    load: Callable[[], tuple[Pixels, Pixels]]
    read: Callable[[], bytes] | None = None
    garment_type: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A photo that could not be used, and why."""

    id: str
    problem: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """The samples of one source with their labels: class id k is `labels[k - 1]`.

    `skipped` names the photos whose annotation was found unusable when the data set was opened;
    what is wrong with the files themselves shows when a sample is loaded.
    """

    samples: tuple[Sample, ...]
    labels: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()


def swap_pairs(labels: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Pairs of class ids whose labels differ in left and right alone; class id k is labels[k - 1].

    >>> swap_pairs(["hat", "left-shoe", "right-shoe"])
    ((2, 3),)
    """
    ids = {label.lower(): class_id for class_id, label in enumerate(labels, start=1)}
    pairs = []
    for label, class_id in ids.items():
        other = ids.get(_LEFT.sub("right", label))
        if other is not None and other != class_id:
            pairs.append((class_id, other))
    return tuple(pairs)
