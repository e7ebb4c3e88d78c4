"""A finished picture of a garment as the rules of a channel see it."""

import io
from dataclasses import dataclass
from pathlib import PurePath

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hemline.channels.ground import find_garment
from hemline.errors import ImageError, MaskError
from hemline.images import decode_alpha, decode_image

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
INSIDE = 127  # a pixel of more than half is garment, as in the cut-outs
_LOSSY = ("JPEG", "MPO", "WEBP", "AVIF", "HEIF")


@dataclass(frozen=True, slots=True)
class PixelArea:
    """Pixels from `left`, `top` on, `width` across and `height` down."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, and where its garment is.

    Attributes:
        rgb: (H, W, 3) uint8, clear pixels laid on the channel's ground.
        cover: (H, W) uint8, the garment's share of each pixel, 0 to 255.
        box: of the garment's pixels, those more than half covered. Never empty.
        laid: the file has clear pixels, so it is judged as it looks on the channel's ground.
        format: of the file, as Pillow calls it; "JPEG", "PNG", ...
        bytes: of the file.
        cut: pixels of the photo's frame, by side, that the garment touched before it was laid out
            anew; None: it is judged where it is.
    """

    rgb: Pixels
    cover: Pixels
    box: PixelArea
    laid: bool
    format: str
    bytes: int
    cut: dict[str, int] | None = None

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])

    @property
    def lossy(self) -> bool:
        """Whether the file's format changes colours where they meet."""
        return self.format in _LOSSY

    def inside(self) -> NDArray[np.bool_]:
        """(H, W): the garment."""
        return np.asarray(self.cover > INSIDE)


def read_picture(
    data: bytes,
    *,
    name: str,
    max_pixels: int,
    ground: Colour = WHITE,
    mask: NDArray[np.bool_] | None = None,
    cover: Pixels | None = None,
    cut: dict[str, int] | None = None,
) -> Picture:
    """The picture in a file's bytes.

    Its garment is what the mask says, else what the file's alpha says, else all that differs from
    the ground around it.

    Args:
        ground: what clear pixels are laid on, RGB.
        mask: (H, W) of the upright picture.
        cover: (H, W) uint8, the garment's share of each pixel where it is known; of its size.

    Raises:
        ImageError: it cannot be read, or has no garment that could be told from its ground.
        MaskError: the mask has another size, or is empty.
    """
    rgb = decode_image(data, name=name, max_pixels=max_pixels)
    alpha = decode_alpha(data, name=name, max_pixels=max_pixels)
    laid = alpha is not None and bool((alpha < 255).any())
    if laid and alpha is not None:
        rgb = _on_ground(rgb, alpha, ground)
    if mask is not None:
        if mask.shape != rgb.shape[:2]:
            raise MaskError(
                f"the mask of '{name}' is {mask.shape[1]} x {mask.shape[0]} px and the picture "
                f"{rgb.shape[1]} x {rgb.shape[0]} px; give masks of the pictures' own size"
            )
        cover = mask.astype(np.uint8) * np.uint8(255)
    elif cover is None and laid:
        cover = alpha
    if cover is None:
        cover = find_garment(rgb, name).astype(np.uint8) * np.uint8(255)
    return Picture(
        rgb=rgb,
        cover=cover,
        box=_box(cover, name),
        laid=laid,
        format=_format(data),
        bytes=len(data),
        cut=cut,
    )


def frame_contact(cover: Pixels) -> dict[str, int]:
    """Pixels of the garment on each side of the frame of `cover` (H, W)."""
    inside = cover > INSIDE
    return {
        "top": int(inside[0].sum()),
        "bottom": int(inside[-1].sum()),
        "left": int(inside[:, 0].sum()),
        "right": int(inside[:, -1].sum()),
    }


def _on_ground(on_white: Pixels, alpha: Pixels, ground: Colour) -> Pixels:
    """What was laid on white, laid on another colour."""
    if ground == WHITE:
        return on_white
    change = np.subtract(ground, WHITE).astype(np.float32)
    clear = (255 - alpha[..., None].astype(np.float32)) / 255
    return np.clip(np.rint(on_white + clear * change), 0, 255).astype(np.uint8)


def _box(cover: Pixels, name: str) -> PixelArea:
    left, top, width, height = cv2.boundingRect((cover > INSIDE).astype(np.uint8))
    if not width:
        raise ImageError(f"picture '{PurePath(name).name}' shows no garment; cut it out again")
    return PixelArea(left, top, width, height)


def _format(data: bytes) -> str:
    form = Image.open(io.BytesIO(data)).format or "unknown"
    return "JPEG" if form == "MPO" else form
