"""Values of the nearest known pixel."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hemline.masks.nearest import nearest_values


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 20), st.integers(2, 20), st.integers(0, 2**32 - 1))
def test_the_value_is_that_of_a_known_pixel_as_near_as_any(
    height: int, width: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    known = rng.random((height, width)) < 0.3
    known[rng.integers(height), rng.integers(width)] = True
    rows, columns = np.mgrid[:height, :width]
    places = np.stack([rows, columns], axis=2).astype(np.int32)  # a pixel's own place
    found = nearest_values(places, known, ~known)
    for place, chosen in zip(places[~known], found, strict=True):
        assert known[tuple(chosen)]
        nearest = np.linalg.norm(places[known] - place, axis=1).min()
        assert np.linalg.norm(chosen - place) <= 1.05 * nearest + 0.5


def test_known_pixels_keep_their_own_and_dtype_and_channels_stay() -> None:
    values = np.arange(12, dtype=np.uint8).reshape(3, 4)
    everywhere = np.ones((3, 4), np.bool_)
    found = nearest_values(values, everywhere, everywhere)
    assert found.dtype == np.uint8
    assert np.array_equal(found, values.ravel())
    colours = np.dstack([values] * 3).astype(np.float32)
    one = np.zeros((3, 4), np.bool_)
    one[1, 2] = True
    assert np.array_equal(nearest_values(colours, one, ~one), np.full((11, 3), 6, np.float32))
