"""A cut-out in a frame: as somebody chose it, or as a channel wants it, judged by its rules."""

import io
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hemline.channels.canvas import Canvas
from hemline.channels.pack import Pack
from hemline.channels.picture import WHITE, frame_contact, read_picture
from hemline.channels.rule import Finding, Outcome
from hemline.colour import srgb_profile
from hemline.errors import MaskError
from hemline.masks.cutouts.layout import Place, lay_out
from hemline.settings import get_settings

_QUALITIES = (95, 90, 85, 80, 70)  # of a JPEG, until it is small enough


@dataclass(frozen=True, slots=True)
class Published:
    """A picture for a channel, where it is in its photo, and what the channel's rules say."""

    data: bytes
    place: Place
    findings: tuple[Finding, ...]


def publish(pack: Pack, cutout: NDArray[np.uint8], name: str) -> Published:
    """The picture of a cut-out as the channel's pack lays it out, judged by the pack's rules.

    Args:
        cutout: (H, W, 4) uint8 RGBA at the photo's size.

    Raises:
        MaskError: the cut-out is empty, or its picture would be too large.
        ImageError: the garment is lost in the picture.
    """
    data, place = _laid_out(pack.canvas, cutout)
    silhouette = np.dstack([np.zeros_like(cutout[..., :3]), cutout[..., 3]])
    plain = pack.canvas.model_copy(update={"background": WHITE, "shadow": 0.0})
    shape = lay_out(silhouette, **_options(plain))[0]
    picture = read_picture(
        data,
        name=name,
        max_pixels=get_settings().max_pixels,
        cover=255 - shape[..., 0],
        cut=frame_contact(cutout[..., 3]),
    )
    return Published(data, place, tuple(pack.judge(picture, datetime.now(UTC).date())))


def lay_out_on(canvas: Canvas, cutout: NDArray[np.uint8], name: str) -> dict[str, bytes]:
    """The files of a cut-out on a canvas: the picture and `places/NAME.json`.

    Raises:
        MaskError: the cut-out is empty, or its picture would be too large.
    """
    return _files(canvas, name, *_laid_out(canvas, cutout))


def lay_out_for(pack: Pack, cutout: NDArray[np.uint8], name: str) -> dict[str, bytes]:
    """The files of a cut-out for a channel: the picture and `places/NAME.json`.

    Raises:
        MaskError: the channel would refuse the picture; the sentence has all reasons.
        ImageError: the garment is lost in the picture.
    """
    published = publish(pack, cutout, name)
    refused = [found.says for found in published.findings if found.outcome is Outcome.FAILED]
    if refused:
        raise MaskError(f"{pack.name} refuses it: {'; '.join(refused)}")
    return _files(pack.canvas, name, published.data, published.place)


def _laid_out(canvas: Canvas, cutout: NDArray[np.uint8]) -> tuple[bytes, Place]:
    pixels, place = lay_out(cutout, **_options(canvas))
    return _encode(pixels, canvas), place


def _options(canvas: Canvas) -> dict[str, Any]:
    return {
        "fill": canvas.fill,
        "aspect": canvas.aspect[0] / canvas.aspect[1] if canvas.aspect else None,
        "background": canvas.background,
        "most_long": canvas.most_long,
        "shadow": canvas.shadow,
        "most_pixels": get_settings().max_pixels,
    }


def _files(canvas: Canvas, name: str, data: bytes, place: Place) -> dict[str, bytes]:
    suffix = "jpg" if canvas.file == "jpeg" else "png"
    return {
        f"cutouts/{name}.{suffix}": data,
        f"places/{name}.json": json.dumps(asdict(place)).encode(),
    }


def _encode(pixels: NDArray[np.uint8], canvas: Canvas) -> bytes:
    """The picture's file, tagged as sRGB."""
    image = Image.fromarray(pixels)
    profile = srgb_profile()
    file = io.BytesIO()
    if canvas.file == "png":
        image.save(file, "PNG", icc_profile=profile, compress_level=4)
        return file.getvalue()
    for quality in _QUALITIES:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, subsampling=0, icc_profile=profile)
        if canvas.most_bytes is None or file.tell() <= canvas.most_bytes:
            break
    return file.getvalue()
