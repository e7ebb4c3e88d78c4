"""Whether anything of a correction was drawn by hand, or clicks alone made it what it is."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.labelstudio.clicks.drawn import brush_regions
from hemline.labelstudio.project.config import LabelConfig
from hemline.labelstudio.regions import region_ids
from hemline.masks.codecs.region import BOX_CONTROL, CLICK_CONTROL, REGION_TYPES, pixels_digest
from hemline.masks.parts import RegionsPer, split_parts


def is_brushed(
    result: Sequence[Any],
    config: LabelConfig,
    *,
    untouched: bool,
    predicted: NDArray[np.uint8] | None,
    clicked: Collection[str],
    size: tuple[int, int],
    seed: str = "",
) -> bool:
    """Whether a region is neither as it was pre-filled nor as a click left it, or was deleted.

    Args:
        result: the regions of an annotation that could be read.
        untouched: the whole mask is as it was pre-filled.
        predicted: (H, W) class ids of the pre-fill, k is config.labels[k - 1]; None without one.
        clicked: digests of the regions that clicks on the task were answered with.
        size: height and width of the photo.
        seed: what the ids of the pre-fill's regions follow from; by them it is known whether a
            label was pre-filled as one region or in parts.
    """
    if untouched:
        return False
    if not clicked:
        return True
    regions = brush_regions(result, config)
    drawn = [
        region
        for region in result
        if isinstance(region, dict)
        and region.get("type") in REGION_TYPES
        and region.get("from_name") not in (*config.clicks, CLICK_CONTROL, BOX_CONTROL)
    ]
    prefilled = {} if predicted is None else _masks(predicted, config)
    if len(regions) != len(drawn):  # other shapes are drawn by hand
        return True
    before: set[str] = set()
    for label, plane in prefilled.items():
        there = {region.key for region in regions if region.label == label}
        parts = split_parts(plane)
        keys = region_ids(seed, label, len(parts), RegionsPer.PART)
        in_parts = not there.isdisjoint(keys)
        if not there or (in_parts and not there.issuperset(keys)):
            return True  # one was deleted
        before |= {pixels_digest(each) for each in (parts if in_parts else [plane])}
    digests = {pixels_digest(region.mask(*size)) for region in regions}
    return not digests <= before.union(clicked)


def _masks(predicted: NDArray[np.uint8], config: LabelConfig) -> dict[str, NDArray[np.bool_]]:
    """(H, W) bool of each label that the pre-fill has."""
    planes = {label: predicted == k for k, label in enumerate(config.labels, start=1)}
    return {label: plane for label, plane in planes.items() if plane.any()}
