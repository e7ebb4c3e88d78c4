"""COCO's masks: polygons, and run lengths by column."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from hemline.errors import MaskError
from hemline.masks.codecs.brush import check_mask_size

# A polygon in COCO's layout: x0, y0, x1, y1, ... in pixels.
Polygon = Sequence[float]

# Filling takes time and memory by the length of the outlines, about 3 s and 250 MB for this one. A
# real outline of a photo of 4000 x 4000 px has some ten thousand.
MAX_OUTLINE_PIXELS = 2**22


def encode_coco_rle(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> dict[str, Any]:
    """Pack a mask as COCO's compressed RLE.

    Args:
        mask: (H, W), any non-zero pixel is inside.

    Returns:
        {"size": [H, W], "counts": str}, fit for JSON.
    """
    rle = coco_mask.encode(np.asfortranarray(mask != 0, dtype=np.uint8))
    return {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode("ascii")}


def decode_coco_rle(rle: dict[str, Any]) -> NDArray[np.uint8]:
    """Unpack COCO's RLE, compressed ("counts" is text) or not ("counts" is a list of numbers).

    Returns:
        (H, W) uint8, 0 or 1.

    Raises:
        MaskError: a key is missing, or the run lengths do not add up to the size.
    """
    try:
        height, width = (int(side) for side in rle["size"])
        check_mask_size(height, width)
        counts = rle["counts"]
        runs = _unpack_counts(counts) if isinstance(counts, (str, bytes)) else list(counts)
        lengths = np.array(runs, dtype=np.int64)
        if any(length != run for length, run in zip(lengths, runs, strict=True)):
            raise ValueError("a run length is not an integer")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MaskError(f"COCO RLE cannot be read ({error!r}); export it again") from error
    # pycocotools trusts its input and writes past the end of the mask, so the sum is looked at
    # here and the runs are laid out by numpy.
    if lengths.ndim != 1 or (lengths < 0).any() or int(lengths.sum()) != height * width:
        raise MaskError(
            f"COCO RLE does not add up to its size of {width} x {height} px; export it again"
        )
    values = (np.arange(lengths.size) % 2).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(values, lengths).reshape(width, height).T)


def polygons_to_mask(polygons: Sequence[Polygon], height: int, width: int) -> NDArray[np.uint8]:
    """Fill polygons; a pixel inside any of them is inside, parts outside the mask are cut off.

    Args:
        polygons: COCO's layout, in pixels; the corner of the top left pixel is 0, 0.

    Returns:
        (height, width) uint8, 0 or 1, with the pixels that pycocotools chooses.

    Raises:
        MaskError: a polygon has fewer than three points or a coordinate that is no number, or all
            outlines together are longer than MAX_OUTLINE_PIXELS.
    """
    check_mask_size(height, width)
    if not polygons:
        return np.zeros((height, width), dtype=np.uint8)
    clipped = [_clip(_outline(polygon), height, width) for polygon in polygons]
    length = sum(_length(outline) for outline in clipped)
    if length > MAX_OUTLINE_PIXELS:
        points = sum(outline.size // 2 for outline in clipped)
        raise MaskError(
            f"its outline of {points} points is {length / 1e6:.0f} million px long, over the limit "
            f"of {MAX_OUTLINE_PIXELS / 1e6:.0f} million; redraw it with fewer points or as a brush "
            "mask"
        )
    outlines = [outline.tolist() for outline in clipped]
    return decode_coco_rle(coco_mask.merge(coco_mask.frPyObjects(outlines, height, width)))


def outline_length(polygon: Polygon, height: int, width: int) -> float:
    """What filling the polygon costs: the pixels of its outline that are walked.

    Raises:
        MaskError: as `polygons_to_mask`.
    """
    return _length(_clip(_outline(polygon), height, width))


def _clip(outline: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """pycocotools walks every pixel of an outline, also of one that is kilometres off the photo."""
    limit = 2.0 * max(height, width)
    return np.clip(outline, -limit, 2 * limit)


def _length(outline: NDArray[np.float64]) -> float:
    """Pixels that are walked along the closed outline: the longer side of each of its edges."""
    points = outline.reshape(-1, 2)
    return float(np.abs(points - np.roll(points, 1, axis=0)).max(axis=1).sum())


def _outline(polygon: Polygon) -> NDArray[np.float64]:
    try:
        outline = np.array(polygon, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise MaskError(
            f"polygon has a coordinate that is not a number ({error}); redraw it"
        ) from error
    if outline.ndim != 1 or outline.size < 6 or outline.size % 2:
        raise MaskError(
            f"polygon has {outline.size / 2:g} points, at least 3 are needed; redraw it"
        )
    if not np.isfinite(outline).all():
        raise MaskError("polygon has a coordinate that is not finite; redraw it")
    return outline


def _unpack_counts(text: str | bytes) -> list[int]:
    """Run lengths out of COCO's text: five bits a character, each a difference to two before."""
    counts: list[int] = []
    value = shift = 0
    for character in text.encode("ascii") if isinstance(text, str) else text:
        bits = character - 48
        if not 0 <= bits < 64 or shift > 60:
            raise ValueError(f"character {chr(character)!r} at run {len(counts)}")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError(f"the text ends within run {len(counts)}")
    return counts
