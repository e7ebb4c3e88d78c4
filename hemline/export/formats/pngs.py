"""Export as PNG: cut-outs, and plain masks."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.channels.pack import load_pack
from hemline.colour import tag_png
from hemline.errors import MaskError
from hemline.export.cutout_style import DEFAULT_STYLE, CutoutStyle
from hemline.export.formats.format import Exported
from hemline.export.formats.published import lay_out_for, lay_out_on
from hemline.masks.cutouts.edges import cut_out

_QUICK = [cv2.IMWRITE_PNG_COMPRESSION, 3]  # a tenth larger than the best, five times as quick


class Cutouts:
    """`cutouts/NAME.png`: RGBA at the photo's size, all garments together on a clear ground.

    Laid out in a frame where one is asked for, see `hemline.export.formats.published`. The
    colours are in sRGB, converted from the photo's profile where it has one, and tagged so.
    """

    version = 2
    needs_photo = True

    def __init__(self, style: CutoutStyle = DEFAULT_STYLE) -> None:
        self._style = style
        self._pack = load_pack(style.pack) if style.pack else None
        if self._pack is not None:
            self.version += 100 * self._pack.version  # other rules make other pictures

    def write(self, exported: Exported) -> dict[str, bytes]:
        if exported.photo is None:
            raise MaskError(f"the cut-out of {exported.name} needs its photo")
        cutout = cut_out(exported.photo, exported.mask, self._style.edge)
        if self._pack is not None:
            return lay_out_for(self._pack, cutout, exported.name)
        if self._style.canvas is not None:
            return lay_out_on(self._style.canvas, cutout, exported.name)
        return {f"cutouts/{exported.name}.png": tag_png(_png(cutout[..., [2, 1, 0, 3]]))}

    def finish(self, folder: Path, parts: Iterator[Path], labels: Sequence[str]) -> list[Path]:
        return []


class MaskPngs:
    """`masks/NAME.png`: 8-bit grey; 0 and 255 for a project of one label, else class ids.

    `labels.txt` names the class ids from 1 on, a line each. Where a label lies under another one,
    `whole/NAME-ID.png` is all of it, 0 and 255.
    """

    version = 1
    needs_photo = False

    def write(self, exported: Exported) -> dict[str, bytes]:
        mask = exported.mask
        if len(exported.config.labels) == 1:
            return {f"masks/{exported.name}.png": _white(mask != 0)}
        whole = {
            f"whole/{exported.name}-{class_id}.png": _white(exported.layers.whole(class_id))
            for class_id in exported.layers.covered
        }
        return {f"masks/{exported.name}.png": _png(mask), **whole}

    def finish(self, folder: Path, parts: Iterator[Path], labels: Sequence[str]) -> list[Path]:
        path = folder / "labels.txt"
        path.write_text("".join(f"{' '.join(label.split())}\n" for label in labels), "utf-8")
        return [path]


def _white(inside: NDArray[np.bool_]) -> bytes:
    return _png(inside.astype(np.uint8) * np.uint8(255))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", np.ascontiguousarray(pixels), _QUICK)[1].tobytes()
