"""Rectangles and ellipses as Label Studio has them: in percent of the photo, turned by degrees."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError
from hemline.masks.codecs.brush import check_mask_size
from hemline.quoting import quoted

_Along = NDArray[np.float64]
_BAND = 256  # rows at a time, so that a large photo needs no coordinates for all of it


def rectangle_to_mask(value: Mapping[str, Any], height: int, width: int) -> NDArray[np.bool_]:
    """Pixels whose centre lies in a rectangle.

    Args:
        value: "x" and "y" of the corner that it is turned about, "width" and "height", in percent
            of the photo's; "rotation" in degrees, clockwise, about that corner.

    Returns:
        (height, width) bool.

    Raises:
        MaskError: a number is missing, is none, or is not finite.
    """
    x, y, across, down = _percent(value, ("x", "y", "width", "height"), height, width)
    left, right = sorted((0.0, across))
    top, bottom = sorted((0.0, down))

    def inside(u: _Along, v: _Along) -> NDArray[np.bool_]:
        return (u >= left) & (u < right) & (v >= top) & (v < bottom)

    return _fill(inside, x, y, _rotation(value), height, width)


def ellipse_to_mask(value: Mapping[str, Any], height: int, width: int) -> NDArray[np.bool_]:
    """Pixels whose centre lies in an ellipse.

    Args:
        value: "x" and "y" of its centre, "radiusX" and "radiusY", in percent of the photo's width
            and height; "rotation" in degrees, clockwise, about the centre.

    Returns:
        (height, width) bool.

    Raises:
        MaskError: a number is missing, is none, or is not finite.
    """
    x, y, across, down = _percent(value, ("x", "y", "radiusX", "radiusY"), height, width)

    def inside(u: _Along, v: _Along) -> NDArray[np.bool_]:
        return (u * down) ** 2 + (v * across) ** 2 < (across * down) ** 2

    return _fill(inside, x, y, _rotation(value), height, width)


def _fill(
    inside: Callable[[_Along, _Along], NDArray[np.bool_]],
    x: float,
    y: float,
    rotation: float,
    height: int,
    width: int,
) -> NDArray[np.bool_]:
    """Asks of each pixel's centre, as seen from x, y along the shape's own turned axes."""
    check_mask_size(height, width)
    mask = np.zeros((height, width), dtype=np.bool_)
    cos, sin = math.cos(rotation), math.sin(rotation)
    columns = np.arange(width) + 0.5 - x
    for top in range(0, height, _BAND):
        band = mask[top : top + _BAND]
        rows = (np.arange(top, top + band.shape[0]) + 0.5 - y)[:, None]
        band[:] = inside(columns * cos + rows * sin, rows * cos - columns * sin)
    return mask


def _percent(
    value: Mapping[str, Any], names: tuple[str, str, str, str], height: int, width: int
) -> tuple[float, float, float, float]:
    """The numbers of these names in pixels: across, down, across, down."""
    numbers = [_number(value, name) for name in names]
    x, y, across, down = numbers
    return x * width / 100, y * height / 100, across * width / 100, down * height / 100


def _rotation(value: Mapping[str, Any]) -> float:
    """In radians; a shape that was never turned may leave it out."""
    if value.get("rotation") is None:
        return 0.0
    return math.radians(_number(value, "rotation"))


def _number(value: Mapping[str, Any], name: str) -> float:
    given = value.get(name)
    # A million times as far out as the photo is wide nobody drew anything.
    if isinstance(given, int | float) and not isinstance(given, bool) and abs(given) <= 1e8:
        return float(given)
    raise MaskError(f"its {name} {quoted(given)} is not a number; delete it and draw it again")
