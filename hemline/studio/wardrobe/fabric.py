"""How a surface looks: folds in its shape, light on it, and what its fabric makes of that light."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from hemline.studio.colours import scaled
from hemline.studio.figure.geometry import Floats, Relief, floats, smoothstep
from hemline.studio.noise import Noise, make_noise
from hemline.studio.wardrobe.prints import Print


@dataclass(frozen=True, slots=True)
class Wave:
    """One row of folds round a tube: `count` of them, deepening from `start` to `end`."""

    count: int
    phase: float
    drift: float
    depth: float
    start: float
    end: float


@dataclass(frozen=True)
class Folds:
    """The relief of hanging cloth: rows of folds, and creases that run anyhow."""

    waves: tuple[Wave, ...]
    creases: Noise
    crease_depth: float
    crease_size: float

    def __call__(self, phi: Floats, v: Floats) -> Floats:
        total = np.zeros(np.broadcast(phi, v).shape, dtype=np.float32)
        for wave in self.waves:
            angle = wave.count * phi + wave.phase + wave.drift * v
            angle = angle + 0.9 * np.sin(2 * phi + wave.phase) + 0.5 * np.sin(5 * phi + wave.drift)
            fold = np.sin(angle) + 0.25 * np.sin(2 * angle + 1)
            total += wave.depth * smoothstep(v, wave.start, wave.end) * fold
        if self.crease_depth:
            u = phi * 0.1
            crease = self.creases.octaves(
                (u + 0.6 * v) / self.crease_size + 32, (v - 0.4 * u) / (1.6 * self.crease_size), 2
            )
            total += self.crease_depth * (1 - np.abs(crease))
        return total


@dataclass(frozen=True)
class Fabric:
    """A print and how it takes light.

    `shine` is the strength of highlights and `gloss` their exponent, `grain` the strength of the
    weave's texture 0..1, `rib` the width of knitted ribs in body units (0: none).
    """

    print: Print
    shine: float
    gloss: float
    grain: float
    weave: Noise
    rib: float = 0.0

    def darker(self, factor: float) -> "Fabric":
        """The same fabric as seen from its wrong side or in the shade."""
        ground, second, third = (scaled(part, factor) for part in self.print.colours)
        return replace(self, print=replace(self.print, colours=(ground, second, third)))


@dataclass(frozen=True, slots=True)
class Light:
    """A soft key light from `direction` (to the light, unit length; z to the camera) and a fill."""

    direction: tuple[float, float, float]
    ambient: float
    key: float
    wrap: float


def light_up(
    colours: Floats,
    psi: Floats,
    relief: Floats,
    *,
    light: Light,
    fabric: Fabric,
    scale: float,
    depth: float,
) -> Floats:
    """Colours `(h, w, 3)` as lit, for a surface that faces `psi` away from the camera.

    `relief` is its height in body units, `scale` pixels a unit, `depth` the relief's own depth,
    which darkens what lies low.
    """
    height = relief * scale
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    cosine, sine = np.cos(psi), np.sin(psi)
    length = np.sqrt(1.0 + slope_x * slope_x * cosine * cosine + slope_y * slope_y)
    x, y, z = light.direction
    facing = ((sine - slope_x * cosine) * x - slope_y * y + cosine * z) / length
    lit = light.ambient + light.key * np.clip((facing + light.wrap) / (1 + light.wrap), 0, None)
    lit *= 1 - 0.22 * smoothstep(np.abs(sine), 0.75, 1.0)
    if depth > 0:
        lit *= 1 + 0.16 * np.clip(relief / depth, -1.6, 1.0)
    result = colours * lit[..., None]
    if fabric.shine > 0:
        half = floats([x, y, z + 1.0])
        half /= np.linalg.norm(half)
        glint = (
            (sine - slope_x * cosine) * half[0] - slope_y * half[1] + cosine * half[2]
        ) / length
        result += (255 * fabric.shine * np.clip(glint, 0, 1) ** fabric.gloss)[..., None]
    return result.astype(np.float32)


def weave(fabric: Fabric, u: Floats, v: Floats, pixel: float) -> Floats:
    """Factor of brightness that thread and knit give a fabric, around 1, `(h, w)`."""
    factor = 1 + fabric.grain * (
        0.6 * fabric.weave.at(u / 0.004, v / 0.0025)
        + 0.4 * fabric.weave.octaves(u / 0.05, v / 0.09)
    )
    if fabric.rib > 0:
        seen = 1 - min(pixel / fabric.rib, 1.0)
        factor = factor + 0.12 * seen * np.cos(2 * np.pi * u / fabric.rib)
    return factor.astype(np.float32)


def smooth_fabric(rng: np.random.Generator, print_: Print, *, shine: float) -> Fabric:
    """A surface without thread or folds: skin, plastic, leather."""
    return Fabric(print_, shine, gloss=18.0, grain=0.006, weave=make_noise(rng))


def flat(phi: Floats, v: Floats) -> Floats:
    """The relief of a smooth tube."""
    return np.zeros(np.broadcast(phi, v).shape, dtype=np.float32)


def both(first: Relief, second: Relief) -> Relief:
    """Two reliefs, one on the other."""
    return lambda phi, v: first(phi, v) + second(phi, v)
