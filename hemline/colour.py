"""Colour: from the space that a file names to sRGB, and the tag that says sRGB.

The network, the pages and the cut-outs know one space. What a profile does not say, or says in a
way that cannot be read, is taken as sRGB, as browsers take it.
"""

import io
import itertools
import struct
import zlib
from functools import cache, lru_cache

import numpy as np
from PIL import Image, ImageCms

# Colours that sRGB cannot show are clipped, all others stay what they are: which is what browsers
# show of matrix profiles. Black point compensation keeps the folds of a black coat in CMYK.
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}
_LARGEST_PROFILE = 8 << 20  # bytes; those of presses have 3 MB
_SAME = 1  # levels by which a profile may move colours and still be sRGB in all but name
_DATE = slice(24, 36)  # of an ICC header: when it was made, which is not part of what it says


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in sRGB: relative colorimetric, with black point compensation.

    Args:
        image: of mode L, RGB or CMYK, without transparency.
        profile: the file's ICC profile. One that is broken, or for another kind of colours than the
            picture's, does not count; grey with a profile for RGB is three equal channels.

    Returns:
        The picture in mode RGB.
    """
    for mode in ("L", "RGB") if image.mode == "L" else (image.mode,):
        transform = _transform(profile, mode) if profile else None
        if transform is not None:
            return transform.apply(image.convert(mode))
    return image.convert("RGB")


@cache
def srgb_profile() -> bytes:
    """An ICC profile of sRGB, to tag pictures with: the same bytes each time."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[_DATE] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    return bytes(made)


def tag_png(png: bytes) -> bytes:
    """A PNG that says that its colours are sRGB.

    Args:
        png: a whole PNG of RGB or RGBA, as OpenCV writes it, without a colour chunk of its own.
    """
    content = b"iCCPsRGB\0\0" + zlib.compress(srgb_profile(), 9)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    after_header = 8 + 25  # the signature and the IHDR chunk
    return png[:after_header] + chunk + png[after_header:]


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """What takes pictures of that mode to sRGB; None where the profile asks for nothing."""
    if len(profile) > _LARGEST_PROFILE:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space != _SPACES[mode]:
            return None
        target = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, target, mode, "RGB", _INTENT, _FLAGS)
        return None if mode != "CMYK" and _is_identity(transform, mode) else transform
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # browsers pass over it too


def _is_identity(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether it leaves a grid of colours (every grey, for L) where they are."""
    channel = range(256) if mode == "L" else range(0, 256, 15)
    grid = np.array([*itertools.product(channel, repeat=len(mode))], np.uint8)
    probe = Image.fromarray(grid if mode == "L" else grid[None])
    moved = np.asarray(transform.apply(probe), np.int16) - np.asarray(probe.convert("RGB"))
    return int(np.abs(moved).max()) <= _SAME
