"""A picture by what it is made from: its key, and how it is made."""

import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256

import cv2
import numpy as np
from PIL import Image

from backend.dashboard.pictures import paint
from hemline.colour import srgb_profile
from hemline.errors import MaskError
from hemline.images import decode_image
from hemline.labelstudio.photos.photos import PhotoSource
from hemline.masks.codecs.png import decode_class_mask
from hemline.masks.codecs.probability_map import decode_probability_map
from hemline.masks.cutouts.cutout import make_cutout, soften_edge
from hemline.masks.renumber import renumber
from hemline.store.database.artifacts import ArtifactStore

_VERSION = 4  # goes up when the same picture would be drawn otherwise
CARD_SIDE = 440
FULL_SIDE = 1600
_MARGIN = 0.04  # around a cut-out, of its longer side
_LOW_CONTRAST = (255, 235, 59)
_DISAGREEMENT = (224, 64, 251)
_COMPLICATED = (118, 255, 3)
_CHECKS = (255, 77, 77)


class PictureKind(StrEnum):
    """What is shown, and how it comes: JPEG and WebP fill their frame, the others lie over it."""

    CARD = "card"  # the photo, small, with both outlines
    PHOTO = "photo"
    CORRECTION = "correction"
    PREDICTION = "prediction"
    DIFFERENCE = "difference"
    UNCERTAINTY = "uncertainty"
    LOW_CONTRAST = "low_contrast"
    DISAGREEMENT = "disagreement"
    COMPLICATED = "complicated"
    CHECKS = "checks"
    CUTOUT = "cutout"


MIME_TYPES = {
    PictureKind.CARD: "image/jpeg",
    PictureKind.PHOTO: "image/jpeg",
    PictureKind.CORRECTION: "image/svg+xml",
    PictureKind.PREDICTION: "image/svg+xml",
    PictureKind.DIFFERENCE: "image/png",
    PictureKind.UNCERTAINTY: "image/png",
    PictureKind.LOW_CONTRAST: "image/svg+xml",
    PictureKind.DISAGREEMENT: "image/svg+xml",
    PictureKind.COMPLICATED: "image/svg+xml",
    PictureKind.CHECKS: "image/svg+xml",
    PictureKind.CUTOUT: "image/webp",
}


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """All that a picture follows from. What its kind does not need is None or empty.

    Attributes:
        image_digest: of the photo as the masks were made for it; None: not known yet.
        size: height and width of the photo, where it is known.
        correction, prediction: digests of class-id masks.
        labels, own_labels: whose ids the correction and the prediction have.
        lines: (x, y) of each line's points, in photo pixels.
    """

    kind: PictureKind
    image_url: str = ""
    ls_task_id: int = 0
    image_digest: str | None = None
    size: tuple[int, int] | None = None
    correction: str | None = None
    prediction: str | None = None
    labels: tuple[str, ...] = ()
    own_labels: tuple[str, ...] = ()
    map_digest: str | None = None
    lines: tuple[tuple[tuple[float, float], ...], ...] = ()

    @property
    def key(self) -> str:
        """sha256 in hexadecimal: equal for equal pictures."""
        return sha256(json.dumps([_VERSION, asdict(self)]).encode()).hexdigest()


class Painter:
    """Makes pictures from photos and stored masks."""

    def __init__(self, artifacts: ArtifactStore, photos: PhotoSource, max_pixels: int) -> None:
        self._artifacts = artifacts
        self._photos = photos
        self._max_pixels = max_pixels
        self._make: dict[PictureKind, Callable[[PictureSpec], bytes]] = {
            PictureKind.CARD: self._card,
            PictureKind.PHOTO: self._photo,
            PictureKind.CORRECTION: lambda spec: self._outline(
                spec.correction, paint.CORRECTION, 2
            ),
            PictureKind.PREDICTION: lambda spec: self._outline(
                spec.prediction, paint.PREDICTION, 4
            ),
            PictureKind.DIFFERENCE: self._difference,
            PictureKind.UNCERTAINTY: self._uncertainty,
            PictureKind.LOW_CONTRAST: lambda spec: _lines(spec, _LOW_CONTRAST),
            PictureKind.DISAGREEMENT: lambda spec: _lines(spec, _DISAGREEMENT),
            PictureKind.COMPLICATED: lambda spec: _lines(spec, _COMPLICATED),
            PictureKind.CHECKS: lambda spec: _lines(spec, _CHECKS),
            PictureKind.CUTOUT: self._cutout,
        }

    def draw(self, spec: PictureSpec) -> bytes:
        """The picture's file, of the kind's MIME type.

        Raises:
            HemlineError: the photo cannot be had, a mask cannot be read, or they do not fit.
        """
        return self._make[spec.kind](spec)

    def _card(self, spec: PictureSpec) -> bytes:
        photo = self._pixels(spec)
        size = paint.fitted(photo.shape, CARD_SIDE)
        canvas = np.ascontiguousarray(paint.shrink(photo, size))
        for digest, colour, width in (
            (spec.prediction, paint.PREDICTION, 3),
            (spec.correction, paint.CORRECTION, 1),
        ):
            if digest is not None:
                mask = self._mask(digest, photo.shape[:2])
                paint.draw_outlines(canvas, mask, colour, width)
        return _jpeg(canvas, 84)

    def _photo(self, spec: PictureSpec) -> bytes:
        photo = self._pixels(spec)
        return _jpeg(paint.shrink(photo, paint.fitted(photo.shape, FULL_SIDE)), 88)

    def _outline(self, digest: str | None, colour: tuple[int, int, int], width: int) -> bytes:
        return paint.outline_svg(self._mask(digest), colour, width).encode()

    def _difference(self, spec: PictureSpec) -> bytes:
        correction = self._mask(spec.correction)
        prediction = self._mask(spec.prediction, correction.shape)
        prediction = renumber(prediction, spec.own_labels, spec.labels)
        size = paint.fitted(correction.shape, FULL_SIDE)
        return _png(paint.difference(correction, prediction, size))

    def _uncertainty(self, spec: PictureSpec) -> bytes:
        if spec.map_digest is None or spec.size is None:
            raise MaskError("this prediction has no probability map")
        probabilities = decode_probability_map(self._artifacts.get(spec.map_digest))
        return _png(paint.uncertainty(probabilities, paint.fitted(spec.size, FULL_SIDE)))

    def _cutout(self, spec: PictureSpec) -> bytes:
        photo = self._pixels(spec)
        mask = self._mask(spec.correction or spec.prediction, photo.shape[:2])
        cutout = paint.cropped(make_cutout(photo, soften_edge(mask)), _MARGIN)
        size = paint.fitted(cutout.shape, FULL_SIDE)
        # Colours are averaged by how much of each pixel is seen, or the edge would turn dark.
        alpha = cutout[..., 3:].astype(np.float32) / 255
        seen = cv2.resize(cutout[..., :3] * alpha, size[::-1], interpolation=cv2.INTER_AREA)
        share = cv2.resize(alpha[..., 0], size[::-1], interpolation=cv2.INTER_AREA)[..., None]
        pixels = np.dstack([seen / np.maximum(share, 1 / 255), share * 255])
        file = io.BytesIO()
        image = Image.fromarray(np.round(pixels.clip(0, 255)).astype(np.uint8))
        image.save(
            file, "WEBP", quality=90, alpha_quality=100, method=2, icc_profile=srgb_profile()
        )
        return file.getvalue()

    def _pixels(self, spec: PictureSpec) -> paint.Pixels:
        photo = self._photos.fetch(spec.image_url, task_id=spec.ls_task_id)
        return decode_image(photo.data, name=photo.name, max_pixels=self._max_pixels)

    def _mask(self, digest: str | None, size: tuple[int, ...] | None = None) -> paint.Pixels:
        if digest is None:
            raise MaskError("there is no mask to show")
        mask = decode_class_mask(self._artifacts.get(digest))
        if size is not None and mask.shape != size:
            raise MaskError(
                f"the mask is {mask.shape[1]} x {mask.shape[0]} px, its photo {size[1]} x "
                f"{size[0]} px; was the photo replaced?"
            )
        return mask


def _lines(spec: PictureSpec, colour: tuple[int, int, int]) -> bytes:
    if spec.size is None:
        raise MaskError("the size of the photo is not known yet")
    lines = [np.asarray(line, dtype=np.float64).reshape(-1, 2) for line in spec.lines]
    return paint.lines_svg(lines, *spec.size, colour, 4).encode()


def _jpeg(pixels: paint.Pixels, quality: int) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), options)[1].tobytes()


def _png(pixels: paint.Pixels) -> bytes:
    options = [cv2.IMWRITE_PNG_COMPRESSION, 4]
    return cv2.imencode(".png", np.ascontiguousarray(pixels[..., [2, 1, 0, 3]]), options)[
        1
    ].tobytes()
