"""Mask files of every kind, each read as it was drawn or refused with what decides."""

import numpy as np
import pytest
from PIL import Image

from hemline.datasets.mask_file import read_class_ids, read_cutout, read_garment, read_mask
from hemline.errors import MaskError
from hemline.masks.files.garment_is import GarmentIs
from tests.masks.files.test_levels import GARMENT, drawn, overlap

INSIDE = GARMENT > 0
FULL = np.full_like(GARMENT, 255)
RED, WHITE, BLUE = (220, 30, 40), (255, 255, 255), (20, 40, 230)


def coloured(inside, around, blur=0.0):
    soft = drawn(0, 255, blur)[..., None] / 255
    return np.rint(np.array(around) + (np.array(inside) - np.array(around)) * soft).astype(np.uint8)


def paletted(first, second, *, indices=GARMENT):
    image = Image.fromarray(indices, "P")
    image.putpalette([*first, *second])
    return image


READABLE = {
    "black and white": Image.fromarray(drawn(0, 255)),
    "feathered": Image.fromarray(drawn(0, 255, 3)),
    "video levels": Image.fromarray(drawn(16, 235, 0.8)),
    "1 bit": Image.fromarray(INSIDE),
    "16 bits": Image.fromarray(drawn(0, 255).astype(np.uint16) * 257),
    "12 bits": Image.fromarray(drawn(0, 255, 0.8).astype(np.uint16) * 16),
    "fractions": Image.fromarray((drawn(0, 255, 0.8) / 255).astype(np.float32)),
    "red on white": Image.fromarray(coloured(RED, WHITE)),
    "red on white, feathered": Image.fromarray(coloured(RED, WHITE, 1.5)),
    "red on black": Image.fromarray(coloured(RED, (0, 0, 0))),
    "grey and alpha": Image.merge("LA", [Image.fromarray(FULL), Image.fromarray(drawn(0, 255))]),
    "opaque": Image.fromarray(np.dstack([drawn(0, 255)] * 3 + [FULL])),
    "half transparent": Image.fromarray(np.dstack([drawn(0, 255)] * 3 + [FULL // 2])),
    "cut-out": Image.fromarray(np.dstack([coloured(RED, BLUE), drawn(0, 255, 0.8)])),
    "palette": paletted((0, 0, 0), RED),
    "palette, white background": paletted(WHITE, RED),
    "quantised": Image.fromarray(drawn(0, 255, 1.5)).convert("RGB").quantize(32),
}


@pytest.mark.parametrize(
    ("kind", "ending"),
    [(kind, "tif") for kind in sorted(READABLE)]
    + [(kind, "png") for kind in sorted(READABLE) if kind != "fractions"],  # no PNG has those
)
def test_every_kind_of_mask(tmp_path, kind, ending):
    READABLE[kind].save(tmp_path / f"m.{ending}")
    assert overlap(read_garment(tmp_path / f"m.{ending}")) >= 0.98


@pytest.mark.parametrize("quality", [60, 75, 92])
@pytest.mark.parametrize("kind", ["black and white", "feathered", "video levels", "red on white"])
def test_what_jpeg_made_of_a_mask(tmp_path, kind, quality):
    READABLE[kind].save(tmp_path / "m.jpg", quality=quality)
    assert overlap(read_garment(tmp_path / "m.jpg")) >= 0.98
    Image.open(tmp_path / "m.jpg").save(tmp_path / "m.png")
    assert overlap(read_garment(tmp_path / "m.png")) >= 0.98


ASKED = {
    "palette, white first": (paletted(WHITE, (0, 0, 0)), "dark"),
    "palette, garment first": (paletted(RED, WHITE, indices=1 - GARMENT), "colour"),
    "palette, inverted": (paletted((0, 0, 0), WHITE, indices=1 - GARMENT), "dark"),
    "inverted": (Image.fromarray(drawn(255, 0)), "dark"),
    "inverted and soft": (Image.fromarray(drawn(255, 0, 1.5)), "dark"),
    "inverted in 1 bit": (Image.fromarray(~INSIDE), "dark"),
    "red on blue": (Image.fromarray(coloured(RED, BLUE)), "light"),
    "white on red": (Image.fromarray(coloured(WHITE, RED)), "light"),
    "levels of no meaning": (Image.fromarray(drawn(20, 60)), "light"),
    "black and white, and alpha": (
        Image.fromarray(np.dstack([drawn(0, 255)] * 3 + [np.tri(120, 80, dtype=np.uint8) * 255])),
        "light",
    ),
}


@pytest.mark.parametrize("kind", sorted(ASKED))
def test_what_can_be_read_in_two_ways_is_asked_about(tmp_path, kind):
    image, answer = ASKED[kind]
    image.save(tmp_path / "m.png")
    with pytest.raises(MaskError, match=r"m\.png.*--garment-is") as error:
        read_garment(tmp_path / "m.png")
    assert answer in str(error.value)
    assert overlap(read_garment(tmp_path / "m.png", GarmentIs(answer))) >= 0.98


def test_a_photo_is_no_mask(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "m.png")
    with pytest.raises(MaskError, match="more than two colours"):
        read_mask(tmp_path / "m.png")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_and_cut_outs_are_turned_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    Image.fromarray(drawn(0, 255)).save(tmp_path / "m.png", exif=exif)
    Image.fromarray(np.dstack([coloured(RED, BLUE), drawn(0, 255)])).save(
        tmp_path / "c.png", exif=exif
    )
    turned = {
        1: INSIDE,
        2: INSIDE[:, ::-1],
        3: INSIDE[::-1, ::-1],
        4: INSIDE[::-1],
        5: INSIDE.T,
        6: np.rot90(INSIDE, -1),
        7: INSIDE[::-1, ::-1].T,
        8: np.rot90(INSIDE),
    }
    assert (read_garment(tmp_path / "m.png") == turned[orientation]).all()
    assert (read_cutout(tmp_path / "c.png") == turned[orientation]).all()
    assert (read_class_ids((tmp_path / "m.png").read_bytes()) > 0).tolist() == (
        turned[orientation].tolist()
    )


@pytest.mark.parametrize(
    ("alpha", "said"),
    [
        (FULL, "fully opaque"),
        (drawn(255, 0), "transparent part is enclosed"),
    ],
)
def test_a_cut_out_that_cuts_nothing_out(tmp_path, alpha, said):
    Image.fromarray(np.dstack([coloured(RED, BLUE), alpha])).save(tmp_path / "c.png")
    with pytest.raises(MaskError, match=rf"c\.png.*{said}"):
        read_cutout(tmp_path / "c.png")
    assert (read_cutout(tmp_path / "c.png", GarmentIs.ALPHA) == (alpha > 127)).all()


def test_class_ids_are_read_from_any_lossless_file(tmp_path):
    ids = np.repeat(np.repeat(np.arange(4, dtype=np.uint8), 10)[None], 20, axis=0)
    small = Image.fromarray(ids, "P")
    small.putpalette([value for grey in (2, 0, 3, 1) for value in (grey,) * 3])
    kinds = {
        "m.png": Image.fromarray(ids),
        "m.bmp": Image.fromarray(ids),
        "m.tif": Image.fromarray(ids),
        "wide.png": Image.fromarray(ids.astype(np.uint16)),
        "rgb.png": Image.fromarray(np.dstack([ids] * 3)),
    }
    for name, image in kinds.items():
        image.save(tmp_path / name)
        assert (read_class_ids((tmp_path / name).read_bytes()) == ids).all()
    small.save(tmp_path / "greys.png")  # a palette that a program made of greys
    greys = np.array([2, 0, 3, 1], np.uint8)[ids]
    assert (read_class_ids((tmp_path / "greys.png").read_bytes()) == greys).all()
    Image.fromarray(ids).save(tmp_path / "m.jpg")
    with pytest.raises(MaskError, match="JPEG, which changes class ids"):
        read_class_ids((tmp_path / "m.jpg").read_bytes())
    Image.fromarray(ids.astype(np.uint16) * 1000).save(tmp_path / "wide.png")
    with pytest.raises(MaskError, match="from 0 to 3000; class ids are whole numbers"):
        read_class_ids((tmp_path / "wide.png").read_bytes())
