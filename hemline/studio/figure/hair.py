"""Hair: its colour, how long it is and how it is worn, and the pieces it is drawn as."""

from colorsys import hsv_to_rgb
from dataclasses import dataclass
from enum import StrEnum
from math import pi

import numpy as np

from hemline.studio.canvas import Part
from hemline.studio.colours import Colour, colour, scaled
from hemline.studio.figure.geometry import Curve, Floats, Tube, floats, level, smoothstep, tube
from hemline.studio.noise import make_noise
from hemline.studio.wardrobe.fabric import Fabric, Folds, Wave
from hemline.studio.wardrobe.piece import Piece
from hemline.studio.wardrobe.prints import Pattern, Print

_TONES: tuple[Colour, ...] = (
    (28, 22, 20), (52, 36, 28), (86, 58, 40), (134, 98, 62), (196, 162, 110), (120, 60, 36),
    (150, 148, 146), (164, 84, 48), (226, 204, 162), (108, 30, 34),
)  # fmt: skip
_SHARES = (0.2, 0.2, 0.15, 0.12, 0.1, 0.06, 0.04, 0.05, 0.05, 0.03)
_CAP = 0.1  # How far hair that is tied up reaches down, body units.


class HairStyle(StrEnum):
    """How hair is worn."""

    LOOSE = "loose"
    PONYTAIL = "ponytail"
    BUN = "bun"


@dataclass(frozen=True)
class Hair:
    """A head of hair.

    `length` is how far it reaches down, body units from the top of the head; `volume` a factor on
    its girth, `taper` what is left of its width at the ends, `uneven` by how much the ends differ.
    """

    style: HairStyle
    fabric: Fabric
    strands: Folds
    length: float
    volume: float
    taper: float
    uneven: float


def sample_hair(rng: np.random.Generator) -> Hair:
    """Hair drawn from `rng`: from cropped to over the whole back, straight to curled."""
    style = list(HairStyle)[rng.choice(3, p=[0.74, 0.16, 0.1])]
    if style is HairStyle.LOOSE:
        length = float(rng.choice([0.09, 0.16, 0.23, 0.3, 0.38, 0.46],
                                  p=[0.22, 0.18, 0.18, 0.2, 0.15, 0.07]))  # fmt: skip
    else:
        length = float(rng.uniform(0.18, 0.38))
    noise = make_noise(rng)
    curl = float(rng.choice([0.0, 0.0014, 0.0045], p=[0.45, 0.35, 0.2]))
    waves = (
        Wave(37, 0.3, 9.0, 0.0012, -0.1, 0.0), Wave(13, 1.3, 3.0, 0.0016, -0.1, 0.0),
        Wave(3, float(rng.uniform(0, 6)), float(rng.uniform(60, 150)), curl, 0.02, 0.16),
    )  # fmt: skip
    return Hair(
        style=style,
        fabric=_fabric(rng),
        strands=Folds(waves, noise, 0.0, 1.0),
        length=length + float(rng.uniform(-0.01, 0.02)),
        volume=float(rng.uniform(0.88, 1.35)),
        taper=float(rng.uniform(0.45, 1.1)),
        uneven=float(rng.uniform(0.0, 0.03)),
    )


def hair_around_head(hair: Hair, across: float) -> Piece:
    """The hair round the face and over the back of the head; `across` is where the head is."""
    shape = _shape(hair, across)
    return Piece(
        shape,
        level(shape.top),
        _fringe(hair, shape),
        hair.fabric,
        hair.strands,
        0.003,
        part=Part.HAIR,
    )


def hair_behind_head(hair: Hair, across: float) -> Piece:
    """What is seen of the hair behind the face and the neck: the same shape, in the shade."""
    shape = _shape(hair, across)
    return Piece(
        shape,
        level(shape.top),
        level(shape.bottom),
        hair.fabric.darker(0.6),
        hair.strands,
        part=Part.HAIR,
    )


def tied_hair(hair: Hair, across: float) -> Piece | None:
    """The ponytail or the bun at the back of the head; None where the hair is loose."""
    if hair.style is HairStyle.LOOSE:
        return None
    v = hair.volume
    if hair.style is HairStyle.BUN:
        rows = [(-0.03, 0.004, 0.004), (-0.024, 0.017 * v, 0.016 * v), (-0.006, 0.026 * v, 0.024),
                (0.012, 0.02 * v, 0.02), (0.022, 0.005, 0.005)]  # fmt: skip
        depth = -0.03
    else:
        end = hair.length
        rows = [(0.03, 0.006, 0.006), (0.042, 0.014, 0.014), (0.09, 0.022 * v, 0.02),
                (0.5 * (0.09 + end), 0.03 * v, 0.022), (end, 0.012 * hair.taper, 0.01)]  # fmt: skip
        depth = -0.062
    shape = tube([(y, across, depth, a, b) for y, a, b in rows])
    return Piece(
        shape,
        level(shape.top),
        level(shape.bottom),
        hair.fabric,
        hair.strands,
        0.003,
        part=Part.HAIR,
    )


def _fabric(rng: np.random.Generator) -> Fabric:
    tone = floats(_TONES[rng.choice(len(_TONES), p=_SHARES)]) * (1 + rng.normal(0, 0.08))
    if rng.random() < 0.06:  # dyed
        tone = 255 * floats(hsv_to_rgb(rng.uniform(0, 1), rng.uniform(0.3, 0.8), 0.7))
    base = colour(np.clip(tone, 10, 245))
    strands = (
        base,
        scaled(base, float(rng.uniform(0.7, 0.95))),
        colour(np.clip(floats(base) * rng.uniform(1.05, 1.35), 10, 250)),
    )
    print_ = Print(
        Pattern.STRIPES,
        strands,
        float(rng.uniform(0.003, 0.009)),
        pi / 2 + float(rng.normal(0, 0.04)),
        float(rng.uniform(0.3, 0.6)),
        make_noise(rng),
    )
    shine = float(rng.uniform(0.03, 0.2))
    return Fabric(print_, shine, float(rng.uniform(9, 18)), 0.12, make_noise(rng))


def _shape(hair: Hair, across: float) -> Tube:
    v = hair.volume
    bottom = hair.length if hair.style is HairStyle.LOOSE else _CAP
    rows = [(-0.012, 0.0, 0.008, 0.01), (0.0, 0.0, 0.03, 0.036),
            (0.03, 0.0, 0.047 * v, 0.056), (0.08, -0.002, 0.05 * v, 0.056)]  # fmt: skip
    points = [(y, across, z - 0.002, a, b) for y, z, a, b in rows]
    if bottom > 0.12:
        middle = 0.08 + 0.55 * (bottom - 0.08)
        points.append((middle, across, -0.008, 0.058 * v, 0.052))
        points.append((bottom, across, -0.012, 0.06 * v * hair.taper, 0.05))
    elif bottom > 0.08:
        points.append((bottom, across, -0.002, 0.05 * v, 0.055))
    return tube(points)


def _fringe(hair: Hair, shape: Tube) -> Curve:
    """The lower edge: high over the face, at the ends behind."""
    loose = hair.style is HairStyle.LOOSE

    def edge(phi: Floats) -> Floats:
        away = np.abs(np.mod(phi + pi, 2 * pi) - pi)
        ends = shape.bottom - (hair.uneven * (1 + np.sin(9 * phi)) / 2 if loose else 0.0)
        return (0.026 + (ends - 0.026) * smoothstep(away, 0.75, 1.25)).astype(np.float32)

    return edge
