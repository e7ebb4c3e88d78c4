"""Probability maps as a few kilobytes: what a later edit of a label is compared with.

Four bits a pixel and at most 2**17 pixels, compressed: 6 kB for a photo at the starter's size. Of
many classes each pixel keeps its two likeliest with their probabilities, and the rest is shared out
evenly.
"""

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError

Probabilities = NDArray[np.float32]

LEVELS = 15  # Steps from 0 to 1; the largest error of a kept probability is 1/30.
MAX_MAP_PIXELS = 2**17
_MAGIC = b"HPM1"
_HEADER = struct.Struct("<4sHHH")  # magic, classes, height, width
_MAX_CLASSES = 256


def encode_probability_map(probabilities: Probabilities) -> bytes:
    """Pack class probabilities; a map of over 2**17 pixels is averaged down to that first.

    Args:
        probabilities: (C, h, w) floats in 0..1. C is 1 for one label (the garment's), else one a
            class with the background first, summing to 1.

    Raises:
        MaskError: the shape is another, a value is NaN or outside 0..1.
    """
    check_probabilities(probabilities)
    planes = _shrink(probabilities)
    classes, height, width = planes.shape
    parts = [_quantise(planes[0])] if classes == 1 else _top_two(planes)
    header = _HEADER.pack(_MAGIC, classes, height, width)
    return header + zlib.compress(b"".join(part.tobytes() for part in parts), 9)


def decode_probability_map(data: bytes) -> Probabilities:
    """The (C, h, w) float32 probabilities that `encode_probability_map` packed, to 4 bits.

    Raises:
        MaskError: the data is no probability map, or is truncated or broken.
    """
    classes, height, width = _read_header(data)
    pixels = height * width
    packed = (pixels + 1) // 2
    expected = packed if classes == 1 else 2 * pixels + 2 * packed
    payload = _decompress(data[_HEADER.size :], expected)
    if classes == 1:
        return _restore(payload, pixels).reshape(1, height, width)
    ids = np.frombuffer(payload, dtype=np.uint8, count=2 * pixels).reshape(2, pixels)
    if ids.max(initial=0) >= classes:
        raise MaskError("probability map names a class it does not have; predict the photo again")
    first = _restore(payload[2 * pixels : 2 * pixels + packed], pixels)
    second = _restore(payload[2 * pixels + packed :], pixels)
    return _spread(ids, first, second, classes).reshape(classes, height, width)


def check_probabilities(probabilities: NDArray[np.floating]) -> None:
    """Refuse what is no map of probabilities, so that no NaN ever reaches a ranking.

    Raises:
        MaskError: not (C, h, w) with pixels and 1 to 256 classes, NaN, or a value outside 0..1.
    """
    if probabilities.ndim != 3 or not 0 < len(probabilities) <= _MAX_CLASSES:
        raise MaskError(
            f"probabilities have shape {probabilities.shape}; give (classes, height, width)"
        )
    height, width = probabilities.shape[1:]
    if not (0 < height < 2**16 and 0 < width < 2**16):
        raise MaskError(
            f"probabilities of {width} x {height} px cannot be stored as a map; give 1 to 65535 "
            "px a side"
        )
    lowest, highest = float(probabilities.min()), float(probabilities.max())
    if np.isnan(lowest) or np.isnan(highest):
        count = int(np.isnan(probabilities).sum())
        raise MaskError(
            f"{count} of {probabilities.size} probabilities are NaN; the model is broken: go back "
            "to an earlier version"
        )
    if lowest < -1e-4 or highest > 1 + 1e-4:
        raise MaskError(f"probabilities go from {lowest:.3g} to {highest:.3g}; give 0 to 1")


def _shrink(probabilities: Probabilities) -> Probabilities:
    height, width = probabilities.shape[1:]
    if height * width <= MAX_MAP_PIXELS:
        return probabilities
    scale = float(np.sqrt(MAX_MAP_PIXELS / (height * width)))
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    planes = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in probabilities]
    return np.stack(planes).astype(np.float32, copy=False)


def _quantise(values: Probabilities) -> NDArray[np.uint8]:
    """Nibbles, two a byte; an odd last one is followed by 0."""
    levels = np.rint(np.clip(values, 0, 1) * LEVELS).astype(np.uint8).ravel()
    if levels.size % 2:
        levels = np.append(levels, np.uint8(0))
    return ((levels[::2] << 4) | levels[1::2]).astype(np.uint8)


def _restore(packed: bytes, pixels: int) -> Probabilities:
    values = np.frombuffer(packed, dtype=np.uint8)
    levels = np.stack([values >> 4, values & 15], axis=1).ravel()[:pixels]
    return levels.astype(np.float32) / np.float32(LEVELS)


def _top_two(planes: Probabilities) -> list[NDArray[np.uint8]]:
    """Ids of the likeliest and the second, then their probabilities, as packed planes."""
    order = np.argpartition(-planes, 1, axis=0)[:2]
    values = np.take_along_axis(planes, order, axis=0)
    swapped = values[1] > values[0]
    order[:, swapped] = order[::-1, swapped]
    values[:, swapped] = values[::-1, swapped]
    return [order.astype(np.uint8), _quantise(values[0]), _quantise(values[1])]


def _spread(
    ids: NDArray[np.uint8], first: Probabilities, second: Probabilities, classes: int
) -> Probabilities:
    total = np.maximum(first + second, 1)  # both rounded up they may pass 1
    first, second = first / total, second / total
    rest = np.maximum(1 - first - second, 0) / max(classes - 2, 1)
    planes = np.repeat(rest[None], classes, axis=0)
    columns = np.arange(len(first))
    if classes == 2:  # nothing is left for a third: what rounding lost goes to the likeliest
        first = 1 - second
    planes[ids[1], columns] = second
    planes[ids[0], columns] = first
    return planes.astype(np.float32, copy=False)


def _read_header(data: bytes) -> tuple[int, int, int]:
    if len(data) < _HEADER.size or data[:4] != _MAGIC:
        raise MaskError(f"{len(data)} bytes are not a probability map; predict the photo again")
    _, classes, height, width = _HEADER.unpack_from(data)
    if not 0 < classes <= _MAX_CLASSES or not 0 < height * width <= MAX_MAP_PIXELS:
        raise MaskError(
            f"probability map says {classes} classes of {width} x {height} px, which is "
            "impossible; predict the photo again"
        )
    return int(classes), int(height), int(width)


def _decompress(data: bytes, expected: int) -> bytes:
    """Never more than `expected` bytes, whatever the data says."""
    stream = zlib.decompressobj()
    try:
        payload = stream.decompress(data, expected + 1)
    except zlib.error as error:
        raise MaskError(f"probability map is broken ({error}); predict the photo again") from error
    if len(payload) != expected or not stream.eof:
        raise MaskError("probability map is truncated or too long; predict the photo again")
    return payload
