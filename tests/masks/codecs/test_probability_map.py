"""Probability maps survive their packing to 4 bits, and nothing broken comes through."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.errors import MaskError
from hemline.masks.codecs.probability_map import (
    LEVELS,
    MAX_MAP_PIXELS,
    decode_probability_map,
    encode_probability_map,
)


def _many(seed, classes, height=5, width=7):
    values = np.random.default_rng(seed).random((classes, height, width)).astype(np.float32) ** 3
    return values / values.sum(axis=0)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9))
def test_one_label_keeps_four_bits(seed, height, width):
    values = np.random.default_rng(seed).random((1, height, width)).astype(np.float32)
    back = decode_probability_map(encode_probability_map(values))
    assert back.shape == values.shape
    assert back.dtype == np.float32
    assert np.abs(back - values).max() <= 0.5 / LEVELS + 1e-6


@given(st.integers(0, 2**32 - 1), st.integers(2, 18))
def test_many_classes_keep_their_two_likeliest(seed, classes):
    values = _many(seed, classes)
    back = decode_probability_map(encode_probability_map(values))
    assert np.allclose(back.sum(axis=0), 1, atol=1e-5)
    assert back.min() >= 0
    best = values.argmax(axis=0)
    kept = np.take_along_axis(back, best[None], axis=0)
    true = np.take_along_axis(values, best[None], axis=0)
    assert np.abs(kept - true).max() <= 1.5 / LEVELS


def test_packing_again_changes_nothing():
    data = encode_probability_map(_many(3, 1) * 0 + 0.4)
    assert encode_probability_map(decode_probability_map(data)) == data


def test_a_large_map_is_averaged_down_and_keeps_its_shape():
    values = np.zeros((1, 1000, 500), dtype=np.float32)
    values[:, 500:] = 1
    back = decode_probability_map(encode_probability_map(values))
    height, width = back.shape[1:]
    assert height * width <= MAX_MAP_PIXELS
    assert abs(height / width - 2) < 0.02
    assert abs(float(back.mean()) - 0.5) < 0.01


def test_a_smooth_map_of_a_photo_is_small():
    y, x = np.mgrid[:384, :256] / 256
    disc = 1 / (1 + np.exp(60 * (np.hypot(y - 0.75, x - 0.5) - 0.3)))
    assert len(encode_probability_map(disc[None].astype(np.float32))) < 8000


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.full((1, 4, 4), np.nan, dtype=np.float32), "16 of 16 probabilities are NaN"),
        (np.full((1, 4, 4), 1.5, dtype=np.float32), "go from 1.5 to 1.5"),
        (np.full((1, 4, 4), np.inf, dtype=np.float32), "go from inf"),
        (np.zeros((4, 4), dtype=np.float32), r"shape \(4, 4\)"),
        (np.zeros((0, 4, 4), dtype=np.float32), "shape"),
        (np.zeros((1, 0, 4), dtype=np.float32), "cannot be stored as a map"),
    ],
)
def test_what_is_no_probability_is_refused(values, says):
    with pytest.raises(MaskError, match=says):
        encode_probability_map(values)


def test_broken_data_is_refused():
    data = encode_probability_map(_many(0, 4))
    bomb = data[:10] + zlib.compress(bytes(10_000_000))
    for broken in (b"", b"PNG", data[:9], data[:-4], data[:10] + b"xx", bomb):
        with pytest.raises(MaskError, match="predict the photo again"):
            decode_probability_map(broken)


def test_a_header_that_lies_is_refused():
    data = bytearray(encode_probability_map(_many(0, 1)))
    data[6:10] = b"\xff\xff\xff\xff"
    with pytest.raises(MaskError, match="which is impossible"):
        decode_probability_map(bytes(data))


@given(st.binary(max_size=60))
def test_noise_is_refused_or_is_a_map(noise):
    try:
        back = decode_probability_map(b"HPM1\x01\x00\x02\x00\x02\x00" + noise)
    except MaskError:
        return
    assert back.shape == (1, 2, 2)
