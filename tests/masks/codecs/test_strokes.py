"""Strokes that a draft keeps apart."""

import math

import numpy as np
import pytest

from hemline.errors import MaskError
from hemline.masks.codecs.strokes import draw_strokes


def stroke(points, width=10.0, kind="add"):
    return {"type": kind, "relativePoints": points, "relativeStrokeWidth": width, "opacity": 0.5}


def test_a_stroke_covers_what_the_brush_covered():
    empty = np.zeros((200, 100), bool)
    drawn = draw_strokes(empty, [stroke([20, 50, 80, 50])])  # 10 px thick, from x 20 to 80
    y, x = np.mgrid[:200, :100] + 0.5
    beyond = np.maximum(np.maximum(20 - x, x - 80), 0)
    true = np.hypot(beyond, y - 100) <= 5
    assert (drawn & true).sum() / (drawn | true).sum() > 0.9
    assert not empty.any()


def test_a_dot_is_a_disc():
    drawn = draw_strokes(np.zeros((100, 100), bool), [stroke([50, 50], width=20)])
    assert drawn.sum() == pytest.approx(math.pi * 100, rel=0.1)


def test_the_eraser_takes_away_and_the_order_counts():
    full = np.ones((100, 100), bool)
    cut = stroke([0, 50, 100, 50], kind="eraser")
    back = stroke([0, 50, 100, 50])
    assert not draw_strokes(full, [cut])[50, 50]
    assert draw_strokes(full, [cut])[20, 50]
    assert draw_strokes(full, [cut, back])[50, 50]
    assert not draw_strokes(full, [back, cut])[50, 50]


def test_a_stroke_may_leave_the_photo():
    drawn = draw_strokes(np.zeros((50, 50), bool), [stroke([-40, 50, 1e9, 50])])
    assert drawn[25].all()


@pytest.mark.parametrize(
    "broken",
    [
        "stroke",
        {},
        stroke([]),
        stroke([1]),
        stroke([1, "x"]),
        stroke([1, float("nan")]),
        stroke([[1, 2], [3, 4]]),
        stroke([1, 2], width=None),
        stroke([1, 2], width=-1),
        stroke([1, 2], width=True),
    ],
)
def test_what_cannot_be_read_is_named(broken):
    with pytest.raises(MaskError, match="stroke"):
        draw_strokes(np.zeros((10, 10), bool), [broken])


def test_so_many_points_that_nobody_drew_them_are_refused():
    with pytest.raises(MaskError, match="200,000"):
        draw_strokes(np.zeros((10, 10), bool), [stroke([1.0] * 400_002)])
