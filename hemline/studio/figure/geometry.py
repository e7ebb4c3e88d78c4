"""Tubes and the camera: every part of a figure is a stack of ellipses seen from one side.

Lengths are in body units: 1 is the height of the figure, y grows downwards from the top of the
head (0) to the floor (1), x to the right of the photo in the front view, z towards the camera.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Floats = NDArray[np.floating[Any]]
Curve = Callable[[Floats], Floats]
"""Height of an edge over the angle round the tube, 0 in front, radians."""
Relief = Callable[[Floats, Floats], Floats]
"""Height of the surface above its tube over angle and height, body units."""

_ROWS = 160


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the figure stands in the photo, and from which side it is seen.

    `yaw` is the turn of the figure in radians, `scale` pixels a body unit, `left` and `top` the
    pixel of the body's origin, `eye` the height the camera looks from, `bow` how strongly edges
    above and below it are bent (1 / distance, in body units).
    """

    yaw: float
    scale: float
    left: float
    top: float
    eye: float = 0.45
    bow: float = 0.3

    def project(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Points of the body, each `(N,)`, as pixels `(N, 2)`."""
        across = x * cos(self.yaw) + z * sin(self.yaw)
        depth = z * cos(self.yaw) - x * sin(self.yaw)
        return self.pixels(across, y + self.bow * (y - self.eye) * depth)

    def pixels(self, across: Floats, down: Floats) -> Floats:
        """View coordinates `(N,)` in body units as pixels `(N, 2)`."""
        return np.stack(
            [self.left + across * self.scale, self.top + down * self.scale], axis=-1
        ).astype(np.float32)

    @property
    def behind(self) -> bool:
        return cos(self.yaw) < 0


@dataclass(frozen=True, slots=True)
class Sections:
    """Ellipses of a tube as a camera sees them: centre, half-width, half-depth, turn."""

    centre: Floats
    half: Floats
    depth: Floats
    turn: Floats


@dataclass(frozen=True, slots=True)
class Tube:
    """A stack of ellipses: centre `(x, z)` and semi-axes `(a, b)` at heights `y`, each `(N,)`."""

    y: Floats
    x: Floats
    z: Floats
    a: Floats
    b: Floats

    @property
    def top(self) -> float:
        return float(self.y[0])

    @property
    def bottom(self) -> float:
        return float(self.y[-1])

    def seen(self, camera: Camera, y: Floats) -> Sections:
        """The ellipses at heights `y`; beyond its ends a tube goes on as it ended."""
        x, z = np.interp(y, self.y, self.x), np.interp(y, self.y, self.z)
        a, b = np.interp(y, self.y, self.a), np.interp(y, self.y, self.b)
        across, along = cos(camera.yaw), sin(camera.yaw)
        return Sections(
            centre=(x * across + z * along).astype(np.float32),
            half=np.hypot(a * across, b * along).astype(np.float32),
            depth=np.hypot(a * along, b * across).astype(np.float32),
            turn=np.arctan2(b * along, a * across).astype(np.float32),
        )


def tube(points: list[tuple[float, float, float, float, float]]) -> Tube:
    """A smooth tube through `(y, x, z, a, b)`, without overshoot."""
    table = np.asarray(points, dtype=np.float64)
    y = np.linspace(table[0, 0], table[-1, 0], _ROWS)
    smooth = PchipInterpolator(table[:, 0], table[:, 1:], axis=0)(y)
    return Tube(*(column.astype(np.float32) for column in (y, *smooth.T)))


def floats(values: object) -> Floats:
    """An array of float32."""
    return np.asarray(values, dtype=np.float32)


def level(height: float) -> Curve:
    """An edge at the same height all round."""
    return lambda phi: np.full_like(phi, height)


def smoothstep(value: Floats, start: float, end: float) -> Floats:
    """0 up to `start`, 1 from `end` on, smooth between."""
    part = np.clip((value - start) / (end - start), 0.0, 1.0)
    return floats(part * part * (3.0 - 2.0 * part))
