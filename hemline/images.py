"""Photos: from the bytes of a file to an upright RGB array."""

import io
import re
import struct
from collections.abc import Callable
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageChops, features

from hemline.colour import to_srgb
from hemline.errors import ImageError

# Pillow's own guard warns at 89 Mpx and refuses at twice that, whatever our setting says. Every
# photo passes through `decode_image`, which has the size from the header before it decodes.
Image.MAX_IMAGE_PIXELS = None

_FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"]
if features.check("avif"):
    _FORMATS.append("AVIF")
try:
    from pillow_heif import register_heif_opener
except ImportError:  # an extra: its wheels hold x265, which is under the GPL
    _open_heic = False
else:
    register_heif_opener(thumbnails=False)
    _open_heic = True

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_ITS_SIDE = (5, 6, 7, 8)
_MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")
_MOST_BYTES_A_PIXEL = 12  # times HEMLINE_MAX_PIXELS is what decoding a photo may take
_BYTES_A_PIXEL = {"WEBP": 16, "AVIF": 16, "HEIF": 16}
_BITS_PER_SAMPLE = 258  # a tag of TIFF
_AVIF_BRANDS = re.compile(rb"avi[fs]")  # a file may also have brands that both share
_HEIC_BRANDS = re.compile(rb"hei[cxms]|hev[cxms]|mif1|msf1")
_BAND_PIXELS = 1 << 20  # that are converted at a time
_SHORT = 3  # the type of a 16-bit number in EXIF


def decode_image(data: bytes, *, name: str, max_pixels: int) -> NDArray[np.uint8]:
    """Decode a photo the way a browser shows it: upright, in colour, on white.

    It is turned as browsers turn it, for Label Studio's editor measures what is shown (see
    `orientation_of`). Greyscale becomes three equal channels, 16 bits a channel are scaled to 8,
    transparent parts are laid on white, CMYK is converted (Adobe's inverted kind and the plain
    one), of an animation the first frame is taken.

    Args:
        data: the whole file.
        name: what to call the photo in errors.
        max_pixels: largest width times height that is decoded, the HEMLINE_MAX_PIXELS setting.

    Returns:
        (H, W, 3) uint8 RGB, C-contiguous and writable.

    Raises:
        ImageError: the file is empty, truncated, no image of a known format, over `max_pixels`
            or what decoding that many takes (found before anything is decoded), or has pixels that
            8 bits cannot stand for.
    """
    return _decode(data, name, max_pixels, lambda height, width: (height, width))[0]


def decode_small(
    data: bytes,
    *,
    name: str,
    max_pixels: int,
    least: Callable[[int, int], tuple[int, int]],
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """A photo for whoever needs no more than some pixels of it: a JPEG is decoded at a half, a
    quarter or an eighth of its size, which takes a fraction of the time and memory. Else as
    `decode_image`.

    Args:
        least: from the photo's height and width to those that are needed: each is reached.

    Returns:
        (h, w, 3) as `decode_image`, and the photo's own height and width.

    Raises:
        ImageError: as `decode_image`.
    """
    return _decode(data, name, max_pixels, least)


def _decode(
    data: bytes, name: str, max_pixels: int, least: Callable[[int, int], tuple[int, int]]
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    if not data:
        raise ImageError(f"image {name!r} is an empty file; upload it again")
    image = _open(data, name)
    _check_size(image, name, max_pixels)
    _check_mode(image.mode, name)
    try:
        orientation = orientation_of(image)
        inverted = _is_inverted(image)
        size = _shown_size(image, orientation)
        needed = least(*size)
        if image.format in ("JPEG", "MPO") and needed != size:
            image.draft(image.mode, needed if orientation in _ON_ITS_SIDE else needed[::-1])
        image.load()
        image = turn_upright(image, orientation)
        return _to_rgb(image, inverted=inverted), size
    except Exception as error:  # Pillow's decoders raise nearly anything on broken files.
        raise ImageError(
            f"image {name!r} is truncated or broken ({error}); upload a whole copy of it"
        ) from error


def decode_alpha(data: bytes, *, name: str, max_pixels: int) -> NDArray[np.uint8] | None:
    """How opaque each pixel is, upright: (H, W) uint8, 0 clear to 255; None without alpha.

    Raises:
        ImageError: as `decode_image`.
    """
    if not data:
        raise ImageError(f"image {name!r} is an empty file; upload it again")
    image = _open(data, name)
    _check_size(image, name, max_pixels)
    try:
        orientation = orientation_of(image)
        image.load()
        if not image.has_transparency_data:
            return None
        return np.array(turn_upright(image, orientation).convert("RGBA").getchannel("A"))
    except Exception as error:  # as above
        raise ImageError(
            f"image {name!r} is truncated or broken ({error}); upload a whole copy of it"
        ) from error


def image_size(data: bytes, *, name: str, max_pixels: int) -> tuple[int, int]:
    """Height and width of a photo as it is shown, from its header. Raises ImageError."""
    if not data:
        raise ImageError(f"image {name!r} is an empty file; upload it again")
    image = _open(data, name)
    _check_size(image, name, max_pixels)
    return _shown_size(image, orientation_of(image))


def orientation_of(image: Image.Image) -> int:
    """How browsers turn a picture, as an EXIF orientation from 1 (as stored) to 8.

    JPEG: EXIF. PNG: an eXIf chunk before the pixels. AVIF: its own `irot` and `imir`, which Pillow
    hands over as EXIF; the EXIF in the file does not count. WebP, GIF and BMP: as stored, whatever
    their EXIF says. XMP never counts. No browser shows a TIFF, and Pillow turns it while it loads,
    as photo viewers do: 1. HEIC is turned by its decoder: 1.

    Args:
        image: as `Image.open` gives it, not loaded yet: loading a PNG adds chunks that follow the
            pixels, which browsers pass over.
    """
    if image.format not in ("JPEG", "MPO", "PNG", "AVIF"):
        return 1
    return _exif_orientation(image.info.get("exif", b"").removeprefix(b"Exif\0\0"))


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """The pixels as they are shown, `orientation` being what `orientation_of` says of the file."""
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def content_digest(data: bytes) -> str:
    """sha256 of the bytes, 64 lower-case hex digits."""
    return sha256(data).hexdigest()


def _open(data: bytes, name: str) -> Image.Image:
    """Read the header only."""
    brands = data[8:64] if data[4:8] == b"ftyp" else b""
    is_heic = bool(_HEIC_BRANDS.search(brands)) and not _AVIF_BRANDS.search(brands)
    if is_heic and not _open_heic:
        raise ImageError(
            f"image {name!r} is a HEIC photo; `pip install pillow-heif` to read them, or save it "
            "as JPEG"
        )
    try:
        return Image.open(io.BytesIO(data), formats=["HEIF"] if is_heic else _FORMATS)
    except Exception as error:  # As above: what a broken header raises depends on its format.
        raise ImageError(
            f"image {name!r} ({len(data)} bytes) is not a photo that Hemline can read; save it as "
            f"one of {', '.join(_FORMATS)}, HEIC (raw camera files, JPEG XL, JPEG 2000, PSD, SVG "
            "and PDF are not read)"
        ) from error


def _shown_size(image: Image.Image, orientation: int) -> tuple[int, int]:
    """Height and width."""
    width, height = image.size  # Pillow has turned that of a TIFF
    return (width, height) if orientation in _ON_ITS_SIDE else (height, width)


def _check_size(image: Image.Image, name: str, max_pixels: int) -> None:
    """Refuse a photo by its header: too many pixels, or too many bytes to decode them."""
    width, height = image.size
    said = f"image {name!r} is {width} x {height} px"
    if width * height > max_pixels:
        raise ImageError(
            f"{said}, over the limit of {max_pixels / 1e6:.4g} Mpx; "
            "raise HEMLINE_MAX_PIXELS or resize it"
        )
    needed = width * height * _bytes_a_pixel(image)
    if needed > max_pixels * _MOST_BYTES_A_PIXEL:
        raise ImageError(
            f"{said} of {image.format}, which takes {needed / 1e9:.3g} GB to decode, over the "
            f"limit of {max_pixels * _MOST_BYTES_A_PIXEL / 1e9:.3g} GB; raise HEMLINE_MAX_PIXELS, "
            "resize it, or save it as JPEG"
        )


def _bytes_a_pixel(image: Image.Image) -> int:
    """What decoding takes at its peak, as measured; a TIFF may be a single strip, held as it is."""
    if image.format == "TIFF":
        bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (8,))
        return 8 + int(sum(bits)) // 8
    return _BYTES_A_PIXEL.get(image.format or "", _MOST_BYTES_A_PIXEL)


def _exif_orientation(exif: bytes) -> int:
    """The orientation in a block of EXIF, 1 where there is none that browsers read.

    Read here and not by Pillow, which also takes numbers of other types than one SHORT, where
    Chromium takes 1: a mask of a photo that was turned here and not there would not fit it.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, number, value = struct.unpack_from(f"{order}HHIH", exif, entry)
            if tag == ExifTags.Base.Orientation and kind == _SHORT and number == 1:
                return value if value in _UPRIGHT else 1
    except struct.error:  # EXIF is written by anyone and anyhow; the photo is good without it.
        pass
    return 1


def _check_mode(mode: str, name: str) -> None:
    if mode in ("I", "F"):
        raise ImageError(
            f"image {name!r} has 32 bits a channel (mode {mode}); save it with 8 or 16"
        )
    if mode not in _MODES and not mode.startswith("I;16"):
        raise ImageError(f"image {name!r} has pixels of mode {mode}; save it as grey, RGB or CMYK")


def _is_inverted(image: Image.Image) -> bool:
    """Pillow takes every CMYK JPEG for an inverted one, which only Adobe's marker says."""
    return image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info


def _to_rgb(image: Image.Image, *, inverted: bool) -> NDArray[np.uint8]:
    """Any of `_MODES` to sRGB on white, a band of rows after the other: each step makes a copy."""
    profile = image.info.get("icc_profile")
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        band = image.crop((0, top, image.width, bottom))
        if inverted:
            band = ImageChops.invert(band)
        pixels[top:bottom] = np.asarray(_flat(band, profile))
    return pixels


def _flat(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours in sRGB, and what is transparent laid on white."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray(_scale_16_bit(np.asarray(image)))
    if image.mode == "CMYK":
        return to_srgb(image, profile)
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    if not image.has_transparency_data:
        return to_srgb(image.convert(mode), profile)
    on_top = image.convert("RGBA")
    opaque = to_srgb(on_top.convert("RGB").convert(mode), profile)
    return Image.composite(opaque, Image.new("RGB", image.size, "white"), on_top.getchannel("A"))


def _scale_16_bit(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """0..65535 to 0..255, rounded: 65535 is 255 times 257."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
