"""Photos in other colour spaces than sRGB, and the tag of what is sRGB."""

import base64
import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from hemline.colour import srgb_profile, tag_png, to_srgb
from hemline.images import decode_image
from tests.icc_profiles import (
    ADOBE_RGB,
    PROPHOTO,
    SPACES,
    cmyk_profile,
    grey_profile,
    linear_to_srgb,
)


def red_garment(height=40, width=50):
    """Folds in a red cloth, within every space."""
    rows, columns = np.mgrid[:height, :width]
    fold = np.sin(columns / 6)
    return np.stack([180 + 30 * fold, 45 + 12 * fold, 50 + rows / 3], axis=-1).astype(np.uint8)


def encode(pixels, kind, **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decode(data):
    return decode_image(data, name="coat", max_pixels=10**6)


def error(found, expected):
    """Mean over pixels and channels, in levels."""
    return float(np.abs(found - np.float64(expected)).mean())


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize(
    ("kind", "options", "most"),
    [
        ("PNG", {}, 0.6),
        ("TIFF", {}, 0.6),
        ("WEBP", {"lossless": True}, 0.6),
        ("JPEG", {"quality": 97, "subsampling": 0}, 2),
        ("AVIF", {"quality": 97, "subsampling": "4:4:4"}, 2),
    ],
)
def test_a_red_garment_is_as_red_in_every_space(name, kind, options, most):
    stored = SPACES[name].encode(red_garment())
    assert error(stored, red_garment()) > 8  # what was seen when the profile was passed over
    data = encode(stored, kind, icc_profile=SPACES[name].profile(), **options)
    assert error(decode(data), red_garment()) < most


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_transparent_parts_are_laid_on_a_white_that_stays_white(kind):
    stored = np.dstack([PROPHOTO.encode(red_garment()), np.full((40, 50), 255, np.uint8)])
    stored[:10, :, 3] = 0
    found = decode(encode(stored, kind, icc_profile=PROPHOTO.profile()))
    assert (found[:10] == 255).all()
    assert error(found[10:], red_garment()[10:]) < 0.6


def test_16_bits_a_channel_have_profiles_too():
    colours = ADOBE_RGB.encode(red_garment()).astype(np.uint16) * 257
    png = cv2.imencode(".png", colours[..., ::-1])[1].tobytes()
    assert error(decode(encode_with_chunk(png, ADOBE_RGB)), red_garment()) < 1
    grey = Image.fromarray(colours[..., 0])
    expected = linear_to_srgb((colours[..., 0] / 65535) ** 1.8) * 255
    found = decode(encode(grey, "TIFF", icc_profile=grey_profile(1.8)))
    assert error(found[..., 0], expected) < 1


def encode_with_chunk(png, space):
    """A 16-bit PNG of OpenCV's with the profile of an 8-bit one of Pillow's."""
    donor = encode(np.zeros((2, 2, 3), np.uint8), "PNG", icc_profile=space.profile())
    start = donor.index(b"iCCP") - 4
    (length,) = struct.unpack_from(">I", donor, start)
    return png[:33] + donor[start : start + length + 12] + png[33:]


@pytest.mark.parametrize("mode", ["L", "LA", "P"])
def test_grey_and_palettes(mode):
    grey = np.arange(256, dtype=np.uint8)[None].repeat(4, axis=0)
    expected = linear_to_srgb((grey / 255) ** 1.8) * 255
    image = Image.fromarray(grey).convert(mode)
    profile = PROPHOTO.profile() if mode == "P" else grey_profile(1.8)
    found = decode(encode(image, "PNG", icc_profile=profile))
    for channel in range(3):
        assert error(found[..., channel], expected) < 0.6
    # Grey with a profile for RGB, as some programs save it.
    assert error(decode(encode(grey, "PNG", icc_profile=PROPHOTO.profile()))[..., 0], expected) < 1


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_by_its_profile(kind):
    red = red_garment()
    ink = np.dstack([255 - red, np.zeros(red.shape[:2], np.uint8)])
    options = {"quality": 98, "subsampling": 0} if kind == "JPEG" else {}
    image = Image.fromarray(ink, mode="CMYK")
    data = encode(image, kind, icc_profile=cmyk_profile(), **options)
    assert error(decode(data), red) < 2
    with_black = np.dstack([np.zeros_like(red), np.full(red.shape[:2], 128, np.uint8)])
    data = encode(Image.fromarray(with_black, mode="CMYK"), "TIFF", icc_profile=cmyk_profile())
    assert error(decode(data), 127) < 3


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"none",
        bytes(200),
        ADOBE_RGB.profile()[:300],
        cmyk_profile(),  # for other pixels than these
        grey_profile(1.8),
        ADOBE_RGB.profile().replace(b"RGB XYZ ", b"HSV XYZ "),
    ],
)
def test_a_profile_that_cannot_be_read_counts_as_srgb(profile):
    assert np.array_equal(decode(encode(red_garment(), "TIFF", icc_profile=profile)), red_garment())


def test_photos_in_srgb_keep_every_level():
    every = np.arange(256, dtype=np.uint8)
    pixels = np.stack([every, every[::-1], np.roll(every, 80)], axis=-1)[None]
    assert np.array_equal(decode(encode(pixels, "PNG", icc_profile=srgb_profile())), pixels)
    grey = Image.fromarray(every[None])
    assert np.array_equal(np.asarray(to_srgb(grey, srgb_profile()))[..., 0], every[None])


def test_a_tagged_png_is_the_same_picture_and_says_srgb():
    pixels = np.dstack([red_garment(), np.full((40, 50), 77, np.uint8)])
    png = cv2.imencode(".png", pixels[..., [2, 1, 0, 3]])[1].tobytes()
    with Image.open(io.BytesIO(tag_png(png))) as image:
        assert np.array_equal(np.asarray(image), pixels)
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)
    assert tag_png(png) == tag_png(png)


_SHOWN = """async (address) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d", {colorSpace: "srgb"});
    context.drawImage(image, 0, 0);
    return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data);
}"""


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_chromium_shows_the_same_colours(chromium, kind):
    options: dict[str, dict[str, int]] = {
        "JPEG": {"quality": 97, "subsampling": 0},
        "WEBP": {"lossless": True},
    }
    page = chromium.new_page()
    try:
        for name, space in SPACES.items():
            stored = space.encode(red_garment())
            data = encode(stored, kind, icc_profile=space.profile(), **options.get(kind, {}))
            address = f"data:image/{kind.lower()};base64,{base64.b64encode(data).decode()}"
            shown = np.array(page.evaluate(_SHOWN, address)).reshape(40, 50, 4)[..., :3]
            assert error(decode(data), shown) < 1.5, name
    finally:
        page.close()
