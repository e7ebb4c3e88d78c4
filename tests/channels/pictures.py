"""Pictures drawn for the checks: a garment of known place and colour on a plain ground."""

import io
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


@dataclass
class Drawn:
    """A striped rectangle, the garment, on a ground: `place` is left, top, width and height."""

    width: int = 1000
    height: int = 1000
    place: tuple[int, int, int, int] = (300, 50, 400, 900)
    ground: tuple[int, int, int] = (255, 255, 255)
    rgb: Pixels = field(init=False)
    inside: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.rgb = np.full((self.height, self.width, 3), self.ground, np.uint8)
        self.inside = np.zeros((self.height, self.width), bool)
        left, top, width, height = self.place
        here = np.s_[top : top + height, left : left + width]
        stripes = np.where(np.arange(width) // 8 % 2, 60, 140).astype(np.uint8)
        self.rgb[here] = stripes[None, :, None]
        self.rgb[here][..., 2] = 180
        self.inside[here] = True

    def cutout(self, alpha: Pixels | None = None) -> bytes:
        """RGBA PNG."""
        cover = self.inside.astype(np.uint8) * np.uint8(255) if alpha is None else alpha
        return _file(np.dstack([self.rgb, cover]), "PNG")

    def flat(self, form: str = "PNG") -> bytes:
        """The picture on its ground, without alpha."""
        return _file(self.rgb, form)

    def blurred(self, sigma: float) -> "Drawn":
        """The same with its colours blurred."""
        self.rgb = cv2.GaussianBlur(self.rgb, (0, 0), sigma).astype(np.uint8)
        return self


def _file(pixels: Pixels, form: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **({"quality": 95} if form == "JPEG" else {}))
    return file.getvalue()
