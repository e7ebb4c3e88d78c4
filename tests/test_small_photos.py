"""Photos that are decoded smaller show what they show in full."""

import io

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from hemline.images import decode_image, decode_small, image_size


def encode(pixels, kind, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def smooth(height, width):
    rows, columns = np.mgrid[:height, :width]
    pixels = [rows * 255 / height, columns * 255 / width, (rows + columns) % 256]
    return np.stack(pixels, axis=-1).astype(np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_small_jpeg_is_the_whole_one_made_smaller_and_turned_alike(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encode(smooth(401, 601), "JPEG", exif=exif, quality=95, icc_profile=profile)
    whole = decode_image(data, name="x", max_pixels=10**6)
    height, width = whole.shape[:2]
    small, size = decode_small(
        data, name="x", max_pixels=10**6, least=lambda h, w: (h // 3, w // 3)
    )
    assert size == (height, width) == image_size(data, name="x", max_pixels=10**6)
    assert small.shape[:2] == (-(-height // 2), -(-width // 2))
    expected = cv2.resize(whole, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small[..., :2] - np.int16(expected[..., :2])).mean() < 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_what_needs_all_pixels_or_is_no_jpeg_stays_whole(kind):
    data = encode(smooth(64, 48), kind)
    least = {"JPEG": (33, 24), "PNG": (8, 6)}[kind]
    small, size = decode_small(data, name="x", max_pixels=10**6, least=lambda h, w: least)
    assert np.array_equal(small, decode_image(data, name="x", max_pixels=10**6))
    assert size == (64, 48)
