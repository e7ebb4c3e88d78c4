"""Small photos and masks on disk, for files in the exact format of each source."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def photo(height: int, width: int) -> Pixels:
    """A photo of which no two rows and no two columns are alike."""
    rows, columns = np.mgrid[:height, :width]
    return np.dstack([rows * 200 // height, columns * 200 // width, (rows + columns) % 100]).astype(
        np.uint8
    )


def never_loaded() -> tuple[Pixels, Pixels]:
    """For a `Sample` whose photo and mask nobody should ask for."""
    raise AssertionError("a sample was loaded")


def write_photo(path: Path, height: int, width: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo(height, width)).save(path, quality=95)
    return path


def encoded(pixels: Pixels, kind: str, palette: bool = False) -> bytes:
    image = Image.fromarray(pixels)
    if palette:
        image.putpalette([value for index in range(256) for value in (index * 7 % 256, 90, 30)])
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def write_mask(path: Path, mask: Pixels, *, palette: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(mask, "PNG", palette))
    return path


def stripes(height: int, width: int, ids: int) -> Pixels:
    """Class ids 0 to ids - 1 in vertical stripes, the lower half all background."""
    mask = np.tile((np.arange(width) * ids // width).astype(np.uint8), (height, 1))
    mask[height // 2 :] = 0
    return mask
