"""Drawn photos, and the masks of a studio that wants a margin around each garment.

The starter masks garments to the edge, so it is wrong about these by the same amount each time:
what a few corrections teach.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.images import decode_image
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import Scene, draw_scene
from hemline.studio.wardrobe.wardrobe import GarmentType

Pixels = NDArray[np.uint8]

HEIGHT, WIDTH = 384, 256
_MARGIN_PX = 22
_FIRST_SEED = 901


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo file, its pixels as a browser shows them, the garment and the mask wanted."""

    path: Path
    image: Pixels  # (H, W, 3) RGB
    garment: Pixels  # (H, W) 0 and 1
    wanted: Pixels  # (H, W) 0 and 1


def shoot(folder: Path, number: int, *, first: int = 0) -> list[Shot]:
    """Draw `number` dresses on mannequins into the folder, one view each."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_shoot(folder, first + k) for k in range(number)]


def save_photo(path: Path, scene: Scene) -> Pixels:
    """Write a scene as JPEG; its pixels as they are read again."""
    cv2.imwrite(str(path), scene.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 93])
    return decode_image(path.read_bytes(), name=path.name, max_pixels=10**6)


def _shoot(folder: Path, number: int) -> Shot:
    scene = draw_scene(
        _FIRST_SEED + number,
        height=HEIGHT,
        width=WIDTH,
        kind=FigureKind.MANNEQUIN,
        garment_type=GarmentType.DRESS,
    )
    path = folder / f"g{number:04d}_Front.jpg"
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _MARGIN_PX + 1,) * 2)
    wanted = np.asarray(cv2.dilate(scene.mask, disc), dtype=np.uint8)
    return Shot(path, save_photo(path, scene), scene.mask, wanted)
