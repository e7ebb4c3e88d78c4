"""Strokes of Label Studio's brush and eraser that are not in a region's RLE yet, drawn into it."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError
from hemline.quoting import quoted

_MOST_POINTS = 200_000  # of all strokes of a region; a minute of drawing has some 4,000
_SHIFT = 4  # binary places of a coordinate that OpenCV draws with
_FURTHEST = 1000.0  # percent of the photo; further out nobody draws


def draw_strokes(mask: NDArray[np.bool_], strokes: Sequence[Any]) -> NDArray[np.bool_]:
    """The mask with strokes drawn over it, in their order.

    Args:
        mask: (H, W) bool, which is left as it is.
        strokes: `touches` of a region's value: each with `type` ("add", or "eraser"),
            `relativePoints` (x, y, x, y, ... in percent of width and height) and
            `relativeStrokeWidth` in percent of the width.

    Returns:
        (H, W) bool, a new array.

    Raises:
        MaskError: a stroke cannot be read, or they have over 200,000 points.
    """
    height, width = mask.shape
    drawn = mask.astype(np.uint8)
    points = 0
    for stroke in strokes:
        path = _path(stroke, height, width)
        points += len(path)
        if points > _MOST_POINTS:
            raise MaskError(f"its strokes have over {_MOST_POINTS:,} points; submit what is drawn")
        inside = 0 if str(stroke.get("type", "add")).startswith("eras") else 1
        thickness = max(1, round(_number(stroke.get("relativeStrokeWidth")) / 100 * width))
        radius = max(1, round(thickness / 2 * (1 << _SHIFT)))
        line = np.rint((path - 0.5) * (1 << _SHIFT)).astype(np.int32)
        cv2.polylines(drawn, [line], False, inside, thickness, cv2.LINE_8, _SHIFT)
        for x, y in (line[0], line[-1]):  # round ends, and strokes of a single point
            cv2.circle(drawn, (int(x), int(y)), radius, inside, cv2.FILLED, cv2.LINE_8, _SHIFT)
    return drawn.astype(np.bool_)


def _path(stroke: Any, height: int, width: int) -> NDArray[np.float64]:
    """(N, 2) x and y in pixels."""
    given = stroke.get("relativePoints") if isinstance(stroke, dict) else None
    try:
        percent = np.array(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        percent = np.empty(0)
    if percent.ndim != 1 or not percent.size or percent.size % 2 or not np.isfinite(percent).all():
        raise MaskError("one of its strokes cannot be read; undo it and draw it again")
    path: NDArray[np.float64] = np.clip(percent.reshape(-1, 2), -_FURTHEST, _FURTHEST)
    return path * (width / 100, height / 100)


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _FURTHEST:
        return float(value)
    raise MaskError(f"one of its strokes has the width {quoted(value)}; undo it and draw it again")
