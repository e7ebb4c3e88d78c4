"""Which class ids a mask holds, against numpy's own answer."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hemline.masks.class_ids import class_ids


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9)))
def test_as_numpy_s_unique(mask):
    assert class_ids(mask) == np.unique(mask).tolist()


@given(st.integers(0, 255), st.integers(0, 255))
def test_a_single_pixel_of_a_large_mask_counts(ground, other):
    mask = np.full((2100, 2000), ground, np.uint8)
    mask[1234, 567] = other
    assert class_ids(mask) == sorted({ground, other})


def test_a_view_that_is_not_contiguous():
    mask = np.zeros((40, 60), np.uint8)
    mask[::2, ::3] = 7
    assert class_ids(mask[::2, ::3]) == [7]
    assert class_ids(mask.T) == [0, 7]
