"""Colours as RGB triples, 0..255."""

from hemline.studio.figure.geometry import floats

Colour = tuple[float, float, float]


def colour(values: object) -> Colour:
    """Any three numbers as a colour, clipped to what a photo can show."""
    red, green, blue = floats(values).clip(0, 255).tolist()
    return red, green, blue


def scaled(values: Colour, factor: float) -> Colour:
    """A colour made darker or lighter."""
    return colour(floats(values) * factor)
