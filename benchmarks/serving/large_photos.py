"""Drawn photos of 1152 x 1728 px, as studios have them, no two of which have the same mask."""

from pathlib import Path

import cv2
import numpy as np

from hemline.studio.scene import draw_scene

_DRAWN = 60  # scenes; more photos are the same ones moved
_MOVED_PX = 24


def draw_large_photos(folder: Path, number: int) -> list[str]:
    """Writes so many JPEG files into a new folder; returns their names."""
    folder.mkdir(parents=True)
    for index in range(min(number, _DRAWN)):
        scene = cv2.cvtColor(draw_scene(index, width=1152, height=1728).image, cv2.COLOR_RGB2BGR)
        for place in range(index, number, _DRAWN):
            moved = np.roll(scene, place // _DRAWN * _MOVED_PX, axis=1)
            cv2.imwrite(str(folder / f"{place:05}_Front.jpg"), moved)
    return sorted(path.name for path in folder.iterdir())
