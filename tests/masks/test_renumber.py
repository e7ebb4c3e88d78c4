"""Class ids in the order of other labels."""

import numpy as np
import pytest

from hemline.errors import MaskError
from hemline.masks.renumber import class_ids, renumber

MASK = np.array([[0, 1, 2]], dtype=np.uint8)


@pytest.mark.parametrize(
    ("labels", "wanted", "ids"),
    [
        (["a", "b"], ["a", "b"], [1, 2]),
        (["a", "b"], ["b", "a"], [2, 1]),
        (["a", "b"], ["a", "b", "c"], [1, 2]),
        (["a", "b"], ["c", "b"], [0, 2]),
        (["a", "b"], ["b"], [0, 1]),
        (["a"], ["b"], [1]),
        (["a"], ["b", "c"], [0]),
        ([], ["a"], []),
    ],
)
def test_each_label_gets_its_id_among_those_wanted(
    labels: list[str], wanted: list[str], ids: list[int]
) -> None:
    assert class_ids(labels, wanted) == ids
    mask = np.arange(len(labels) + 1, dtype=np.uint8)[None]
    assert renumber(mask, labels, wanted).tolist() == [[0, *ids]]


def test_a_class_beyond_the_labels_is_an_error() -> None:
    with pytest.raises(MaskError, match="class id 2"):
        renumber(MASK, ["a"], ["a", "b"])
