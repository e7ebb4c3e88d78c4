"""Windows: what is cut out of a photo goes back to where it was."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hemline.segmentation.clicks.maps import Box, Click
from hemline.segmentation.clicks.windows import SIDE, Window, cut_mask, lay_back, look, window_at


@settings(max_examples=60, deadline=None)
@given(
    st.integers(40, 700),
    st.integers(40, 700),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(20, 900),
)
def test_a_mask_that_is_cut_out_and_laid_back_is_nearly_itself(
    height: int, width: int, y: float, x: float, side: float
) -> None:
    mask = np.zeros((height, width), bool)
    mask[height // 4 : height // 2 + 1, width // 4 : 3 * width // 4 + 1] = True
    window = window_at(y * height, x * width, side, height, width)
    cut = cut_mask(mask, window)
    back, place = lay_back(cut.astype(np.float32), window, height, width)
    part = mask[place.top : place.top + back.shape[0], place.left : place.left + back.shape[1]]
    assert back.shape == part.shape
    wrong = (back >= 0.5) != part
    outline = 2 * (height + width)
    assert wrong.sum() <= outline * max(1.0, window.side / SIDE)


def test_beyond_the_photo_is_filled() -> None:
    mask = np.ones((100, 50), bool)
    window = window_at(50, 25, 100, 100, 50)
    assert window == Window(0, -25, 100)
    cut = cut_mask(mask, window)
    assert not cut[:, : SIDE // 4 - 2].any()
    assert cut[:, SIDE // 4 + 2 : 3 * SIDE // 4 - 2].all()
    assert cut_mask(mask, window, beyond=True).all()


def test_clicks_and_boxes_lie_where_the_photo_shows_them() -> None:
    photo = np.zeros((400, 300, 3), np.uint8)
    photo[100, 150] = 255
    clicks = [Click(150.5 / 300, 100.5 / 400, True), Click(0.99, 0.99, False)]
    box = Box(140 / 300, 90 / 400, 160 / 300, 110 / 400)
    window = window_at(100, 150, SIDE, 400, 300)
    seen, guides = look(window, photo, None, np.zeros((400, 300), bool), clicks, box)
    row, column = np.argwhere(seen[0] == 255)[0]
    assert guides[2, row, column] == 255
    assert guides[2].sum() // 255 in range(60, 100)  # a disk of radius 5
    assert not guides[3].any()  # the other click is beyond the window
    assert guides[4].sum() // 255 == 20 * 20
    assert guides[4, row, column] == 255


def test_probabilities_of_another_size_lie_where_the_photo_shows_them() -> None:
    probability = np.zeros((100, 75), np.float32)
    probability[20:40, 30:60] = 1
    window = window_at(120, 180, SIDE, 400, 300)
    nothing = np.zeros((400, 300), bool)
    _, guides = look(window, np.zeros((400, 300, 3), np.uint8), probability, nothing, [], None)
    expected = np.zeros((400, 300), bool)
    expected[80:160, 120:240] = True
    assert np.mean((guides[0] >= 128) != cut_mask(expected, window)) < 0.01
