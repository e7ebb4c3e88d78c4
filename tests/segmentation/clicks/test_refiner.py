"""The refiner, with a network that sees colours, and the real one on scenes it has not seen."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hemline.masks.figures.overlap import dice
from hemline.segmentation.clicks.maps import Box, Click
from hemline.segmentation.clicks.refiner import ClickRefiner


class RedIsGarment:
    """Takes red pixels for garment, as far as its window shows them."""

    name = "red"

    def run(self, photos: NDArray[np.uint8], guides: NDArray[np.uint8]) -> NDArray[np.float32]:
        assert photos.shape[2:] == guides.shape[2:]
        return (photos[:, 0] > 150).astype(np.float32)


def photo_with(
    *areas: tuple[slice, slice], size: tuple[int, int] = (600, 400)
) -> NDArray[np.uint8]:
    photo = np.zeros((*size, 3), np.uint8)
    for area in areas:
        photo[area][..., 0] = 255
    return photo


SLEEVE = np.s_[100:160, 100:180]
DRESS = np.s_[40:560, 200:330]  # longer than the window of a click


@pytest.mark.parametrize("area", [SLEEVE, DRESS], ids=["in the window", "larger than the window"])
def test_a_click_takes_all_of_its_part_and_nothing_else(area: tuple[slice, slice]) -> None:
    mask = np.zeros((600, 400), bool)
    mask[300:310, 10:20] = True  # far away: stays
    expected = mask.copy()
    expected[area] = True
    rows, columns = area
    click = Click((columns.start + 20) / 400, (rows.start + 30) / 600, True)
    found = ClickRefiner(RedIsGarment()).refine(photo_with(SLEEVE, DRESS), None, mask, [click])
    assert dice(found, expected) > 0.97
    other = SLEEVE if area is DRESS else DRESS
    assert not found[other].any()
    assert found[300:310, 10:20].all()


def test_a_click_takes_away() -> None:
    mask = np.zeros((600, 400), bool)
    mask[SLEEVE] = mask[DRESS] = True
    found = ClickRefiner(RedIsGarment()).refine(
        photo_with(DRESS), None, mask, [Click(120 / 400, 130 / 600, False)]
    )
    assert found[SLEEVE].mean() < 0.05
    assert found[DRESS].all()


def test_a_box_holds_the_whole_garment() -> None:
    mask = np.zeros((600, 400), bool)
    mask[0:30, 0:30] = True
    box = Box(190 / 400, 30 / 600, 340 / 400, 580 / 600)
    found = ClickRefiner(RedIsGarment()).refine(photo_with(SLEEVE, DRESS), None, mask, [], box)
    expected = np.zeros_like(mask)
    expected[DRESS] = True
    assert dice(found, expected) > 0.97
    backwards = Box(box.right, box.bottom, box.left, box.top)
    again = ClickRefiner(RedIsGarment()).refine(
        photo_with(SLEEVE, DRESS), None, mask, [], backwards
    )
    assert np.array_equal(found, again)
    empty = Box(0.5, 0.5, 0.5, 0.5)
    same = ClickRefiner(RedIsGarment()).refine(photo_with(DRESS), None, mask, [], empty)
    assert np.array_equal(same, mask)


@pytest.mark.parametrize("size", [(64, 48), (33, 900), (3000, 2000)])
def test_photos_of_any_size(size: tuple[int, int]) -> None:
    whole = np.s_[: size[0], : size[1]]
    mask = np.zeros(size, bool)
    found = ClickRefiner(RedIsGarment()).refine(
        photo_with(whole, size=size), None, mask, [Click(0.5, 0.5, True)]
    )
    assert found.all()
    assert not mask.any()


def test_sizes_that_differ_are_refused() -> None:
    refiner = ClickRefiner(RedIsGarment())
    with pytest.raises(ValueError, match="its mask"):
        refiner.refine(photo_with(), None, np.zeros((5, 5), bool), [Click(0.5, 0.5, True)])
    with pytest.raises(ValueError, match="neither"):
        refiner.refine(photo_with(), None, np.zeros((600, 400), bool), [])
