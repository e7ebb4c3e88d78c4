"""What is drawn over a photo: outlines, differences, uncertainty, regions. Arrays in, arrays out.

The correction is blue and the prediction orange, a pair that people of any colour vision tell
apart; the correction's line is also the thinner one and lies on top.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.masks.codecs.outlines import trace_outlines

Pixels = NDArray[np.uint8]

CORRECTION = (64, 156, 255)  # RGB
PREDICTION = (255, 140, 26)
_CASING = (0, 0, 0)
_DIFFERENCE_ALPHA = 150
_SHIFT = 4  # fractional bits of OpenCV's coordinates


def fitted(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Height and width (the first two of `shape`) as they fit into a square; never enlarged."""
    height, width = shape[:2]
    scale = min(1.0, side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def shrink(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Pixels (H, W) or (H, W, C) at another size (height, width), averaged."""
    if pixels.shape[:2] == size:
        return pixels
    return np.asarray(cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)


def cropped(cutout: Pixels, margin: float) -> Pixels:
    """What is seen of a cut-out (H, W, 4), with a margin as a share of its longer side: halos are
    a pixel wide, and a garment is often small in its photo. All of it where nothing is seen."""
    rows, columns = (np.flatnonzero(cutout[..., 3].any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return cutout
    room = 1 + round(margin * max(np.ptp(rows), np.ptp(columns)))
    top, left = max(0, rows[0] - room), max(0, columns[0] - room)
    return cutout[top : rows[-1] + 1 + room, left : columns[-1] + 1 + room]


def draw_outlines(canvas: Pixels, mask: Pixels, colour: tuple[int, int, int], width: int) -> None:
    """Draws a mask's outlines on a picture of any size (h, w, 3), in place.

    Each class has its own. A dark line beneath keeps them visible on any photo.
    """
    mask = _no_larger(mask, (2 * canvas.shape[0], 2 * canvas.shape[1]))
    scale = np.array([canvas.shape[1] / mask.shape[1], canvas.shape[0] / mask.shape[0]])
    lines = [
        np.round((outline.points * scale - 0.5) * 2**_SHIFT).astype(np.int32)
        for inside in _classes(mask)
        for outline in trace_outlines(inside)
    ]
    for drawn, thickness in ((_CASING, width + 1), (colour, width)):
        cv2.polylines(canvas, lines, True, drawn, thickness, cv2.LINE_AA, _SHIFT)


def difference(correction: Pixels, prediction: Pixels, size: tuple[int, int]) -> Pixels:
    """Where two masks (H, W) of the same class ids differ, as RGBA at `size` (h, w).

    Blue: only the correction is garment, or has another class there. Orange: only the prediction.
    """
    differs = correction != prediction
    layer = np.zeros((*size, 4), np.uint8)
    for part, colour in (
        (differs & (correction > 0), CORRECTION),
        (differs & (correction == 0), PREDICTION),
    ):
        alpha = shrink(part.astype(np.uint8) * np.uint8(_DIFFERENCE_ALPHA), size)
        stronger = alpha > layer[..., 3]
        layer[stronger, :3] = colour
        layer[..., 3] = np.maximum(layer[..., 3], alpha)
    return layer


def uncertainty(probabilities: NDArray[np.float32], size: tuple[int, int]) -> Pixels:
    """How unsure a model is, pixel by pixel, as an RGBA heat map at `size` (h, w).

    Args:
        probabilities: (C, h, w) in 0..1. One class: unsure is near 0.5. Several: unsure is where
            the two likeliest are near each other.
    """
    if len(probabilities) == 1:
        unsure = 1 - np.abs(2 * probabilities[0] - 1)
    else:
        ranked = np.sort(probabilities, axis=0)
        unsure = 1 - (ranked[-1] - ranked[-2])
    unsure = cv2.resize(unsure.astype(np.float32), size[::-1], interpolation=cv2.INTER_LINEAR)
    level = (unsure.clip(0, 1) * 255).astype(np.uint8)
    heat = cv2.applyColorMap(level, cv2.COLORMAP_INFERNO)[..., ::-1]
    alpha = np.minimum(220, level.astype(np.uint16) * 2).astype(np.uint8)
    return np.dstack([heat, alpha])


def outline_svg(mask: Pixels, colour: tuple[int, int, int], width: int) -> str:
    """A mask's outlines as an SVG of the mask's size, sharp at any zoom."""
    lines = [
        np.vstack([outline.points, outline.points[:1]])
        for inside in _classes(mask)
        for outline in trace_outlines(inside)
    ]
    return lines_svg(lines, mask.shape[0], mask.shape[1], colour, width)


def lines_svg(
    lines: list[NDArray[np.float64]],
    height: int,
    width: int,
    colour: tuple[int, int, int],
    stroke: int,
) -> str:
    """Lines (N, 2) of x, y in photo pixels as an SVG of the photo's size, with a dark casing."""
    path = "".join("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in line) for line in lines)
    shared = (
        f'd="{path}" fill="none" stroke-linejoin="round" stroke-linecap="round" '
        'vector-effect="non-scaling-stroke"'
    )
    hexadecimal = "#{:02x}{:02x}{:02x}".format(*colour)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" preserveAspectRatio="none">'
        f'<path {shared} stroke="#000" stroke-opacity="0.55" stroke-width="{stroke + 2}"/>'
        f'<path {shared} stroke="{hexadecimal}" stroke-width="{stroke}"/></svg>'
    )


def _no_larger(mask: Pixels, size: tuple[int, int]) -> Pixels:
    """The mask at most at that size: finer outlines would not be seen, and take long."""
    if mask.shape[0] <= size[0]:
        return mask
    return np.asarray(cv2.resize(mask, size[::-1], interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def _classes(mask: Pixels) -> list[NDArray[np.bool_]]:
    present = np.flatnonzero(np.bincount(mask.ravel()))
    return [mask == class_id for class_id in present if class_id]
