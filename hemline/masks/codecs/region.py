"""Regions of Label Studio's, of any kind that can be a mask: as pixels, and from pixels."""

import base64
import binascii
import io
from hashlib import sha256
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hemline.errors import MaskError
from hemline.masks.codecs.brush import decode_brush, encode_brush
from hemline.masks.codecs.coco import outline_length, polygons_to_mask
from hemline.masks.codecs.outlines import join_rings, mask_to_rings
from hemline.masks.codecs.percent_shapes import ellipse_to_mask, rectangle_to_mask
from hemline.masks.codecs.png import load_png, open_png
from hemline.masks.parts import RegionsPer, split_parts

# Types without "labels" are what a region becomes when its label is taken away.
REGION_TYPES = (
    "brushlabels",
    "bitmasklabels",
    "polygonlabels",
    "rectanglelabels",
    "ellipselabels",
    "brush",
    "bitmask",
    "polygon",
    "rectangle",
    "ellipse",
)

# Names of the controls that Hemline adds to label configs for clicks and boxes. Label Studio leaves
# results of theirs behind, which are no masks.
CLICK_CONTROL = "hemline_click"
BOX_CONTROL = "hemline_box"

# What masks are drawn with, the one that holds them best first: a brush's and a bitmask's pixels
# are exact, an outline is simplified.
Control = Literal["brush", "bitmask", "polygon"]
CONTROLS: tuple[Control, ...] = ("brush", "bitmask", "polygon")

# A pixel can differ from the mask that a polygon was made of only where the mask's edge is this
# near: its points are thinned out, and what is too thin for three of them is left out.
POLYGON_TOLERANCE_PX = 1.0

_BITMASK = "data:image/png;base64"
_INSIDE = 127  # Strokes are antialiased; half covered is inside.

# A polygon's outline is walked, which costs so many times what a pixel of a mask costs.
_OUTLINE_COST = 256


def region_cost(region: dict[str, Any], height: int, width: int) -> int:
    """How long `region_to_mask` takes, in pixels of a mask: about 4 ns each.

    Raises:
        MaskError: it is a polygon that cannot be read.
    """
    value = region.get("value")
    if str(region["type"]).removesuffix("labels") != "polygon" or not isinstance(value, dict):
        return height * width
    outline = _pixels(value.get("points"), height, width).ravel().tolist()
    return height * width + int(_OUTLINE_COST * outline_length(outline, height, width))


def region_to_mask(region: dict[str, Any], height: int, width: int) -> NDArray[np.bool_]:
    """Pixels of a brush, bitmask, polygon, rectangle or ellipse region.

    Returns:
        (height, width) bool.

    Raises:
        MaskError: the region's value is missing or broken, has another size, or is a shape that
            covers no pixel. A brush or bitmask may be empty: all of it was erased.
    """
    value = region.get("value")
    if not isinstance(value, dict):
        raise MaskError("it has no value; delete it and draw it again")
    kind = str(region["type"]).removesuffix("labels")
    if kind == "brush":
        return decode_brush(value.get("rle", ()), height, width) > _INSIDE
    if kind == "bitmask":
        return _bitmask_alpha(value.get("imageDataURL"), height, width) > _INSIDE
    if kind == "rectangle":
        inside = rectangle_to_mask(value, height, width)
    elif kind == "ellipse":
        inside = ellipse_to_mask(value, height, width)
    else:
        inside = _polygon(value.get("points"), height, width)
    if not inside.any():
        raise MaskError("it covers no pixel of the photo; delete it or draw it again")
    return inside


def region_values(
    mask: NDArray[np.bool_], control: Control, per: RegionsPer = RegionsPer.LABEL
) -> list[dict[str, Any]]:
    """The values, without labels, of the regions that a mask becomes: `region_to_mask` reads it
    back exactly, of polygons within POLYGON_TOLERANCE_PX.

    Args:
        mask: (H, W) bool, of one label.

    Returns:
        One value, or one for each part. Of polygons one for each island in any case, with its holes
        cut in from the outline; per part, so are the islands that are no parts.
    """
    pieces = split_parts(mask) if per is RegionsPer.PART else [mask]
    if control == "brush":
        return [{"format": "rle", "rle": encode_brush(piece)} for piece in pieces]
    if control == "bitmask":
        return [{"imageDataURL": _bitmask_url(piece)} for piece in pieces]
    to_percent = (100 / mask.shape[1], 100 / mask.shape[0])
    return [
        {"points": (ring * to_percent).tolist(), "closed": True}
        for piece in pieces
        for ring in _rings(piece, per)
    ]


def pixels_digest(mask: NDArray[np.bool_]) -> str:
    """SHA-256 of which pixels of a mask (H, W) are inside, 64 hexadecimal digits."""
    return sha256(b"%d/" % mask.shape[1] + np.packbits(mask).tobytes()).hexdigest()


def _rings(mask: NDArray[np.bool_], per: RegionsPer) -> list[NDArray[np.float64]]:
    rings = [ring for ring in mask_to_rings(mask) if _covers_pixels(ring)]
    whole = join_rings(rings) if per is RegionsPer.PART else None
    return rings if whole is None else [whole]


def _bitmask_url(mask: NDArray[np.bool_]) -> str:
    """As Label Studio keeps it: a PNG of the photo's size, black where the mask is."""
    pixels = np.zeros((*mask.shape, 2), dtype=np.uint8)
    pixels[..., 1] = np.where(mask, 255, 0)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=6)
    return f"{_BITMASK},{base64.b64encode(file.getvalue()).decode()}"


def _bitmask_alpha(url: Any, height: int, width: int) -> NDArray[np.uint8]:
    """Alpha of a bitmask: a PNG, black on transparent, in a data URL."""
    head, _, body = url.partition(",") if isinstance(url, str) else ("", "", "")
    if head != _BITMASK:
        raise MaskError("its bitmask is not a PNG data URL; delete it and draw it again")
    try:
        image = open_png(base64.b64decode(body, validate=True))
        if image.size == (width, height):
            return np.asarray(load_png(image).convert("RGBA").getchannel("A"))
    except (binascii.Error, MaskError) as error:
        raise MaskError(f"its bitmask is broken ({error}); delete it and draw it again") from error
    raise MaskError(
        f"its bitmask is {image.width} x {image.height} px but the photo is {width} x {height} "
        "px; delete it and draw it again on this photo"
    )


def _polygon(points: Any, height: int, width: int) -> NDArray[np.bool_]:
    """Inside of a polygon whose points are percent of the photo's width and height."""
    outline = _pixels(points, height, width).ravel().tolist()
    filled: NDArray[np.bool_] = polygons_to_mask([outline], height, width) != 0
    return filled


def _covers_pixels(ring: NDArray[np.float64]) -> bool:
    """Whether an outline (N, 2) in pixels has any inside; looked at where it is alone."""
    corner = np.floor(ring.min(axis=0))
    width, height = (int(side) for side in np.ceil(ring.max(axis=0)) - corner)
    return bool(polygons_to_mask([(ring - corner).ravel().tolist()], height, width).any())


def _pixels(points: Any, height: int, width: int) -> NDArray[np.float64]:
    """(N, 2) x and y in pixels, of points in percent of the photo's width and height."""
    try:
        percent = np.array(points, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise MaskError("its points are not numbers; delete it and draw it again") from error
    if percent.ndim != 2 or percent.shape[1] != 2:
        raise MaskError("its points are not pairs; delete it and draw it again")
    pixels: NDArray[np.float64] = percent * (width / 100, height / 100)
    return pixels
