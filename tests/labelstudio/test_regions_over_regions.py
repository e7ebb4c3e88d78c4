"""Regions of two labels over each other: the later one lies above, and nothing is dropped."""

from typing import Any

import numpy as np
import pytest

from hemline.errors import MaskError
from hemline.labelstudio import regions
from hemline.labelstudio.project.config import LabelConfig
from hemline.labelstudio.regions import mask_to_regions, regions_to_layers, regions_to_mask
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
    monkeypatch.setattr(regions, "_MOST_COVERED", 599)
    with pytest.raises(MaskError, match="1 labels lie under others on 30 x 20 px"):
        regions_to_layers(made, **read)
