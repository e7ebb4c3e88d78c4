"""Photos of every kind that people have, and files that are none."""

import base64
import io
import struct
import warnings
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms, ImageOps

from hemline import images
from hemline.errors import ImageError
from hemline.images import (
    content_digest,
    decode_image,
    image_size,
    orientation_of,
    turn_upright,
)

RNG = np.random.default_rng(5)


def photo(height=24, width=40):
    """Smooth colours, so that JPEG changes little, and no symmetry."""
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([rows * 8, columns * 5, (rows + columns) * 3], axis=-1)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def encode(image, kind="PNG", **options):
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decode(data, name="x.jpg", max_pixels=10**6):
    return decode_image(data, name=name, max_pixels=max_pixels)


def close(found, expected, tolerance):
    return found.shape == expected.shape and np.abs(found - np.int16(expected)).max() <= tolerance


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_exact_formats_are_exact(kind):
    found = decode(encode(photo(), kind))
    assert np.array_equal(found, photo())
    assert found.dtype == np.uint8
    assert found.flags.writeable
    assert found.flags.c_contiguous


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}),
        ("JPEG", {"progressive": True, "quality": 95}),
        ("WEBP", {"quality": 95}),
        ("AVIF", {"quality": 95}),
        ("GIF", {}),
    ],
)
def test_lossy_formats_are_close(kind, options):
    assert close(decode(encode(photo(), kind, **options)), photo(), 26)


def test_greyscale_becomes_three_equal_channels():
    grey = photo()[..., 0]
    assert np.array_equal(decode(encode(grey)), np.dstack([grey] * 3))
    bits = Image.fromarray(grey > 90)
    assert set(np.unique(decode(encode(bits)))) == {0, 255}


@pytest.mark.parametrize("extension", [".png", ".tiff"])
def test_16_bits_are_scaled_to_8(extension):
    grey = np.linspace(0, 65535, 24 * 40).astype(np.uint16).reshape(24, 40)
    found = decode(cv2.imencode(extension, grey)[1].tobytes())
    assert np.array_equal(found, np.dstack([np.round(grey / 257)] * 3))


@pytest.mark.parametrize("extension", [".png", ".tiff"])
def test_16_bit_colours_are_scaled_to_8(extension):
    colours = RNG.integers(0, 65536, (24, 40, 3), dtype=np.uint16)
    found = decode(cv2.imencode(extension, colours[..., ::-1])[1].tobytes())
    assert np.abs(found - colours / 257).max() < 1


def test_32_bits_are_refused():
    with pytest.raises(ImageError, match=r"image 'x\.jpg' has 32 bits a channel \(mode F\)"):
        decode(encode(Image.fromarray(np.ones((4, 5), np.float32)), "TIFF"))


def test_transparent_parts_are_laid_on_white():
    rgba = np.dstack([photo(), np.full(photo().shape[:2], 255, np.uint8)])
    rgba[:10, :, 3] = 0
    rgba[10:12, :, 3] = 128
    expected = photo().astype(float)
    expected[:10] = 255
    expected[10:12] = 255 + (expected[10:12] - 255) * 128 / 255
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})):
        assert close(decode(encode(rgba, kind, **options)), np.round(expected), 1)


def test_grey_with_alpha_is_laid_on_white():
    image = Image.fromarray(
        np.dstack([np.full((4, 4), 10, np.uint8), np.eye(4, dtype=np.uint8) * 255])
    )
    found = decode(encode(image))
    assert np.array_equal(found[..., 0], np.where(np.eye(4), 10, 255))


@pytest.mark.parametrize("transparency", [1, bytes([255, 0, 255])])
def test_palette_with_transparency(transparency):
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), mode="P")
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    found = decode(encode(image, transparency=transparency))
    assert found.tolist() == [[[10, 20, 30], [255, 255, 255], [70, 80, 90]]]
    assert decode(encode(image)).tolist() == [[[10, 20, 30], [40, 50, 60], [70, 80, 90]]]


def test_colour_key_of_a_png_is_transparent():
    found = decode(encode(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8), transparency=(4, 5, 6)))
    assert found.tolist() == [[[1, 2, 3], [255, 255, 255]]]


def without_adobe_marker(jpeg):
    start = jpeg.index(b"\xff\xee")
    (length,) = struct.unpack(">H", jpeg[start + 2 : start + 4])
    return jpeg[:start] + jpeg[start + 2 + length :]


def test_cmyk_with_and_without_adobes_marker():
    cmyk = Image.fromarray(photo()).convert("CMYK")
    adobe = encode(cmyk, "JPEG", quality=100, subsampling=0)
    assert close(decode(adobe), photo(), 8)
    # Without the marker a 0 means no ink, so the inverted picture is what must be stored.
    inverted = Image.fromarray(255 - np.asarray(cmyk), mode="CMYK")
    plain = without_adobe_marker(encode(inverted, "JPEG", quality=100, subsampling=0))
    assert close(decode(plain), photo(), 8)
    assert close(decode(encode(cmyk, "TIFF")), photo(), 1)


def exif_block(orientation, *, kind=3, number=1, order="<"):
    """EXIF with nothing but an orientation: `kind` 3 is one of 16 bits, as the standard has it."""
    value = struct.pack(order + {1: "B", 3: "H", 4: "I"}[kind], orientation).ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, 1)
    return head + struct.pack(order + "HHI", 0x0112, kind, number) + value + bytes(4)


def png_with_exif(exif, *, before=b"IDAT"):
    data = encode(photo())
    at = data.index(before) - 4
    chunk = b"eXIf" + exif
    chunk = struct.pack(">I", len(exif)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data[:at] + chunk + data[at:]


def avif_with_exif(orientation):
    """EXIF says how to turn it, and the container does not: Pillow writes it the other way."""
    other = exif_block(orientation).replace(b"\x12\x01", b"\x13\x01")
    return encode(photo(), "AVIF", exif=other).replace(
        b"\x13\x01\x03\0\x01\0", b"\x12\x01\x03\0\x01\0"
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "AVIF"])
def test_orientation_is_applied(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if kind in ("JPEG", "AVIF") else {}
    stored = encode(photo(), kind, exif=exif, **options)
    with Image.open(io.BytesIO(stored)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    found = decode(stored)
    assert np.array_equal(found, expected)
    assert found.shape == ((24, 40, 3) if orientation <= 4 else (40, 24, 3))
    with Image.open(io.BytesIO(stored)) as image:
        known = orientation_of(image)
        image.load()
        assert np.array_equal(np.asarray(turn_upright(image, known)), found)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_size_is_that_of_the_decoded_photo(orientation, kind):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    file = io.BytesIO()
    Image.new("RGB", (30, 20)).save(file, kind, exif=exif)
    data = file.getvalue()
    decoded = decode_image(data, name="x", max_pixels=1000)
    assert image_size(data, name="x", max_pixels=1000) == decoded.shape[:2]


def test_orientation_6_is_turned_clockwise():
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[0, 0] = 255  # Stored top left is shown top right.
    assert decode(encode(pixels, exif=exif))[0, 1].tolist() == [255, 255, 255]


_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>'
AS_STORED = {  # what Chromium shows as it is stored
    "jpeg-xmp": (encode(photo(), "JPEG", xmp=_XMP), "image/jpeg"),
    "avif-xmp": (encode(photo(), "AVIF", xmp=_XMP), "image/avif"),
    "avif-exif": (avif_with_exif(6), "image/avif"),
    "webp": (encode(photo(), "WEBP", exif=exif_block(6)), "image/webp"),
    "webp-prefix": (encode(photo(), "WEBP", exif=b"Exif\0\0" + exif_block(8)), "image/webp"),
    "jpeg-long": (encode(photo(), "JPEG", exif=b"Exif\0\0" + exif_block(6, kind=4)), "image/jpeg"),
    "jpeg-two": (encode(photo(), "JPEG", exif=b"Exif\0\0" + exif_block(6, number=2)), "image/jpeg"),
    "jpeg-0": (encode(photo(), "JPEG", exif=b"Exif\0\0" + exif_block(0)), "image/jpeg"),
    "jpeg-9": (encode(photo(), "JPEG", exif=b"Exif\0\0" + exif_block(9)), "image/jpeg"),
    "png-prefix": (png_with_exif(b"Exif\0\0" + exif_block(6)), "image/png"),
    "png-late": (png_with_exif(exif_block(6), before=b"IEND"), "image/png"),
    "png-long": (png_with_exif(exif_block(6, kind=4)), "image/png"),
}


@pytest.mark.parametrize("name", AS_STORED)
def test_orientation_that_browsers_pass_over(name):
    assert decode(AS_STORED[name][0]).shape == (24, 40, 3)


TURNED = {
    f"{kind.lower()}-{orientation}": (
        encode(photo(), kind, exif=b"Exif\0\0" + exif_block(orientation), **options),
        f"image/{kind.lower()}",
    )
    for kind, options in (("JPEG", {"quality": 95}), ("PNG", {}), ("AVIF", {"quality": 95}))
    for orientation in range(1, 9)
} | {
    "jpeg-big-endian": (
        encode(photo(), "JPEG", exif=b"Exif\0\0" + exif_block(6, order=">")),
        "image/jpeg",
    )
}

_SHOWN = """async (address) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    return [canvas.height, canvas.width, Array.from(pixels)];
}"""


@pytest.mark.browser
def test_chromium_shows_what_is_decoded(chromium):
    page = chromium.new_page()
    try:
        for name, (data, mime) in (AS_STORED | TURNED).items():
            address = f"data:{mime};base64,{base64.b64encode(data).decode()}"
            height, width, pixels = page.evaluate(_SHOWN, address)
            shown = np.array(pixels, np.uint8).reshape(height, width, 4)[..., :3]
            assert close(decode(data), shown, 4), name
    finally:
        page.close()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")
@pytest.mark.parametrize("exif", [b"", b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"])
def test_broken_exif_does_not_lose_the_photo(exif):
    assert decode(encode(photo(), "JPEG", exif=exif)).shape == (24, 40, 3)


def test_colour_profiles_and_animations_are_read():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(decode(encode(photo(), icc_profile=profile)), photo())
    frames = [Image.fromarray(photo()), Image.fromarray(255 - photo())]
    data = encode(frames[0], save_all=True, append_images=frames[1:])
    assert np.array_equal(decode(data), photo())


def test_two_hundred_megapixels_are_refused_before_they_are_decoded():
    header = struct.pack(">IIBBBBB", 20000, 10000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    data += struct.pack(">I", zlib.crc32(chunk)) + struct.pack(">I", 10) + b"IDAT" + b"\0" * 14
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError) as caught:
            decode(data, name="big.png", max_pixels=178_000_000)
    assert str(caught.value) == (
        "image 'big.png' is 20000 x 10000 px, over the limit of 178 Mpx; "
        "raise HEMLINE_MAX_PIXELS or resize it"
    )


def test_the_limit_itself_is_allowed():
    assert decode(encode(photo()), max_pixels=24 * 40).shape == (24, 40, 3)
    with pytest.raises(ImageError, match="over the limit"):
        decode(encode(photo()), max_pixels=24 * 40 - 1)


def test_the_limit_is_on_what_decoding_takes_too():
    cheap, dear = encode(photo(), "JPEG"), encode(photo(), "WEBP")
    assert decode(cheap, max_pixels=24 * 40).shape == (24, 40, 3)
    with pytest.raises(ImageError, match=r"of WEBP, which takes .* GB to decode, over the limit"):
        decode(dear, max_pixels=24 * 40)
    assert decode(dear, max_pixels=2 * 24 * 40).shape == (24, 40, 3)
    deep = cv2.imencode(".tiff", np.zeros((24, 40, 4), np.uint16))[1].tobytes()
    with pytest.raises(ImageError, match="of TIFF, which takes"):
        decode(deep, max_pixels=24 * 40)


def heic(**options):
    heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    heif.from_pillow(Image.fromarray(photo(64, 96))).save(file, quality=95, **options)
    return file.getvalue()


def test_heic_is_read():
    assert close(decode(heic()), photo(64, 96), 40)
    with pytest.raises(ImageError, match=r"image 'x\.jpg' .*"):
        decode(heic()[:200])


def test_heic_without_its_package_is_named(monkeypatch):
    monkeypatch.setattr(images, "_open_heic", False)
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    with pytest.raises(ImageError, match="is a HEIC photo; `pip install pillow-heif`"):
        decode(data)


def test_empty_file_is_named():
    with pytest.raises(ImageError, match=r"image 'x\.jpg' is an empty file"):
        decode(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"\0",
        b"<html>404</html>",
        b"%PDF-1.7 ...",
        b"\xff\xd8\xff",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        bytes(1000),
    ],
)
def test_what_is_no_photo_is_named(data):
    with pytest.raises(ImageError, match=r"image 'x\.jpg' .*"):
        decode(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_truncated_is_an_error(kind, share):
    noise = RNG.integers(0, 256, (50, 60, 3), dtype=np.uint8)
    data = encode(noise, kind)
    with pytest.raises(ImageError, match=r"image 'x\.jpg' .*"):
        decode(data[: int(len(data) * share)])


@settings(max_examples=150)
@given(st.data())
def test_damaged_files_are_photos_or_errors(data):
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"]))
    file = bytearray(encode(photo(), kind))
    for _ in range(data.draw(st.integers(1, 8))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode(bytes(file))
    except ImageError:
        return
    assert found.ndim == 3
    assert found.shape[2] == 3
    assert found.dtype == np.uint8


def test_digest_is_sha256():
    assert content_digest(b"abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
