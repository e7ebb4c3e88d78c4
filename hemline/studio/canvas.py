"""The canvas: layers laid over each other, with the garment's share of each pixel kept exactly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.studio.figure.geometry import Floats, floats

_FINE = 4  # Each pixel's coverage is counted on _FINE x _FINE points.

Painter = Callable[["LayerBox"], Floats]
"""Colours `(h, w, 3)` of the pixels in a box, 0..255."""


class Part(IntEnum):
    """What a layer is a part of; `SKIN` is a mannequin's surface too."""

    BACKDROP = 0
    GARMENT = 1
    SKIN = 2
    HAIR = 3
    SHOES = 4
    PROP = 5
    BAG = 6  # that the figure carries; one that stands about is a prop
    INSIDE = 7  # a garment's wrong side, seen below a hem that is higher in front: garment, too


@dataclass(frozen=True, slots=True)
class LayerBox:
    """Pixels `left <= x < right`, `top <= y < bottom`."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grid(self) -> tuple[Floats, Floats]:
        """Pixel centres: x `(1, w)` and y `(h, 1)`."""
        x = np.arange(self.left, self.right, dtype=np.float32)[None, :] + 0.5
        y = np.arange(self.top, self.bottom, dtype=np.float32)[:, None] + 0.5
        return x, y


@dataclass
class PhotoCanvas:
    """A photo in the making.

    `image` is `(H, W, 3)` float32 RGB 0..255; `alpha` `(H, W)` the garment's share of each pixel,
    `figure` the share of garment, body and hair, `parts` `(H, W)` uint8 the `Part` that was laid
    over at least half of the pixel last. Image and alpha are laid over by the same
    coverage, so `image = alpha * garment + (1 - alpha) * rest` holds at every pixel.
    """

    image: Floats
    alpha: Floats = field(init=False)
    figure: Floats = field(init=False)
    parts: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self.alpha = np.zeros(self.image.shape[:2], dtype=np.float32)
        self.figure = np.zeros(self.image.shape[:2], dtype=np.float32)
        self.parts = np.zeros(self.image.shape[:2], dtype=np.uint8)

    def paint(
        self,
        outlines: Sequence[Floats],
        colours: Painter | tuple[float, float, float],
        part: Part = Part.SKIN,
    ) -> None:
        """Lay one layer over what is there: the union of `outlines`, each `(N, 2)` pixels."""
        box = self.box(outlines)
        if box is None:
            return
        cover = coverage(outlines, box)
        if callable(colours):
            paint = colours(box)
        else:
            paint = np.broadcast_to(floats(colours), (*cover.shape, 3))
        here = box.slices
        below = self.image[here]
        below += cover[..., None] * (paint - below)
        alpha = self.alpha[here]
        alpha += cover * (float(part in (Part.GARMENT, Part.INSIDE)) - alpha)
        self.parts[here][cover >= 0.5] = part
        if part is not Part.PROP:
            figure = self.figure[here]
            figure += cover * (1.0 - figure)

    def shade(
        self,
        outlines: Sequence[Floats],
        shift: tuple[float, float],
        blur: float,
        strength: float,
        *,
        on_figure: bool,
    ) -> None:
        """Darken by a soft shadow of `outlines`, moved by `shift` and blurred, in pixels."""
        moved = [outline + floats(shift) for outline in outlines]
        box = self.box(moved, margin=int(3 * blur) + 1)
        if box is None:
            return
        shadow = cv2.GaussianBlur(coverage(moved, box, fine=1), (0, 0), max(blur, 0.3))
        here = box.slices
        if on_figure:
            shadow = shadow * self.figure[here]
        self.image[here] *= (1.0 - strength * shadow)[..., None]

    def box(self, outlines: Sequence[Floats], margin: int = 1) -> LayerBox | None:
        """The pixels that `outlines` can touch, or None if they lie outside the photo."""
        if not outlines:
            return None
        points = np.concatenate(list(outlines))
        height, width = self.alpha.shape
        low = np.floor(points.min(axis=0)).astype(int) - margin
        high = np.ceil(points.max(axis=0)).astype(int) + margin
        box = LayerBox(max(low[0], 0), max(low[1], 0), min(high[0], width), min(high[1], height))
        return box if box.left < box.right and box.top < box.bottom else None


def coverage(outlines: Sequence[Floats], box: LayerBox, fine: int = _FINE) -> Floats:
    """Share of each pixel in `box` inside any of `outlines`, `(h, w)` float32 0..1."""
    shape = (box.bottom - box.top, box.right - box.left)
    inside = np.zeros((shape[0] * fine, shape[1] * fine), dtype=np.uint8)
    for outline in outlines:
        points = (outline - floats([box.left, box.top])) * fine - 0.5
        fixed = np.round(points * 16).astype(np.int32)
        cv2.fillPoly(inside, [fixed], 255, lineType=cv2.LINE_8, shift=4)
    return floats(cv2.resize(inside, shape[::-1], interpolation=cv2.INTER_AREA)) / 255.0
