"""Masks as bitmasks and polygons, and polygons beside a brush."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from hemline.errors import MaskError
from hemline.labelstudio.regions import as_shown
from tests.labelstudio.test_regions import (
    CONFIG,
    box,
    brush_region,
    class_masks,
    polygon_region,
    read,
    write,
)

POLYGON = replace(CONFIG, control="polygon")
BITMASK = replace(CONFIG, control="bitmask")


@given(class_masks)
def test_bitmasks_are_read_back_exactly(mask):
    assert np.array_equal(read(write(mask, config=BITMASK), *mask.shape, config=BITMASK), mask)


@given(class_masks)
def test_what_polygons_show_is_what_is_read_of_them(mask):
    regions = write(mask, config=POLYGON)
    assert {region["type"] for region in regions} <= {"polygonlabels"}
    assert len({region["id"] for region in regions}) == len(regions)
    shown = read(regions, *mask.shape, config=POLYGON)
    assert np.array_equal(shown, as_shown(mask, POLYGON))
    # As a browser's arithmetic may give the points back.
    for region in regions:
        region["value"]["points"] = [
            [x * (1 + 1e-12), y - 1e-12] for x, y in region["value"]["points"]
        ]
    assert np.array_equal(shown, read(regions, *mask.shape, config=POLYGON))


def test_a_brush_shows_what_it_is_given():
    assert as_shown(box(), CONFIG) is not None
    assert np.array_equal(as_shown(box(), CONFIG), box())


def test_brush_and_polygons_of_a_label_are_added():
    config = replace(CONFIG, others=("outline",))
    outline = polygon_region([[0, 0], [20, 0], [20, 25], [0, 25]], "top")
    mask = read([brush_region(box()), outline], config=config)
    assert np.array_equal(mask, box() | box(rows=slice(0, 5), columns=slice(0, 6)))


def test_a_polygon_beside_the_brush_that_lost_its_label_is_not_passed_over():
    config = replace(CONFIG, others=("outline",))
    bare = polygon_region([[0, 0], [20, 0], [20, 25]]) | {"type": "polygon"}
    del bare["value"]["polygonlabels"]
    with pytest.raises(MaskError, match="it has no label; give it one"):
        read([brush_region(box()), bare], config=config)
