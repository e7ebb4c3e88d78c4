"""Class-id masks as PNG files: how masks are kept as artifacts."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from hemline.errors import MaskError
from hemline.masks.codecs.brush import check_mask_size


def encode_class_mask(mask: NDArray[np.uint8]) -> bytes:
    """Write a mask as an 8-bit greyscale PNG; equal masks give equal bytes.

    Args:
        mask: (H, W) uint8 class ids.

    Raises:
        MaskError: the mask is not (H, W) uint8, or is empty.
    """
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise MaskError(f"mask is {mask.shape} {mask.dtype}; class ids are (height, width) uint8")
    check_mask_size(*mask.shape)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(mask)).save(file, "PNG", compress_level=4)
    return file.getvalue()


def decode_class_mask(data: bytes) -> NDArray[np.uint8]:
    """Read a mask from an 8-bit greyscale or palette PNG, whose indices are the class ids.

    Returns:
        (H, W) uint8 class ids, writable.

    Raises:
        MaskError: the data is no PNG, is broken, over 2**28 pixels, or has other pixels.
    """
    image = open_png(data)
    if image.mode not in ("L", "P"):
        raise MaskError(
            f"mask PNG has pixels of mode {image.mode}; save it as 8-bit greyscale or palette"
        )
    return np.array(load_png(image))


def open_png(data: bytes) -> PngImageFile:
    """Read a PNG's header, and refuse a size that no mask has before any pixel is decoded."""
    try:
        # Not through Image.open, whose own limit on size would warn of masks that are allowed.
        image = PngImageFile(io.BytesIO(data))
    except Exception as error:  # What a broken header raises depends on where it is broken.
        raise MaskError(f"mask of {len(data)} bytes is not a PNG; export it again") from error
    check_mask_size(image.height, image.width)
    return image


def load_png(image: PngImageFile) -> PngImageFile:
    """Decode the pixels of what `open_png` opened."""
    try:
        image.load()
    except Exception as error:  # As above.
        raise MaskError(f"mask PNG is truncated or broken ({error}); export it again") from error
    return image
