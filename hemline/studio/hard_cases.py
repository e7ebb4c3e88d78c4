"""Garments that are hard to mask, made so on purpose: what models and annotators stumble over."""

from dataclasses import replace
from enum import StrEnum

import numpy as np

from hemline.studio.colours import Colour, colour
from hemline.studio.figure.geometry import floats
from hemline.studio.wardrobe.prints import Pattern, make_print
from hemline.studio.wardrobe.wardrobe import Garment, GarmentType

_HANGING = (GarmentType.DRESS, GarmentType.SKIRT, GarmentType.TOP)
_PRINTS = (Pattern.FLOWERS, Pattern.NOISE, Pattern.CHECKS, Pattern.STRIPES, Pattern.DOTS)
_PALE: Colour = (238.0, 236.0, 232.0)  # as most walls in studios


class HardCase(StrEnum):
    """What makes a garment hard: a hem that is lower behind, so that its wrong side shows below the
    front; the colour of the figure that wears it; a print of which parts look like what is around.
    """

    DIPPED_HEM = "dipped_hem"
    LIKE_FIGURE = "like_figure"
    BUSY_PRINT = "busy_print"


def type_for(case: HardCase, drawn: GarmentType) -> GarmentType:
    """The type of garment for a case where none was asked for: the drawn one if it can be."""
    if case is HardCase.BUSY_PRINT or drawn in _HANGING:
        return drawn
    return GarmentType.SKIRT if drawn is GarmentType.TROUSERS else GarmentType.DRESS


def make_hard(garment: Garment, case: HardCase, skin: Colour, rng: np.random.Generator) -> Garment:
    """The garment changed to a hard one, for a figure with a surface of the colour `skin`.

    Raises:
        ValueError: garments of its type have no hem that can be lower behind.
    """
    match case:
        case HardCase.DIPPED_HEM:
            return _dipped(garment, rng)
        case HardCase.LIKE_FIGURE:
            return _in_colour(garment, skin, rng)
        case HardCase.BUSY_PRINT:
            return _busy(garment, skin, rng)


def _dipped(garment: Garment, rng: np.random.Generator) -> Garment:
    if garment.type not in _HANGING:
        names = ", ".join(_HANGING)
        raise ValueError(f"the hem of a {garment.type} cannot be lower behind; choose from {names}")
    top = garment.type is GarmentType.TOP
    return replace(
        garment,
        hem=min(garment.hem, 0.72),
        dip=float(rng.uniform(0.03, 0.07) if top else rng.uniform(0.05, 0.15)),
        flare=float(rng.uniform(0.02, 0.04) if top else rng.uniform(0.03, 0.09)),
        fold=max(garment.fold, float(rng.uniform(0.002, 0.005))),
        shade=float(rng.uniform(0.5, 0.85)),
    )


def _in_colour(garment: Garment, skin: Colour, rng: np.random.Generator) -> Garment:
    """Plain cloth a few levels off the figure's own colour, without a belt to tell it by."""
    near = colour(floats(skin) * rng.normal(1, 0.03) + rng.normal(0, 3, 3))
    plain = make_print(rng, Pattern.PLAIN, (near, near, near))
    fabric = replace(garment.fabric, print=plain, shine=min(garment.fabric.shine, 0.05))
    return replace(garment, fabric=fabric, trim=near, belt=False)


def _busy(garment: Garment, skin: Colour, rng: np.random.Generator) -> Garment:
    """A print of strong contrast, one colour of which is nearly that of the figure or a wall."""
    around = floats(skin if rng.random() < 0.4 else _PALE)
    second = colour(around * rng.normal(1, 0.03) + rng.normal(0, 4, 3))
    dark = colour(rng.uniform(15, 120, 3))
    third = colour(rng.uniform(30, 230, 3))
    pattern = _PRINTS[rng.integers(len(_PRINTS))]
    busy = make_print(rng, pattern, (dark, second, third))
    return replace(garment, fabric=replace(garment.fabric, print=busy), trim=dark)
