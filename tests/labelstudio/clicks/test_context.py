"""Contexts as Label Studio 1.23.2 sends them, recorded in a browser, and as the next one does."""

from typing import Any

import pytest

from hemline.labelstudio.clicks.context import ClickContext, ClickError, read_context
from hemline.labelstudio.project.config import LabelConfig

ONE = LabelConfig("mask", "image", "image", ("garment",))
MANY = LabelConfig("mask", "image", "image", ("top", "skirt"))


def click(x: float = 35.8, y: float = 23.7, **more: Any) -> dict[str, Any]:
    """An unlabelled key point, as 1.23.2 sends it."""
    return {
        "original_width": 550,
        "original_height": 832,
        "image_rotation": 0,
        "value": {"x": x, "y": y, "width": 0.29},
        "is_positive": True,
        "id": "VDH58ce6Tm",
        "from_name": "click",
        "to_name": "image",
        "type": "keypoint",
        "origin": "manual",
    } | more


def box(**more: Any) -> dict[str, Any]:
    value = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
    made = click(id="box1", type="rectangle", from_name="box", value=value)
    del made["is_positive"]
    return made | more


def ask(*items: Any, config: LabelConfig = ONE, left_over: tuple[str, ...] = ()) -> ClickContext:
    return read_context({"result": list(items)}, config, left_over)


def test_a_click_that_adds():
    asked = ask(click())
    (made,) = asked.gestures
    assert (made.left, made.top, made.right, made.bottom) == pytest.approx(
        (0.358, 0.237, 0.358, 0.237)
    )
    assert (made.positive, made.is_box, made.label, made.key) == (
        True,
        False,
        "garment",
        "VDH58ce6Tm",
    )
    assert asked.size == (832, 550)


def test_a_click_with_alt_takes_away():
    assert [made.positive for made in ask(click(is_positive=False)).gestures] == [False]


def test_a_box_has_no_sign():
    (made,) = ask(box()).gestures
    assert (made.left, made.top, made.right, made.bottom) == pytest.approx((0.1, 0.2, 0.4, 0.6))
    assert (made.is_box, made.positive) == (True, True)


def test_a_box_ends_at_the_photo_and_may_be_drawn_backwards():
    (made,) = ask(box(value={"x": 90, "y": 20, "width": 40, "height": -30})).gestures
    assert (made.left, made.top, made.right, made.bottom) == pytest.approx((0.9, 0, 1, 0.2))


def test_labels_of_the_tool_and_of_a_selected_region():
    labelled = click(
        type="keypointlabels", value={"x": 1, "y": 2, "width": 0.3, "keypointlabels": ["skirt"]}
    )
    selected = click(value={"x": 1, "y": 2, "width": 0.3, "labels": ["top"]})
    assert ask(labelled, config=MANY).gestures[0].label == "skirt"
    assert ask(selected, config=MANY).gestures[0].label == "top"
    assert ask(click(), config=MANY).gestures[0].label is None


def test_two_clicks_that_are_not_answered_yet_both_come_in_their_order():
    asked = ask(click(id="a"), click(id="b", is_positive=False))
    assert [(made.key, made.positive) for made in asked.gestures] == [("a", True), ("b", False)]


def test_earlier_clicks_of_another_label_are_not_of_this_region():
    first = click(id="a", value={"x": 1, "y": 2, "labels": ["top"]})
    second = click(id="b", value={"x": 1, "y": 2, "labels": ["skirt"]})
    assert [made.key for made in ask(first, second, config=MANY).gestures] == ["b"]


def test_what_a_draft_kept_is_old():
    """After a reload an old click joins every context, without a sign."""
    old = click(id="old")
    del old["is_positive"]
    assert ask(old).gestures == ()
    assert [made.key for made in ask(old, click(id="new")).gestures] == ["new"]
    assert ask(box(), left_over=("box1",)).gestures == ()
    assert len(ask(box(), left_over=("another",)).gestures) == 1


def test_a_stray_brush_result_is_passed_over():
    stray = {"id": "VDH58ce6Tm", "type": "brushlabels", "from_name": "mask", "to_name": "image"}
    assert len(ask(click(), stray | {"value": {"brushlabels": ["garment"]}}).gestures) == 1


def test_a_click_on_another_image_is_passed_over():
    assert ask(click(to_name="back")).gestures == ()


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"result": []},
        {"result": None},
        {"result": "click"},
        {"result": [None, 5, "x", {}, {"value": []}, {"value": {"x": 1}}]},
        {"event": "capabilities"},
        [],
        "context",
    ],
)
def test_where_nothing_is_asked_nothing_is_done(context):
    assert read_context(context, ONE) == ClickContext()


def test_the_next_protocol_has_the_sign_in_the_value():
    point = {"value": {"x": 50, "y": 25, "positive": False}, "id": "p"}
    (made,) = read_context({"event": "predict", "result": [point]}, ONE).gestures
    assert (made.left, made.top, made.positive) == (0.5, 0.25, False)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (click(x=-1), "off the photo"),
        (click(y=100.1), "off the photo"),
        (click(x=float("nan")), "not a number"),
        (click(x=10**400), "not a number"),
        (click(x="5"), "not a number"),  # type: ignore[arg-type]
        (click(x=True), "not a number"),
        (box(value={"x": 120, "y": 20, "width": 5, "height": 5}), "off the photo"),
        (box(value={"x": 20, "y": 20, "width": 0, "height": 5}), "off the photo"),
        (click(image_rotation=90), "rotated by 90"),
        (click(value={"x": 1, "y": 1, "labels": ["hat"]}), "'hat', which the brush 'mask' lacks"),
    ],
)
def test_what_cannot_be_followed_is_said(broken, words):
    with pytest.raises(ClickError, match=words):
        ask(broken)


def test_a_broken_earlier_click_does_not_stop_the_newest():
    assert [made.key for made in ask(click(x=-5, id="a"), click(id="b")).gestures] == ["b"]
