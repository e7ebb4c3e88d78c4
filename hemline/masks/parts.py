"""The parts of a label that lie apart: each is a region of its own where a project says so."""

from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.masks.clean import SMALLEST_OF_PHOTO, SMALLEST_SHARE
from hemline.masks.nearest import nearest_values

# Each region costs the editor a canvas of the photo's size.
MOST_PARTS = 32


class RegionsPer(StrEnum):
    """What becomes one region in Label Studio."""

    LABEL = "per-label"  # all of a label
    PART = "per-part"  # each part of a label that lies apart: each shoe, each of two people's coats


def split_parts(inside: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The parts of one label, by where they begin: from the top down, then from the left.

    Pixels that touch at a corner belong together. An island that is too small to be real, by the
    limits of `clean_mask`, is no part: it goes with the part that is nearest to it. So do the
    smallest islands where there are more than MOST_PARTS. The largest island is a part in any case.

    Args:
        inside: (H, W) bool.

    Returns:
        (H, W) bool each, which do not overlap and together are `inside`; none if it is empty.
    """
    number, islands, figures, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(inside).view(np.uint8), connectivity=8
    )
    areas = figures[1:, cv2.CC_STAT_AREA]
    if areas.size < 2:
        return [inside] * areas.size
    largest = np.argsort(-areas, kind="stable")[:MOST_PARTS]
    least = max(areas.max() * SMALLEST_SHARE, SMALLEST_OF_PHOTO * inside.size)
    parts = np.sort(largest[(areas[largest] >= least) | (largest == largest[0])]) + 1
    part_of = np.zeros(number, dtype=np.int32)  # by island
    part_of[parts] = np.arange(1, parts.size + 1)
    found = part_of[islands]
    if parts.size < areas.size:
        small = inside & (found == 0)
        nearest = nearest_values(found, found > 0, small)
        others, first = np.unique(islands[small], return_index=True)
        part_of[others] = nearest[first]
        found = part_of[islands]
    return [found == part for part in range(1, parts.size + 1)]
