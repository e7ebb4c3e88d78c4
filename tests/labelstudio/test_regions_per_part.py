"""One region for each part of a label: read back it is the same mask, whatever it is drawn with."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from hemline.labelstudio.project.config import LabelConfig
from hemline.labelstudio.regions import as_shown, mask_to_regions, region_ids, regions_to_mask
from hemline.masks.codecs.region import CONTROLS, Control
from hemline.masks.parts import RegionsPer

Mask = np.ndarray[Any, np.dtype[np.uint8]]
LABELS = ("shoes", "bag", "hat")


def config(control: Control) -> LabelConfig:
    return LabelConfig("mask", "image", "image", LABELS, control=control)


def write(mask: Mask, control: Control, per: RegionsPer = RegionsPer.PART) -> list[dict[str, Any]]:
    return mask_to_regions(
        mask,
        config=config(control),
        labels=LABELS,
        region_scores={"shoes": 0.5},
        seed="seed",
        per=per,
    )


def outfit() -> Mask:
    """(200, 300): two shoes, one bag, and a speck beside the right shoe."""
    mask = np.zeros((200, 300), dtype=np.uint8)
    mask[100:150, 20:100] = mask[90:150, 180:270] = 1
    mask[20:60, 100:160] = 2
    mask[160:162, 260:263] = 1
    return mask


@pytest.mark.parametrize("control", CONTROLS)
@given(
    mask=arrays(
        np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=24), elements=st.integers(0, 3)
    )
)
def test_what_is_written_is_read_as_it_is_shown(control: Control, mask: Mask) -> None:
    height, width = mask.shape
    read = regions_to_mask(
        write(mask, control), config=config(control), labels=LABELS, height=height, width=width
    )
    assert np.array_equal(read, as_shown(mask, config(control)))


@pytest.mark.parametrize("control", CONTROLS)
def test_two_shoes_are_two_regions_and_a_speck_is_none(control: Control) -> None:
    regions = write(outfit(), control)
    kind = f"{control}labels"
    assert [region["value"][kind] for region in regions] == [["shoes"], ["shoes"], ["bag"]]
    assert [region.get("score") for region in regions] == [0.5, 0.5, None]
    right, left, _ = (
        regions_to_mask([region], config=config(control), labels=LABELS, height=200, width=300)
        for region in regions
    )
    assert right[160, 261] == 1  # the speck
    assert not right[:, :170].any()
    assert not left[:, 170:].any()


@pytest.mark.parametrize(("control", "number"), [("brush", 2), ("bitmask", 2), ("polygon", 4)])
def test_by_default_a_label_is_one_region(control: Control, number: int) -> None:
    assert len(write(outfit(), control, RegionsPer.LABEL)) == number


def test_ids_tell_parts_from_a_whole_label() -> None:
    parts = [region["id"] for region in write(outfit(), "brush")]
    whole = [region["id"] for region in write(outfit(), "brush", RegionsPer.LABEL)]
    assert len({*parts, *whole}) == 4
    assert parts[2] == whole[1]  # one part alone is the whole label
    assert parts[:2] == region_ids("seed", "shoes", 2, RegionsPer.PART)
    assert parts == [region["id"] for region in write(outfit(), "brush")]
