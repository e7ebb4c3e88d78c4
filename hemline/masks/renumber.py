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
            "labels changed since, so correct it anew"
        )
    if list(labels) == list(wanted) or len(labels) == len(wanted) == 1:
        return mask
    table = np.zeros(256, dtype=np.uint8)
    for class_id, label in enumerate(labels, start=1):
        if label in wanted:
            table[class_id] = list(wanted).index(label) + 1
    return np.asarray(table[mask])
