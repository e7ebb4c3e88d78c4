"""Smooth noise that is the same at any image size: a seeded grid, read between its points."""

from dataclasses import dataclass

import cv2
import numpy as np

from hemline.studio.figure.geometry import Floats, floats

_SIDE = 64
_FINE = 4


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard normal values on a 64 x 64 grid that repeats in both directions.

    `grid` holds them four times as fine, smoothly filled in, so that reading it needs no more
    than linear interpolation.
    """

    grid: Floats

    def at(self, x: Floats, y: Floats) -> Floats:
        """Values at grid coordinates; one grid step is the length over which they change."""
        x, y = np.broadcast_arrays(floats(x), floats(y))
        rows = (_wrapped(x), _wrapped(y))
        values = cv2.remap(
            self.grid, *rows, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
        )
        return values.reshape(x.shape).astype(np.float32, copy=False)

    def octaves(self, x: Floats, y: Floats, count: int = 3) -> Floats:
        """Sum of `count` layers, each twice as fine and half as strong."""
        total = self.at(x, y)
        for octave in range(1, count):
            step = 2.0**octave
            total = total + self.at(x * step + 7.3 * octave, y * step + 3.1 * octave) / step
        return total


def make_noise(rng: np.random.Generator) -> Noise:
    """Noise drawn from `rng`."""
    grid = rng.standard_normal((_SIDE, _SIDE)).astype(np.float32)
    margin = 4
    wide = np.pad(grid, margin, mode="wrap")
    side = wide.shape[0] * _FINE
    fine = cv2.resize(wide, (side, side), interpolation=cv2.INTER_CUBIC)
    fine = cv2.GaussianBlur(fine, (0, 0), 0.5 * _FINE)[margin * _FINE : -margin * _FINE]
    fine = fine[:, margin * _FINE : -margin * _FINE]
    return Noise(np.ascontiguousarray(fine / fine.std()))


def _wrapped(position: Floats) -> Floats:
    # x - n floor(x / n): np.mod takes seven times as long.
    turns = np.atleast_2d(position) * np.float32(1 / _SIDE)
    return floats((turns - np.floor(turns)) * np.float32(_SIDE * _FINE))
