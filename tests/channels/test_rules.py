"""Each rule by pictures that miss it by a known amount and pass it by a hair."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hemline.channels.pack import CHECKS
from hemline.channels.picture import Picture, read_picture
from hemline.channels.rule import Finding, Outcome
from hemline.errors import ImageError, MaskError
from tests.channels.pictures import Drawn

TODAY = date(2026, 12, 1)


def see(data: bytes, **options: Any) -> Picture:
    return read_picture(data, name="d1.png", max_pixels=10**8, **options)


def judge(check: str, picture: Picture, today: date = TODAY, /, **keys: Any) -> Finding:
    rule = CHECKS[check].model_validate({"source": "a page", "date": "2026-01", **keys})
    return rule.judge(check, picture, today)


def passed(check: str, data: bytes, **keys: Any) -> bool:
    return judge(check, see(data), **keys).outcome is Outcome.PASSED


WHITE = {"colour": [255, 255, 255]}


@pytest.mark.parametrize(
    ("side", "fits"), [(849, False), (850, True), (860, True), (899, True), (900, True)]
)
def test_fill_by_the_longer_side(side: int, fits: bool) -> None:
    drawn = Drawn(place=(400, 50, 200, side))
    keys = {"of": "longer_side", "least": 0.85, "most": 0.9}
    assert passed("fill", drawn.cutout(), **keys) is fits
    assert passed("fill", drawn.flat(), **keys) is fits


def test_fill_over_its_most_fails_by_one_pixel() -> None:
    keys = {"of": "longer_side", "most": 0.9}
    assert passed("fill", Drawn(place=(400, 20, 200, 900)).cutout(), **keys)
    finding = judge("fill", see(Drawn(place=(400, 20, 200, 901)).cutout()), **keys)
    assert finding.outcome is Outcome.FAILED
    assert finding.value == 0.901
    assert finding.says == (
        "the garment fills 90.1 % of the longer side of the frame; required: at most 90 %"
    )


def test_fill_is_what_its_key_says() -> None:
    drawn = Drawn(place=(100, 100, 500, 800))
    drawn.inside[100:500, 100:350] = False  # a quarter of the box
    picture = see(drawn.cutout())
    values = {
        of: judge("fill", picture, of=of, least=0.0).value
        for of in ("longer_side", "box_area", "mask_area")
    }
    assert values == {"longer_side": 0.8, "box_area": 0.4, "mask_area": 0.3}


@pytest.mark.parametrize("level", [254, 250, 245])
def test_a_ground_that_is_almost_white_fails(level: int) -> None:
    finding = judge("background", see(Drawn(ground=(level,) * 3).flat()), **WHITE)
    assert finding.outcome is Outcome.FAILED
    assert finding.value == 1.0
    assert f"{level},{level},{level}" in finding.says


def test_one_grey_pixel_of_the_ground_is_found_where_it_is() -> None:
    drawn = Drawn()
    assert passed("background", drawn.flat(), **WHITE)
    drawn.rgb[30, 700] = (255, 254, 255)
    finding = judge("background", see(drawn.flat()), **WHITE)
    assert finding.outcome is Outcome.FAILED
    assert finding.where is not None
    assert (finding.where.left, finding.where.top) == (700, 30)
    assert passed("background", drawn.flat(), **WHITE, tolerance=1)
    assert passed("background", drawn.flat(), **WHITE, most=0.001)


def test_the_edge_of_a_garment_is_not_its_ground() -> None:
    drawn = Drawn().blurred(1.0)
    assert passed("background", drawn.flat(), **WHITE, rim=6)
    assert not passed("background", Drawn().blurred(4.0).flat(), **WHITE, rim=2)


def test_a_jpeg_on_white_is_white_but_for_its_blocks() -> None:
    assert passed("background", Drawn().flat("JPEG"), **WHITE)
    assert not passed("background", Drawn(ground=(252, 252, 252)).flat("JPEG"), **WHITE)


def test_clear_pixels_show_the_ground_that_is_asked_for() -> None:
    data = Drawn().cutout()
    assert passed("background", data, **WHITE)
    brand = (230, 0, 126)
    finding = judge("background", see(data, ground=brand), colour=list(brand))
    assert finding.outcome is Outcome.PASSED
    assert judge("background", see(data), colour=list(brand)).outcome is Outcome.FAILED


def test_a_haze_on_a_cutout_is_no_white() -> None:
    drawn = Drawn()
    alpha = drawn.inside.astype(np.uint8) * np.uint8(255)
    alpha[10:20, 10:20] = 4
    drawn.rgb[10:20, 10:20] = 0
    assert not passed("background", drawn.cutout(alpha), **WHITE)


@pytest.mark.parametrize(("width", "height", "fits"), [(999, 700, False), (1000, 700, True)])
def test_size_of_the_longer_side(width: int, height: int, fits: bool) -> None:
    drawn = Drawn(width, height, (100, 100, 300, 400))
    assert passed("size", drawn.cutout(), least_long=1000, most_long=10_000) is fits


def test_size_of_each_side() -> None:
    data = Drawn(762, 1100, (100, 100, 300, 400)).cutout()
    assert passed("size", data, least_width=762, least_height=1100)
    assert not passed("size", data, least_width=763)
    assert not passed("size", data, least_height=1101)
    assert passed("size", data, least_short=762)
    assert not passed("size", data, least_short=763)
    assert not passed("size", data, most_long=1099)


@pytest.mark.parametrize(
    ("width", "height", "fits"),
    [(1801, 2600, True), (762, 1100, True), (1000, 1440, True), (1000, 1452, False)],
)
def test_aspect_within_its_tolerance(width: int, height: int, fits: bool) -> None:
    drawn = Drawn(width, height, (100, 100, 300, 400))
    assert passed("aspect", drawn.cutout(), width=1, height=1.44) is fits


def test_format_and_bytes() -> None:
    data = Drawn().flat("JPEG")
    assert passed("format", data, formats=["JPEG"])
    assert not passed("format", Drawn().flat(), formats=["JPEG"])
    assert passed("bytes", data, most=len(data))
    assert not passed("bytes", data, most=len(data) - 1)
    assert not passed("bytes", data, least=len(data) + 1)


def test_margin_and_centre() -> None:
    data = Drawn(place=(310, 50, 400, 900)).cutout()
    assert passed("margin", data, least=0.05)
    assert not passed("margin", data, least=0.051)
    assert passed("centre", data, most=0.01)
    assert not passed("centre", data, most=0.009)
    assert "1.0 % off the centre sideways" in judge("centre", see(data), most=0.009).says


def test_a_garment_cut_by_the_frame_is_told_on_which_side() -> None:
    assert passed("cut", Drawn(place=(300, 50, 400, 949)).cutout())
    finding = judge("cut", see(Drawn(place=(300, 50, 400, 950)).cutout()))
    assert finding.outcome is Outcome.FAILED
    assert "cut off at the bottom of the frame, on 400 px" in finding.says
    laid_out_anew = see(Drawn().cutout(), cut={"top": 0, "bottom": 12, "left": 0, "right": 0})
    assert "at the bottom of the photo's frame" in judge("cut", laid_out_anew).says


def test_islands_by_their_share() -> None:
    drawn = Drawn(place=(300, 50, 400, 500))  # 200,000 px
    drawn.inside[800:820, 100:150] = True  # 1,000 px
    assert not passed("islands", drawn.cutout(), smaller_than=0.006)
    assert passed("islands", drawn.cutout(), smaller_than=0.004)
    assert passed("islands", drawn.cutout(), smaller_than=0.006, most=1)


def test_a_rim_of_another_colour() -> None:
    keys = {"most": 20.0}
    drawn = Drawn()
    assert passed("fringe", drawn.cutout(), **keys)
    left, top, width, height = drawn.place
    inner = np.zeros_like(drawn.inside)
    inner[top + 2 : top + height - 2, left + 2 : left + width - 2] = True
    drawn.rgb[drawn.inside & ~inner] = (255, 255, 255)
    assert not passed("fringe", drawn.cutout(), **keys)


def test_blur() -> None:
    assert passed("blur", Drawn().cutout(), most=0.85)
    assert passed("blur", Drawn().blurred(0.8).cutout(), most=0.85)
    assert not passed("blur", Drawn().blurred(4).cutout(), most=0.85)


def test_advice_and_rules_to_come_turn_nothing_down() -> None:
    small = see(Drawn(400, 400, (50, 50, 300, 300)).cutout())
    assert judge("size", small, least_long=500).outcome is Outcome.FAILED
    assert judge("size", small, least_long=500, level="should").outcome is Outcome.ADVICE
    since = date(2027, 1, 31)
    to_come = judge("size", small, date(2027, 1, 30), least_long=500, since=since)
    assert to_come.outcome is Outcome.ADVICE
    assert "from 2027-01-31 on" in to_come.says
    assert judge("size", small, since, least_long=500, since=since).outcome is Outcome.FAILED


def mask_of(drawn: Drawn) -> NDArray[np.bool_]:
    return drawn.inside


def test_a_mask_says_where_the_garment_is_on_any_ground() -> None:
    drawn = Drawn()
    drawn.rgb[:] = np.random.default_rng(1).integers(0, 255, drawn.rgb.shape, dtype=np.uint8)
    with pytest.raises(ImageError, match="no plain background"):
        see(drawn.flat())
    assert see(drawn.flat(), mask=mask_of(drawn)).box.height == 900
    with pytest.raises(MaskError, match=r"mask of 'd1\.png' is 10 x 10 px and the picture 1000"):
        see(drawn.flat(), mask=np.ones((10, 10), bool))


def test_white_cloth_and_openings_on_a_white_ground() -> None:
    drawn = Drawn()
    drawn.rgb[200:400, 400:500] = 255  # an opening, 20,000 px
    drawn.rgb[600:605, 400:405] = 255  # a white button
    cover = see(drawn.flat()).inside()
    assert not cover[300, 450]
    assert cover[602, 402]


def test_a_picture_without_a_garment_is_named() -> None:
    with pytest.raises(ImageError, match=r"d1\.png' shows no garment"):
        see(np_blank())


def np_blank() -> bytes:
    return Drawn(place=(0, 0, 0, 0)).cutout()
