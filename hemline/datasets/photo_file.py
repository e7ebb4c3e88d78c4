"""A photo on disk as an upright RGB array."""

from pathlib import Path

from hemline.datasets.sample import Pixels
from hemline.errors import DatasetError
from hemline.images import decode_image
from hemline.settings import get_settings


def read_image(path: Path) -> Pixels:
    """The photo `(H, W, 3)` uint8 RGB.

    Raises:
        DatasetError: the file cannot be read.
        ImageError: its content is no photo, or over HEMLINE_MAX_PIXELS.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"photo '{path}' cannot be read: {error.strerror}") from error
    return decode_image(data, name=path.name, max_pixels=get_settings().max_pixels)
