"""The wardrobe: what a garment is like, drawn from a seed: cut, colours, print and cloth."""

from colorsys import hsv_to_rgb
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hemline.studio.colours import Colour, colour
from hemline.studio.figure.geometry import floats
from hemline.studio.noise import make_noise
from hemline.studio.wardrobe.fabric import Fabric
from hemline.studio.wardrobe.prints import Pattern, make_print


class GarmentType(StrEnum):
    """Kinds of garment."""

    TOP = "top"
    DRESS = "dress"
    TROUSERS = "trousers"
    SKIRT = "skirt"
    COAT = "coat"


class Sleeve(StrEnum):
    """How a garment ends at the shoulder."""

    NONE = "none"
    STRAPS = "straps"
    CAP = "cap"
    SHORT = "short"
    LONG = "long"


@dataclass(frozen=True)
class Garment:
    """The cut of one garment; lengths in body units.

    `waist` is where a skirt or trousers begin, `hem` where the garment ends, `dip` how much lower
    the hem is behind than in front, `flare` how much wider the hem is than the hip, `ease` the
    room between cloth and body, `fold` the depth of its folds and `folds` their number round it,
    `gap` half the angle an open coat shows, `shade` how bright its wrong side is beside the right
    one, 0..1. `trim` is the colour of belt, buttons and collar.
    """

    type: GarmentType
    fabric: Fabric
    trim: Colour
    waist: float
    hem: float
    dip: float
    flare: float
    ease: float
    fold: float
    folds: int
    sleeve: Sleeve
    neck_half: float
    neck_front: float
    neck_back: float
    neck_power: float
    collar: bool
    belt: bool
    buttons: bool
    gap: float
    waistline: float
    shade: float = 0.55


_HUES: tuple[Colour, ...] = (
    (24, 24, 27), (34, 34, 38), (28, 34, 58), (40, 54, 96), (240, 238, 234), (228, 222, 210),
    (206, 192, 170), (180, 152, 116), (128, 98, 74), (86, 92, 72), (60, 84, 66), (112, 130, 104),
    (168, 42, 48), (120, 26, 40), (222, 120, 128), (240, 190, 196), (236, 160, 60), (234, 206, 90),
    (110, 180, 200), (70, 130, 190), (150, 190, 220), (90, 70, 130), (190, 170, 210),
    (130, 132, 138), (180, 182, 186), (84, 88, 96), (62, 88, 132), (98, 124, 160), (30, 130, 120),
)  # fmt: skip
_PATTERNS = (
    Pattern.PLAIN,
    Pattern.STRIPES,
    Pattern.CHECKS,
    Pattern.DOTS,
    Pattern.NOISE,
    Pattern.FLOWERS,
    Pattern.BLOCKS,
    Pattern.MESH,
)
_PATTERN_SHARES = (0.48, 0.12, 0.09, 0.06, 0.07, 0.1, 0.03, 0.05)


def sample_garment(
    rng: np.random.Generator, kind: GarmentType, pattern: Pattern | None = None
) -> Garment:
    """A garment of type `kind` drawn from `rng`."""
    fabric, trim = sample_fabric(rng, kind, pattern)
    whole = kind in (GarmentType.TOP, GarmentType.DRESS)
    sleeve = Sleeve.LONG if kind is GarmentType.COAT else Sleeve.NONE
    if whole:
        sleeve = list(Sleeve)[rng.choice(5, p=[0.32, 0.18, 0.14, 0.2, 0.16])]
    flared = rng.random() < (0.6 if kind in (GarmentType.DRESS, GarmentType.SKIRT) else 0.25)
    flare = float(rng.uniform(0.02, 0.11) if flared else rng.uniform(-0.012, 0.02))
    dip = float(rng.uniform(0.05, 0.16)) if flared and rng.random() < 0.35 else 0.0
    if kind is GarmentType.TOP:
        flare, dip = min(flare, 0.035), 0.2 * dip
    deep_back = 0.05 if rng.random() < 0.8 else 0.13
    upper = kind not in (GarmentType.SKIRT, GarmentType.TROUSERS)
    collar = upper and rng.random() < {GarmentType.COAT: 0.75, GarmentType.TOP: 0.3}.get(kind, 0.12)
    return Garment(
        type=kind,
        fabric=fabric,
        trim=trim,
        waist=float(rng.uniform(0.365, 0.42)),
        hem=_hem(rng, kind),
        dip=dip,
        flare=flare,
        ease=float(rng.uniform(0.002, 0.012)) + (0.012 if kind is GarmentType.COAT else 0.0),
        fold=float(rng.uniform(0.0022, 0.007) if flared else rng.uniform(0.0004, 0.0022)),
        folds=int(rng.integers(6, 15)),
        sleeve=sleeve,
        neck_half=float(rng.uniform(0.036, 0.066)),
        neck_front=float(rng.uniform(0.008, 0.035 if collar else 0.085)),
        neck_back=float(rng.uniform(0.004, 0.01 if collar else deep_back)),
        neck_power=float(rng.choice([1.0, 1.3, 2.0, 2.5, 6.0])),
        collar=collar,
        belt=bool(rng.random() < (0.25 if kind is not GarmentType.TOP else 0.0)),
        buttons=upper and (kind is GarmentType.COAT or rng.random() < 0.25),
        gap=float(rng.uniform(0.25, 0.6)) if rng.random() < 0.45 else 0.0,
        waistline=float(rng.uniform(0.33, 0.39)),
    )


def sample_fabric(
    rng: np.random.Generator, kind: GarmentType, pattern: Pattern | None = None
) -> tuple[Fabric, Colour]:
    """A cloth with its print, and a colour that goes with it."""
    ground, second, third = (_colour(rng) for _ in range(3))
    if pattern is None:
        pattern = _PATTERNS[rng.choice(len(_PATTERNS), p=_PATTERN_SHARES)]
    if rng.random() < 0.5:
        second = _related(ground, rng)
    satin = rng.random() < 0.14
    fabric = Fabric(
        print=make_print(rng, pattern, (ground, second, third)),
        shine=float(rng.uniform(0.2, 0.45)) if satin else float(rng.uniform(0.0, 0.06)),
        gloss=float(rng.uniform(10, 26)) if satin else 8.0,
        grain=float(rng.choice([0.01, 0.03, 0.07], p=[0.4, 0.4, 0.2])),
        weave=make_noise(rng),
        rib=float(rng.uniform(0.004, 0.01)) if rng.random() < 0.12 else 0.0,
    )
    return fabric, second if rng.random() < 0.5 else _related(ground, rng)


def _hem(rng: np.random.Generator, kind: GarmentType) -> float:
    match kind:
        case GarmentType.TOP:
            return float(rng.uniform(0.4, 0.52))
        case GarmentType.TROUSERS:
            return float(
                rng.choice([rng.uniform(0.56, 0.66), rng.uniform(0.86, 0.95)], p=[0.3, 0.7])
            )
        case GarmentType.COAT:
            return float(rng.uniform(0.5, 0.82))
        case _:
            return float(
                rng.choice([rng.uniform(0.58, 0.72), rng.uniform(0.72, 0.9)], p=[0.68, 0.32])
            )


def _colour(rng: np.random.Generator) -> Colour:
    """A cloth's colour: one of the usual ones, varied, or now and then any."""
    if rng.random() < 0.2:
        hue, saturation, value = rng.uniform(0, 1), rng.uniform(0.15, 0.85), rng.uniform(0.25, 0.95)
        return colour(255 * floats(hsv_to_rgb(hue, saturation, value)))
    base = floats(_HUES[rng.integers(len(_HUES))])
    return colour(np.clip(base * (1 + rng.normal(0, 0.08)) + rng.normal(0, 6, 3), 12, 246))


def _related(base: Colour, rng: np.random.Generator) -> Colour:
    """A colour near another, lighter or darker."""
    target = 245.0 if rng.random() < 0.5 else 20.0
    return colour(floats(base) + rng.uniform(0.35, 0.85) * (target - floats(base)))
