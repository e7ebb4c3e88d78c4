"""Where predicted masks go as files: a folder of masks, of cut-outs, or of pairs to train on."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.colour import tag_png
from hemline.datasets.file_names import PHOTO_SUFFIXES
from hemline.errors import DatasetError
from hemline.files import make_folder
from hemline.masks.cutouts.edges import Edge, cut_out

_Pixels = NDArray[np.uint8]
_Shares = NDArray[np.floating]


class MaskFolder:
    """FOLDER/STEM.png: 0 background and 255 garment, or class ids.

    Raises:
        DatasetError: the folder cannot be written.
    """

    def __init__(self, folder: Path, *, ids: bool) -> None:
        self._folder, self._ids = folder, ids
        make_folder(folder)

    def write(
        self, photo: Path, image: _Pixels, mask: _Pixels, garment: _Shares | None = None
    ) -> None:
        """Writes the mask `(H, W)` of class ids of a photo `(H, W, 3)` RGB; `garment` `(H, W)` is
        the probability that the network gave it, 0..1, for edges that are found by it.

        Raises:
            DatasetError: the file cannot be written.
        """
        pixels = mask if self._ids else mask * np.uint8(255)
        _write(self._folder / f"{photo.stem}.png", _png(pixels))


class CutoutFolder(MaskFolder):
    """FOLDER/STEM.png: RGBA, transparent where there is no garment; tagged as sRGB."""

    def __init__(self, folder: Path, edge: Edge = Edge.HARD) -> None:
        super().__init__(folder, ids=False)
        self._edge = edge

    def write(
        self, photo: Path, image: _Pixels, mask: _Pixels, garment: _Shares | None = None
    ) -> None:
        cutout = cut_out(image, mask, self._edge, garment=garment)
        pixels = cv2.cvtColor(cutout, cv2.COLOR_RGBA2BGRA).astype(np.uint8)
        _write(self._folder / f"{photo.stem}.png", tag_png(_png(pixels)))


class PairsFolder(MaskFolder):
    """FOLDER/images and FOLDER/masks of class ids, with a labels.txt that says so: black and white
    that fills a photo's edges would be taken for an inverted mask when it is read.

    Raises:
        DatasetError: the folder cannot be written, or holds photos or masks already: they might be
            a person's, and what an earlier model was sure of is not what this one is.
    """

    def __init__(self, folder: Path, labels: Sequence[str]) -> None:
        self._images = folder / "images"
        for part in (self._images, folder / "masks"):
            make_folder(part)
            if any(part.iterdir()):
                raise DatasetError(f"'{part}' is not empty; give a new folder for --pairs")
        super().__init__(folder / "masks", ids=True)
        text = "".join(f"{label}\n" for label in labels)
        (folder / "labels.txt").write_text(text, encoding="utf-8")

    def write(
        self, photo: Path, image: _Pixels, mask: _Pixels, garment: _Shares | None = None
    ) -> None:
        if photo.suffix.lower() not in PHOTO_SUFFIXES:
            raise DatasetError(
                f"'{photo}' cannot be trained on; save it as one of "
                f"{', '.join(sorted(PHOTO_SUFFIXES))}"
            )
        super().write(photo, image, mask)
        try:
            shutil.copyfile(photo, self._images / photo.name)
        except OSError as error:
            raise DatasetError(
                f"'{photo}' cannot be copied ({error}); is the disk full?"
            ) from error


def _png(pixels: _Pixels) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise DatasetError(
            f"'{path}' cannot be written ({error.strerror}); make room, or give another folder"
        ) from error
