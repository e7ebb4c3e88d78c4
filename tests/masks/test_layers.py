"""Labels over each other: nothing that was drawn is lost, and the last one lies uppermost."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hemline.errors import MaskError
from hemline.masks.layers import Layers, decode_covered, encode_covered

Plane = np.ndarray[Any, np.dtype[np.bool_]]
SIZE = (6, 8)  # height, width

strokes = st.lists(st.tuples(st.integers(1, 4), arrays(bool, SIZE)), max_size=8)


def drawn(made: list[tuple[int, Plane]]) -> Layers:
    layers = Layers(np.zeros(SIZE, np.uint8))
    for class_id, inside in made:
        layers.put(class_id, inside)
    return layers


def same(one: Layers, other: Layers) -> bool:
    return np.array_equal(one.mask, other.mask) and encode_covered(one) == encode_covered(other)


@given(strokes)
def test_a_label_is_all_that_was_drawn_of_it(made: list[tuple[int, Plane]]) -> None:
    layers = drawn(made)
    top = np.zeros(SIZE, np.uint8)
    for class_id, inside in made:
        top[inside] = class_id
    assert np.array_equal(layers.mask, top)
    for class_id in range(1, 5):
        planes = [inside for other, inside in made if other == class_id]
        expected = np.any(planes, axis=0) if planes else np.zeros(SIZE, bool)
        assert np.array_equal(layers.whole(class_id), expected)
        assert (class_id in layers.labels()) == expected.any()


@given(strokes)
def test_put_in_their_order_they_are_the_same_again(made: list[tuple[int, Plane]]) -> None:
    layers = drawn(made)
    assert same(drawn(list(layers.in_order())), layers)


@given(strokes)
def test_what_is_stored_is_read_again(made: list[tuple[int, Plane]]) -> None:
    layers = drawn(made)
    data = encode_covered(layers)
    if data is None:
        assert not any(plane.any() for plane in layers.covered.values())
    else:
        assert same(decode_covered(data, layers.mask), layers)


def bag_before_dress() -> Layers:
    """The bag, of the lower class id, was drawn last."""
    dress, bag = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    dress[1:5, 1:6] = bag[3:6, 4:8] = True
    return drawn([(2, dress), (1, bag)])


def test_a_label_comes_after_those_that_it_lies_over() -> None:
    layers = bag_before_dress()
    assert layers.labels() == [2, 1]
    assert [class_id for class_id, _ in layers.in_order()] == [2, 1]
    assert layers.mask[3, 4] == 1
    assert layers.whole(2)[3, 4]


def test_labels_that_lie_over_each_other_in_turns_come_in_pieces() -> None:
    left, right = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    left[:, :5], right[:, 3:] = True, True
    layers = drawn([(1, left), (2, right), (1, left & (np.arange(SIZE[0])[:, None] > 3))])
    assert [class_id for class_id, _ in layers.in_order()] == [1, 2, 1, 2]
    assert layers.labels() == [1, 2]


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b'{"1": 3}', b'{"x": {}}', b'{"1": {"size": [1, 1], "counts": [1]}}'],
)
def test_what_is_broken_is_named(data: bytes) -> None:
    with pytest.raises(MaskError, match="verify --repair"):
        decode_covered(data, np.zeros(SIZE, np.uint8))


def test_labels_that_lie_side_by_side_need_nothing_stored() -> None:
    left = np.zeros(SIZE, bool)
    left[:, :3] = True
    layers = drawn([(2, left), (1, ~left)])
    assert encode_covered(layers) is None
    assert layers.labels() == [1, 2]
