"""A cut-out in the middle of a frame of its own, and where that is in its photo."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError

Pixels = NDArray[np.uint8]

_INSIDE = 127
_LONGEST = 65_000  # pixels of a side; a JPEG has 65,500 at most
_BLUR, _FALL = 0.015, 0.012  # of a shadow, in longer sides of the garment


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture has its part of a photo; each a pair of width and height or of x and y.

    Attributes:
        photo: size of the photo.
        box: left, top, width and height of the part, in the photo.
        canvas: size of the picture.
        at: left and top of the part in the picture; it may begin outside.
        size: of the part in the picture; that of `box` unless the picture was scaled down.
    """

    photo: tuple[int, int]
    box: tuple[int, int, int, int]
    canvas: tuple[int, int]
    at: tuple[int, int]
    size: tuple[int, int]


def lay_out(
    cutout: Pixels,
    *,
    fill: float,
    aspect: float | None = None,
    background: tuple[int, int, int] = (255, 255, 255),
    most_long: int | None = None,
    shadow: float = 0.0,
    most_pixels: int | None = None,
) -> tuple[Pixels, Place]:
    """Lay a cut-out in the middle of a new frame.

    Args:
        cutout: (H, W, 4) uint8 RGBA.
        fill: share of the frame's width or height, whichever is larger, that the garment fills.
        aspect: width to height of the frame; None gives all sides equal margins.
        background: RGB.
        most_long: the picture is scaled down to this longer side; it is never scaled up.
        shadow: how much of its light the background loses at most where the garment, a little
            lower and blurred, would lie; 0 to 1.
        most_pixels: of the picture.

    Returns:
        The picture (h, w, 3) uint8 RGB and where it has the garment.

    Raises:
        MaskError: the cut-out is empty, or the picture would be too large.
    """
    garment = cv2.boundingRect((cutout[..., 3] > _INSIDE).astype(np.uint8))
    if not garment[2]:
        raise MaskError("the mask is empty, so there is nothing to lay out; correct it")
    canvas = _frame(garment[2], garment[3], fill, aspect)
    scale = min(1.0, most_long / max(canvas)) if most_long else 1.0
    left, top, width, height = cv2.boundingRect((cutout[..., 3] > 0).astype(np.uint8))
    part = cutout[top : top + height, left : left + width].astype(np.float32)
    if scale < 1:
        canvas = (max(1, round(canvas[0] * scale)), max(1, round(canvas[1] * scale)))
    _refuse_huge(canvas, most_pixels)
    if scale < 1:
        part = _smaller(part, max(1, round(width * scale)), max(1, round(height * scale)))
    # The garment's box is in the middle, whatever fringe runs out of it.
    middle = (garment[0] + garment[2] / 2 - left, garment[1] + garment[3] / 2 - top)
    at = (
        round(canvas[0] / 2 - middle[0] * scale),
        round(canvas[1] / 2 - middle[1] * scale),
    )
    size = (part.shape[1], part.shape[0])
    picture = np.full((canvas[1], canvas[0], 3), background, np.uint8)
    if shadow > 0:
        longer = max(garment[2], garment[3]) * scale
        _cast_shadow(picture, part[..., 3], at, shadow, longer)
    _lay(picture, part, at)
    photo = (cutout.shape[1], cutout.shape[0])
    return picture, Place(photo, (left, top, width, height), canvas, at, size)


def _refuse_huge(canvas: tuple[int, int], most_pixels: int | None) -> None:
    width, height = canvas
    if max(canvas) > _LONGEST or (most_pixels is not None and width * height > most_pixels):
        limit = "" if most_pixels is None else f" or {most_pixels / 1e6:.0f} Mpx"
        raise MaskError(
            f"the frame would be {width} x {height} px, over the limit of {_LONGEST} px a side"
            f"{limit}; have the garment fill more of it, or set its longer side"
        )


def _frame(width: int, height: int, fill: float, aspect: float | None) -> tuple[int, int]:
    if aspect is None:
        margin = max(width, height) * (1 / fill - 1)
        return round(width + margin), round(height + margin)
    across = max(width, height * aspect) / fill
    return max(1, round(across)), max(1, round(across / aspect))


def _smaller(part: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Scaled with colours weighed by alpha, so that clear black does not darken the edge."""
    weighed = np.dstack([part[..., :3] * part[..., 3:] / 255, part[..., 3]])
    small = cv2.resize(weighed, (width, height), interpolation=cv2.INTER_AREA)
    alpha = np.maximum(small[..., 3:], 1e-3)
    return np.asarray(np.dstack([small[..., :3] * 255 / alpha, small[..., 3]]), np.float32)


def _cast_shadow(
    picture: Pixels,
    alpha: NDArray[np.float32],
    at: tuple[int, int],
    strength: float,
    longer: float,
) -> None:
    """Darkens a picture, in place, by a shadow of the part that will be laid at `at`.

    `longer` is the garment's longer side in the picture, which the blur and the fall follow.
    """
    shade = np.dstack([np.full((*alpha.shape, 3), 255, np.float32), alpha])
    flat = np.zeros((*picture.shape[:2], 3), np.uint8)
    _lay(flat, shade, (at[0], at[1] + round(_FALL * longer)))
    cover = cv2.GaussianBlur(flat[..., 0].astype(np.float32) / 255, (0, 0), _BLUR * longer)
    picture[:] = np.clip(np.rint(picture * (1 - strength * cover[..., None])), 0, 255)


def _lay(picture: Pixels, part: NDArray[np.float32], at: tuple[int, int]) -> None:
    """Lays a part (h, w, 4) over a picture, in place; what lies outside of it is cut off."""
    height, width = picture.shape[:2]
    left, top = max(0, at[0]), max(0, at[1])
    right, bottom = min(width, at[0] + part.shape[1]), min(height, at[1] + part.shape[0])
    seen = part[top - at[1] : bottom - at[1], left - at[0] : right - at[0]]
    share = seen[..., 3:] / 255
    below = picture[top:bottom, left:right]
    mixed = share * seen[..., :3] + (1 - share) * below
    picture[top:bottom, left:right] = np.clip(np.rint(mixed), 0, 255)
