"""Regions of two labels over each other: the later one lies above, and nothing is dropped."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from hemline.errors import MaskError
from hemline.labelstudio.project.config import LabelConfig
from hemline.labelstudio.regions import mask_to_regions, regions_to_layers, regions_to_mask
from hemline.masks import layers as module
from hemline.masks.codecs.region import CONTROLS, Control

LABELS = ("dress", "bag")
SIZE = {"height": 20, "width": 30}


def drawn(control: Control, *class_ids: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Regions of the labels in this order, and what they are read with. The bag is (5..15, 15..25),
    the dress (5..15, 10..20)."""
    config = LabelConfig("mask", "image", "image", LABELS, control=control)
    made = []
    for class_id in class_ids:
        mask = np.zeros((20, 30), np.uint8)
        mask[5:15, 5 * class_id + 5 : 5 * class_id + 15] = class_id
        made += mask_to_regions(mask, config=config, labels=LABELS, region_scores={}, seed="hand")
    return made, {"config": config, "labels": LABELS, **SIZE}


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_later_region_lies_over_the_earlier_one(
    control: Control, order: tuple[int, int]
) -> None:
    made, read = drawn(control, *order)
    layers = regions_to_layers(made, **read)
    below, above = order
    assert (regions_to_mask(made, **read)[5:15, 15:20] == above).all()
    assert np.array_equal(layers.mask, regions_to_mask(made, **read))
    assert np.count_nonzero(layers.covered[below]) == 50
    assert np.count_nonzero(layers.whole(below)) == np.count_nonzero(layers.whole(above)) == 100


def test_regions_of_one_label_cover_nothing() -> None:
    made, read = drawn("brush", 1)
    assert regions_to_layers([*made, *made], **read).covered == {}


def test_what_does_not_fit_in_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made, read = drawn("brush", 1, 2)
    monkeypatch.setattr(module, "_MOST_COVERED", 599)
    with pytest.raises(MaskError, match="1 labels lie under others on 30 x 20 px"):
        regions_to_layers(made, **read)


def test_a_short_annotation_of_a_large_photo_takes_no_more_memory_than_stated() -> None:
    labels = tuple(f"label {k}" for k in range(12))
    config = LabelConfig("mask", "image", "image", labels, shapes=("box",))
    result = [
        {
            "id": f"r{k}",
            "from_name": "box",
            "to_name": "image",
            "type": "rectanglelabels",
            "value": {
                "x": k,
                "y": 0,
                "width": 80,
                "height": 100,
                "rectanglelabels": [label],
            },
        }
        for k, label in enumerate(labels)
    ]
    side = 5_000
    tracemalloc.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_MOST_COVERED", 3 * side**2)
            with pytest.raises(MaskError, match="4 labels lie under others on 5000 x 5000 px"):
                regions_to_layers(result, config=config, labels=labels, height=side, width=side)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < (3 + 5) * side**2  # three planes, and five for the mask and for drawing
    assert module._MOST_COVERED <= 2**29
