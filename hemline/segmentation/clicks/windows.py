"""The part of a photo that the click network sees: a square at a size of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.segmentation.clicks.maps import Box, Click, draw_maps
from hemline.segmentation.input.framing import MEAN_COLOUR

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

SIDE = 256  # px of the network's input
GUIDES = 5  # probability, mask, positive clicks, negative clicks, box


@dataclass(frozen=True, slots=True)
class Window:
    """A square of a photo: its top left corner and side in the photo's px, beyond it too."""

    top: int
    left: int
    side: int


def window_at(row: float, column: float, side: float, height: int, width: int) -> Window:
    """A square around a point, moved so that little of it lies beyond the photo.

    >>> window_at(10, 10, 100, 400, 300)
    Window(top=0, left=0, side=100)
    >>> window_at(200, 10, 400, 400, 300)
    Window(top=0, left=-50, side=400)
    """
    whole = max(1, round(side))
    return Window(_start(row, whole, height), _start(column, whole, width), whole)


def look(
    window: Window,
    photo: Pixels,
    probability: Plane | None,
    mask: NDArray[np.bool_],
    clicks: Sequence[Click],
    box: Box | None,
    *,
    side: int = SIDE,
) -> tuple[Pixels, Pixels]:
    """What the network sees: the photo `(3, side, side)` uint8 and the guides `(5, side, side)`
    uint8 of 0 to 255.

    Args:
        photo: (H, W, 3) uint8 RGB.
        probability: (h, w) float32 in 0..1 at any size; None: it is the mask, softened.
        mask: (H, W) bool.
    """
    height, width = mask.shape
    seen = _cut(photo, window, MEAN_COLOUR, side)
    drawn = _cut(mask.astype(np.uint8) * 255, window, 0, side)
    if probability is None:
        likely = soften(drawn)
    else:
        likely = _cut_plane(probability, window, height, width, side)
    placed = [_placed(click, window, height, width) for click in clicks]
    inside = [click for click in placed if 0 <= click.x < 1 and 0 <= click.y < 1]
    maps = draw_maps(inside, _placed_box(box, window, height, width), side, side) * 255
    guides = np.concatenate([likely[None], drawn[None], maps])
    return seen.transpose(2, 0, 1), guides


def cut_mask(mask: NDArray[np.bool_], window: Window, *, beyond: bool = False) -> NDArray[np.bool_]:
    """The window of a mask `(H, W)` at the network's size; `beyond` where there is no photo."""
    return _cut(mask.astype(np.uint8) * 255, window, 255 * beyond, SIDE) >= 128


def soften(drawn: Pixels) -> Pixels:
    """A mask of 0 and 255 as a network that is nearly sure of it would have it."""
    return (12 + cv2.GaussianBlur(drawn, (0, 0), 3.0) * (231 / 255)).astype(np.uint8)


def lay_back(plane: Plane, window: Window, height: int, width: int) -> tuple[Plane, Window]:
    """A plane `(side, side)` of the network's at the photo's size, cut to the photo, and its place.

    The returned window's `side` is the plane's larger side.
    """
    place = _place(window, height, width, len(plane))
    part = plane[place.seen]
    rows, columns = place.photo
    size = columns.stop - columns.start, rows.stop - rows.start
    large = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)
    return large, Window(rows.start, columns.start, max(large.shape))


@dataclass(frozen=True, slots=True)
class _Place:
    """Which rows and columns of the photo a window shows, and where the network sees them."""

    photo: tuple[slice, slice]
    seen: tuple[slice, slice]


def _place(window: Window, height: int, width: int, size: int) -> _Place:
    rows, seen_rows = _stretch(window.top, window.side, height, size)
    columns, seen_columns = _stretch(window.left, window.side, width, size)
    return _Place((rows, columns), (seen_rows, seen_columns))


def _stretch(start: int, side: int, length: int, size: int) -> tuple[slice, slice]:
    shown = slice(max(start, 0), min(start + side, length))
    scale = size / side
    count = min(max(1, round((shown.stop - shown.start) * scale)), size)
    begin = min(round((shown.start - start) * scale), size - count)
    return shown, slice(begin, begin + count)


def _start(centre: float, side: int, length: int) -> int:
    if side >= length:
        return (length - side) // 2
    return min(max(round(centre - side / 2), 0), length - side)


def _cut(pixels: Pixels, window: Window, fill: int | tuple[int, int, int], size: int) -> Pixels:
    """The window of an image at the network's size; `fill` where there is no photo."""
    place = _place(window, pixels.shape[0], pixels.shape[1], size)
    rows, columns = place.seen
    method = cv2.INTER_AREA if size < window.side else cv2.INTER_LINEAR
    cut = np.empty((size, size, *pixels.shape[2:]), np.uint8)
    cut[:] = fill
    cut[place.seen] = cv2.resize(
        pixels[place.photo],
        (columns.stop - columns.start, rows.stop - rows.start),
        interpolation=method,
    )
    return cut


def _cut_plane(plane: Plane, window: Window, height: int, width: int, size: int) -> Pixels:
    """The window of a plane of 0..1 that has another size than the photo, 0 to 255."""
    rows, columns = plane.shape
    scale = size / window.side
    matrix = np.array(
        [
            [scale * width / columns, 0, (0.5 * width / columns - 0.5 - window.left) * scale],
            [0, scale * height / rows, (0.5 * height / rows - 0.5 - window.top) * scale],
        ]
    )
    matrix[:, 2] += 0.5 * scale - 0.5
    cut = cv2.warpAffine(plane.astype(np.float32), matrix, (size, size), flags=cv2.INTER_LINEAR)
    return np.rint(np.clip(cut, 0, 1) * 255).astype(np.uint8)


def _placed(click: Click, window: Window, height: int, width: int) -> Click:
    return Click(
        (click.x * width - window.left) / window.side,
        (click.y * height - window.top) / window.side,
        click.positive,
    )


def _placed_box(box: Box | None, window: Window, height: int, width: int) -> Box | None:
    if box is None:
        return None
    return Box(
        (box.left * width - window.left) / window.side,
        (box.top * height - window.top) / window.side,
        (box.right * width - window.left) / window.side,
        (box.bottom * height - window.top) / window.side,
    )
