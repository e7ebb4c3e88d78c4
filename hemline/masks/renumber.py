"""A mask's class ids in the order of another list of labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError


def renumber(
    mask: NDArray[np.uint8], labels: Sequence[str], wanted: Sequence[str]
) -> NDArray[np.uint8]:
    """The mask with class id k for wanted[k - 1] instead of labels[k - 1].

    Sole labels are the same one, whatever they are called; what is not wanted becomes background.

    Raises:
        MaskError: the mask has a class id beyond `labels`.
    """
    if int(mask.max(initial=0)) > len(labels):
        raise MaskError(
            f"the mask has class id {int(mask.max())}, but there are {len(labels)} labels; the "
            "labels have changed since, so correct it again"
        )
    ids = class_ids(labels, wanted)
    if ids == list(range(1, len(ids) + 1)):
        return mask
    table = np.zeros(256, dtype=np.uint8)
    table[1 : len(ids) + 1] = ids
    return np.asarray(table[mask])


def class_ids(labels: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """For each of `labels` its class id among `wanted`, 0 if it is not wanted.

    Sole labels are the same one, whatever they are called.
    """
    if len(labels) == len(wanted) == 1:
        return [1]
    return [list(wanted).index(label) + 1 if label in wanted else 0 for label in labels]
