"""Class-id masks as PNG: exact round trips, and files that are no masks."""

import contextlib
import io
import struct
import warnings
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp
from PIL import Image

from hemline.errors import MaskError
from hemline.masks.codecs.png import (
    decode_class_mask,
    encode_class_mask,
    encode_predicted_mask,
)

masks = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))


def as_file(image, kind="PNG"):
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


@given(masks)
def test_decode_gives_back_what_was_encoded(mask):
    decoded = decode_class_mask(encode_class_mask(mask))
    assert np.array_equal(decoded, mask)
    assert decoded.dtype == np.uint8
    assert decoded.flags.writeable


@given(masks)
def test_a_predicted_mask_is_a_png_of_the_same_pixels(mask):
    encoded = encode_predicted_mask(np.asfortranarray(mask))
    assert np.array_equal(decode_class_mask(encoded), mask)
    with Image.open(io.BytesIO(encoded)) as image:
        image.load()
        assert (image.mode, image.size) == ("L", mask.shape[::-1])


def test_a_predicted_mask_has_no_more_bytes():
    mask = np.zeros((1728, 1152), np.uint8)
    cv2.ellipse(mask, (500, 800), (300, 620), 12, 0, 360, 3, -1)
    assert len(encode_predicted_mask(mask)) <= len(encode_class_mask(mask))


def test_equal_masks_give_equal_bytes_however_they_lie_in_memory():
    mask = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert encode_class_mask(np.asfortranarray(mask)) == encode_class_mask(mask)


def test_palette_indices_are_class_ids():
    image = Image.fromarray(np.array([[0, 2], [1, 0]], np.uint8), mode="P")
    image.putpalette([0, 0, 0, 200, 10, 10, 10, 200, 10])
    assert decode_class_mask(as_file(image)).tolist() == [[0, 2], [1, 0]]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "1", "LA", "I;16"])
def test_other_pixels_are_refused(mode):
    with pytest.raises(MaskError, match="pixels of mode"):
        decode_class_mask(as_file(Image.new(mode, (3, 2))))


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n" * 9])
def test_what_is_no_png_is_refused(data):
    with pytest.raises(MaskError):
        decode_class_mask(data)


def test_truncated_is_an_error_at_every_length():
    mask = np.random.default_rng(0).integers(0, 4, (20, 30), dtype=np.uint8)
    data = encode_class_mask(mask)
    for length in range(len(data) - 30):
        with pytest.raises(MaskError):
            decode_class_mask(data[:length])
    # Checksums and the end mark come last; without them all pixels may be there.
    for length in range(len(data) - 30, len(data)):
        with contextlib.suppress(MaskError):
            assert np.array_equal(decode_class_mask(data[:length]), mask)


def header_only(width, height):
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )
    return data + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


def test_sizes_that_no_mask_has_are_refused_from_the_header():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(MaskError, match="larger than a browser can draw"):
            decode_class_mask(header_only(20_000, 20_000))
        # Allowed, though Pillow's own guard would warn of it; only its pixels are missing.
        with pytest.raises(MaskError, match="truncated"):
            decode_class_mask(header_only(12_000, 10_000))


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((2, 2), bool),
        np.zeros((2, 2), int),
        np.zeros((2, 2, 1), np.uint8),
        np.zeros((0, 2), np.uint8),
    ],
)
def test_what_is_no_mask_is_not_written(mask):
    with pytest.raises(MaskError):
        encode_class_mask(mask)
