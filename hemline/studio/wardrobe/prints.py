"""Prints of a fabric: colour over its surface, plain, striped, checked, dotted, mottled or mesh."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hemline.studio.colours import Colour
from hemline.studio.figure.geometry import Floats, floats, smoothstep
from hemline.studio.noise import Noise, make_noise


class Pattern(StrEnum):
    """Kinds of print."""

    PLAIN = "plain"
    STRIPES = "stripes"
    CHECKS = "checks"
    DOTS = "dots"
    NOISE = "noise"
    FLOWERS = "flowers"
    BLOCKS = "blocks"
    MESH = "mesh"


@dataclass(frozen=True)
class Print:
    """A pattern in up to three colours (RGB 0..255).

    `size` is the length of one repeat in body units, `slant` the turn of the pattern in radians,
    `share` how much of the surface the second colour takes.
    """

    pattern: Pattern
    colours: tuple[Colour, Colour, Colour]
    size: float
    slant: float
    share: float
    noise: Noise

    def at(self, u: Floats, v: Floats, pixel: float) -> Floats:
        """Colours `(h, w, 3)` at surface points in body units; `pixel` is a pixel's length."""
        ground, second, third = (floats(colour) for colour in self.colours)
        if self.pattern is Pattern.PLAIN:
            return np.broadcast_to(ground, (*u.shape, 3)).astype(np.float32)
        soft = min(pixel / self.size, 0.5)
        x = (u * np.cos(self.slant) + v * np.sin(self.slant)) / self.size
        y = (v * np.cos(self.slant) - u * np.sin(self.slant)) / self.size
        weight, other = self._weights(x.astype(np.float32), y.astype(np.float32), soft)
        colours = ground + weight[..., None] * (second - ground)
        if other is not None:
            colours = colours + other[..., None] * (third - colours)
        return colours.astype(np.float32)

    def holes(self, u: Floats, v: Floats, pixel: float) -> Floats | None:
        """How open a mesh is at surface points, `(h, w)` 0..1; None if the fabric is not one."""
        if self.pattern is not Pattern.MESH:
            return None
        soft = min(2 * pixel / self.size, 0.5)
        x, y = u / self.size, v / self.size
        net = np.abs(np.sin(np.pi * (x + y))) * np.abs(np.sin(np.pi * (x - y)))
        motif = smoothstep(self.noise.octaves(x * 0.16, y * 0.16, 2), 0.2, 0.5)
        return (smoothstep(net, 0.25, 0.25 + 0.5 * soft + 0.1) * (1 - motif) * 0.75).astype(
            np.float32
        )

    def _weights(self, x: Floats, y: Floats, soft: float) -> tuple[Floats, Floats | None]:
        match self.pattern:
            case Pattern.STRIPES:
                return _band(y, self.share, soft), _band(y * 0.5 + 0.31, self.share * 0.3, soft)
            case Pattern.CHECKS:
                across, down = _band(x, self.share, soft), _band(y, self.share, soft)
                thin = _band(x + 0.5, 0.07, soft) + _band(y + 0.5, 0.07, soft)
                return (across + down) / 2, np.clip(thin, 0, 1) * 0.7
            case Pattern.DOTS:
                row = np.floor(y)
                away = np.hypot(
                    x + 0.5 * (row % 2) - np.floor(x + 0.5 * (row % 2)) - 0.5, y - row - 0.5
                )
                radius = 0.18 + 0.2 * self.share
                return 1 - smoothstep(away, radius - soft, radius + soft), None
            case Pattern.FLOWERS:
                field = self.noise.at(x * 1.3, y * 1.3)
                leaf = self.noise.at(x * 1.9 + 20, y * 1.2 + 9)
                edge = 1.1 - self.share
                return (
                    smoothstep(leaf, edge, edge + 0.1 + soft),
                    smoothstep(field, edge, edge + 0.1 + soft),
                )
            case Pattern.BLOCKS:
                return smoothstep(y * 0.12, 0.5 * self.share, 0.5 * self.share + 0.02), None
            case _:
                field = self.noise.octaves(x, y, 3)
                edge = 0.6 - self.share
                return smoothstep(field, edge, edge + 0.25 + soft), None


def make_print(
    rng: np.random.Generator, pattern: Pattern, colours: tuple[Colour, Colour, Colour]
) -> Print:
    """A print of the given kind and colours whose other properties are drawn from `rng`."""
    low, high = {
        Pattern.STRIPES: (0.008, 0.07),
        Pattern.CHECKS: (0.012, 0.06),
        Pattern.DOTS: (0.01, 0.035),
        Pattern.NOISE: (0.008, 0.05),
        Pattern.FLOWERS: (0.015, 0.06),
        Pattern.MESH: (0.006, 0.013),
    }.get(pattern, (0.05, 0.1))
    size = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    slant = 0.0
    if pattern is Pattern.STRIPES and rng.random() < 0.4:
        slant = float(rng.choice([np.pi / 2, np.pi / 4, -np.pi / 4], p=[0.7, 0.15, 0.15]))
    elif pattern is Pattern.CHECKS and rng.random() < 0.15:
        slant = float(np.pi / 4)
    share = float(rng.uniform(0.2, 0.6))
    return Print(pattern, colours, size, slant, share, make_noise(rng))


def _band(position: Floats, share: float, soft: float) -> Floats:
    """1 in stripes that take `share` of each unit, with edges `soft` wide."""
    away = np.abs(position - np.round(position))
    return (1 - smoothstep(away, share / 2 - soft / 2, share / 2 + soft / 2)).astype(np.float32)
