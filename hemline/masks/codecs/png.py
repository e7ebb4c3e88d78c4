"""Class-id masks as PNG files: how masks are kept as artifacts."""

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from hemline.errors import MaskError
from hemline.masks.codecs.brush import check_mask_size

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BITS, _GREY = 8, 0


def encode_class_mask(mask: NDArray[np.uint8]) -> bytes:
    """Write a mask as an 8-bit greyscale PNG; equal masks give equal bytes, in every version of
    Hemline: a label that is read again is told from a changed one by their digest.

    Args:
        mask: (H, W) uint8 class ids.

    Raises:
        MaskError: the mask is not (H, W) uint8, or is empty.
    """
    _check(mask)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(mask)).save(file, "PNG", compress_level=4)
    return file.getvalue()


def encode_predicted_mask(mask: NDArray[np.uint8]) -> bytes:
    """The same in a third of the time and no more bytes, for a mask that is one of thousands: runs
    of equal pixels are all there is to find in it.

    Raises:
        MaskError: as `encode_class_mask`.
    """
    _check(mask)
    height, width = mask.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each begins with its filter: none
    rows[:, 1:] = mask
    packer = zlib.compressobj(1, strategy=zlib.Z_RLE)
    packed = packer.compress(rows.data) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, _BITS, _GREY, 0, 0, 0)
    return _SIGNATURE + b"".join(
        _chunk(name, data) for name, data in ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    )


def _check(mask: NDArray[np.uint8]) -> None:
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise MaskError(f"mask is {mask.shape} {mask.dtype}; class ids are (height, width) uint8")
    check_mask_size(*mask.shape)


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(name))
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


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
