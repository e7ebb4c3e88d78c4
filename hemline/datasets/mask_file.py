"""Mask files of whatever kind, upright: one reader for all that takes masks as picture files."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hemline.errors import MaskError
from hemline.images import orientation_of, turn_upright
from hemline.masks.class_ids import class_ids
from hemline.masks.codecs.brush import check_mask_size
from hemline.masks.files.colours import read_palette, read_rgb, read_transparent
from hemline.masks.files.garment_is import GarmentIs
from hemline.masks.files.levels import (
    Inside,
    InvertedMaskError,
    Mask,
    above_half,
    check_surroundings,
    read_levels,
)

MASK_SUFFIXES = (
    *(".png", ".tif", ".tiff", ".bmp", ".gif", ".webp"),
    *(".jpg", ".jpeg", ".jpe", ".jfif"),
)
_FORMATS = ["PNG", "TIFF", "BMP", "GIF", "WEBP", "JPEG", "MPO"]
_LOSSY = ("JPEG", "MPO")
_OPAQUE_FROM = 128
_HIGHEST = 255


def read_mask(path: Path, garment_is: GarmentIs | None = None) -> Mask:
    """The class ids of a mask file: 0 is background, 255 what nobody labelled.

    Small grey values and palette indices are class ids, and 255 beside them is void. Black and
    white, or one colour on a neutral ground, is cut at half between the two, whatever edge was
    drawn between them, and gives 1. Where a picture has transparent parts, what is opaque is 1.
    EXIF orientation is applied, as to photos.

    Args:
        path: a PNG, TIFF, BMP, GIF, WebP or JPEG file.
        garment_is: what is garment; None finds it out.

    Returns:
        (H, W) uint8.

    Raises:
        MaskError: the file cannot be read, is a picture and no mask, or can be read in two ways;
            the sentence names the option that decides.
    """
    with _Named("mask", path):
        image = _open(path.read_bytes())
        if garment_is is not None:
            return _as_told(_Planes.of(image), garment_is).astype(np.uint8)
        return _found_out(image)


def read_garment(path: Path, garment_is: GarmentIs | None = None) -> Inside:
    """Where a mask file (H, W) has garment, in data of that one class.

    Raises:
        MaskError: as `read_mask`; or no pixel is background and not all are of one value.
    """
    mask = read_mask(path, garment_is)
    inside = mask > 0
    if garment_is is None and inside.all() and (mask != 1).any():
        values = ", ".join(str(value) for value in class_ids(mask)[:6])
        raise MaskError(
            f"mask '{path}' has the values {values} and no 0, which is background; say which part "
            "is garment with --garment-is light or --garment-is dark"
        )
    return inside


def read_cutout(path: Path, garment_is: GarmentIs | None = None) -> Inside:
    """Where a cut-out (H, W) is opaque: its alpha, halved.

    Raises:
        MaskError: the file cannot be read, has no alpha channel or nothing that is transparent, or
            is transparent where a garment would be.
    """
    with _Named("cut-out", path):
        planes = _Planes.of(_open(path.read_bytes()))
        if garment_is is not None:
            return _as_told(planes, garment_is)
        if planes.alpha is None:
            raise MaskError("it has no alpha channel; save it as RGBA PNG")
        inside = planes.alpha >= _OPAQUE_FROM
        if inside.all():
            raise MaskError(
                "it is fully opaque, so nothing is cut out; save it with a transparent "
                "background, or give --garment-is alpha if the whole photo is garment"
            )
        check_surroundings(inside, "its transparent part is enclosed by the visible part")
        return inside


def read_class_ids(data: bytes) -> Mask:
    """The class ids (H, W) uint8 that a mask file holds: grey values, or indices of a palette.

    Raises:
        MaskError: it cannot be read, is a JPEG, coloured or transparent, or has ids over 255.
    """
    image = _open(data)
    if image.format in _LOSSY:
        raise MaskError("it is a JPEG, which changes class ids; save the mask as PNG")
    bits = _bits(image)
    if image.mode == "P":
        return _palette_ids(np.asarray(image), _palette(image))
    planes = _Planes.of(image)
    opaque = planes.alpha is None or bool((planes.alpha == _HIGHEST).all())
    if not opaque or (planes.rgb != planes.rgb[..., :1]).any():
        raise MaskError(
            f"its mode is {image.mode}, which cannot hold class ids; save it as 8-bit "
            "greyscale or palette PNG"
        )
    if image.mode.startswith(("I", "F")):
        return _whole_ids(np.asarray(image))
    step = _HIGHEST // (2**bits - 1)
    return np.asarray(planes.rgb[..., 0] // step, np.uint8)


class _Named:
    """Names the file in errors, and makes whatever a decoder raises an error of the mask."""

    def __init__(self, kind: str, path: Path) -> None:
        self._name = f"{kind} '{path}'"

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InvertedMaskError):
            raise InvertedMaskError(f"{self._name}: {error}", error.inside) from error
        if isinstance(error, MaskError):
            raise MaskError(f"{self._name}: {error}") from error
        if isinstance(error, OSError):
            raise MaskError(f"{self._name} cannot be read: {error.strerror or error}") from error


def _open(data: bytes) -> Image.Image:
    """The decoded file, upright; its size is looked at before any pixel is."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Exception as error:  # what a broken header raises depends on its format
        raise MaskError(
            f"it cannot be read as a picture ({len(data)} bytes); save it as PNG"
        ) from error
    check_mask_size(image.height, image.width)
    bits, form = _bits(image), image.format
    try:
        orientation = orientation_of(image)
        image.load()
        upright = turn_upright(image, orientation)
    except Exception as error:  # as above
        raise MaskError(f"it is truncated or broken ({error}); export it again") from error
    upright.format = form
    upright.info["bits"] = bits
    return upright


def _bits(image: Image.Image) -> int:
    """Bits of a grey value as they are in the file; Pillow spreads fewer than 8 over 0 to 255."""
    if "bits" in image.info and isinstance(image.info["bits"], int):
        return image.info["bits"]
    tile = getattr(image, "tile", None)
    mode = str(tile[0].args) if tile else ""
    return {"L;2": 2, "L;4": 4, "1": 1}.get(mode, 8)


@dataclass(frozen=True, slots=True)
class _Planes:
    """A picture's colours (H, W, 3) and alpha (H, W), uint8; alpha is None without one."""

    rgb: Mask
    alpha: Mask | None
    nonzero: Inside

    @classmethod
    def of(cls, image: Image.Image) -> "_Planes":
        if image.mode == "CMYK":
            raise MaskError("it is a CMYK picture, for print; save it as black and white")
        if image.mode.startswith(("I", "F")):
            grey = _eight_bits(np.asarray(image))
            return cls(np.repeat(grey[..., None], 3, axis=2), None, np.asarray(image) > 0)
        if image.has_transparency_data:
            pixels = np.asarray(image.convert("RGBA"))
            alpha = np.ascontiguousarray(pixels[..., 3])
        else:
            pixels, alpha = np.asarray(image.convert("RGB")), None
        rgb = np.ascontiguousarray(pixels[..., :3])
        values = np.asarray(image) if image.mode == "P" else rgb.max(axis=2)
        return cls(rgb, alpha, values > 0)


def _found_out(image: Image.Image) -> Mask:
    lossless = image.format not in _LOSSY
    planes = _Planes.of(image)
    if planes.alpha is not None:
        shape = read_transparent(planes.rgb, planes.alpha)
        if shape is not None:
            return shape
    if image.mode == "P":
        return read_palette(np.asarray(image), _palette(image))
    if image.mode == "1":
        return read_levels(np.asarray(image).astype(np.uint8))
    return read_rgb(planes.rgb, lossless=lossless)


def _as_told(planes: _Planes, garment_is: GarmentIs) -> Inside:
    if garment_is is GarmentIs.NONZERO:
        return planes.nonzero
    if garment_is is GarmentIs.ALPHA:
        if planes.alpha is None:
            raise MaskError("it has no alpha channel; give another --garment-is")
        return planes.alpha >= _OPAQUE_FROM
    if garment_is is GarmentIs.COLOUR:
        return above_half(np.ptp(planes.rgb, axis=2))
    grey = np.asarray(Image.fromarray(planes.rgb).convert("L"))
    light = above_half(grey)
    return light if garment_is is GarmentIs.LIGHT else ~light


def _palette(image: Image.Image) -> Mask:
    """(256, 3) uint8 RGB."""
    listed = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    return np.vstack([listed, np.zeros((256 - len(listed), 3), np.uint8)])


def _palette_ids(indices: Mask, palette: Mask) -> Mask:
    """Indices; or the greys of a palette that a program made of class ids in grey."""
    used = np.array(class_ids(indices), dtype=np.intp)
    colours = palette[used]
    grey = palette[:, 0]
    nearly_black = (colours == colours[:, :1]).all() and len(set(grey[used])) == used.size
    listed = grey[used][grey[used] < _HIGHEST]
    if nearly_black and used.size > 1 and listed.max(initial=0) < 64 and listed.any():
        return np.asarray(grey[indices], np.uint8)
    return indices.copy()


def _whole_ids(values: NDArray[np.generic]) -> Mask:
    rounded = np.rint(values)
    if not np.array_equal(rounded, values) or rounded.min() < 0 or rounded.max() > _HIGHEST:
        raise MaskError(
            f"its values go from {values.min():g} to {values.max():g}; class ids are whole numbers "
            "from 0 to 255"
        )
    return np.asarray(rounded, np.uint8)


def _eight_bits(values: NDArray[np.generic]) -> Mask:
    """16 and 32 bits a pixel: as they are where they fit, else the highest becomes 255."""
    wide = np.asarray(values, np.float64)
    if not np.isfinite(wide).all() or wide.min() < 0:
        raise MaskError(
            "it has negative values or values that are not numbers; save it with 8 bits"
        )
    top = wide.max(initial=0)
    fraction = top <= 1 and (wide != np.rint(wide)).any()
    if top > _HIGHEST or fraction:
        wide = wide * (_HIGHEST / top)
    return np.rint(wide).astype(np.uint8)
