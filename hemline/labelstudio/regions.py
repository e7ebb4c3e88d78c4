"""A class-id mask as Label Studio's regions, and back."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError
from hemline.labelstudio.project.config import LabelConfig
from hemline.labelstudio.project.review_fields import CONTROL as REVIEW_CONTROL
from hemline.masks.codecs.brush import check_mask_size
from hemline.masks.codecs.region import (
    BOX_CONTROL,
    CLICK_CONTROL,
    REGION_TYPES,
    region_cost,
    region_to_mask,
    region_values,
)
from hemline.masks.layers import Layers
from hemline.masks.parts import RegionsPer
from hemline.quoting import quoted

Region = dict[str, Any]

_LARGEST_COST = 2**33  # of the regions of one annotation: about 30 s
_NAMED = 5  # labels of a region, in a sentence

# What annotators say beside the shapes, or of one of them.
_ANSWERS = (
    "choices",
    "textarea",
    "rating",
    "number",
    "datetime",
    "taxonomy",
    "pairwise",
    "ranker",
    "table",
    "relation",
)


def mask_to_regions(
    mask: NDArray[np.uint8],
    *,
    config: LabelConfig,
    labels: Sequence[str],
    region_scores: Mapping[str, float],
    seed: str,
    per: RegionsPer = RegionsPer.LABEL,
) -> list[Region]:
    """Write a mask as regions of the config's control, in the labels' order.

    A brush or a bitmask is one region for each label that is present, or for each of its parts
    (`hemline.masks.parts`). A polygon is one for each part in any case, since it has one outline,
    and is simplified within POLYGON_TOLERANCE_PX.

    Args:
        mask: (H, W) class ids: 0 is background, k is labels[k - 1]. Of the size of the upright
            photo, for a region of any other size is drawn as garbage and saved as such.
        config: where the regions go; it must have each label that is present.
        labels: names of the class ids.
        region_scores: label to 0 (a person should look) .. 1 (sure); labels without one get none.
            All regions of a label get the same.
        seed: equal seeds give equal region ids, so that a prediction sent twice is the same.
        per: what is one region.

    Raises:
        MaskError: the mask has a class id beyond the labels, or a label that the config lacks.
    """
    height, width = mask.shape
    present = [int(class_id) for class_id in np.flatnonzero(np.bincount(mask.ravel())) if class_id]
    regions = []
    for class_id in present:
        if class_id > len(labels):
            raise MaskError(
                f"mask has class id {class_id} but there are only {len(labels)} labels; "
                "predict with a model of this project's labels"
            )
        label = labels[class_id - 1]
        if label not in config.labels:
            raise MaskError(
                f"mask has the label {label!r}, which the label config lacks; it has "
                f"{', '.join(config.labels)}"
            )
        values = region_values(mask == class_id, config.control, per)
        for value, key in zip(values, region_ids(seed, label, len(values), per), strict=True):
            region: Region = {
                "id": key,
                "from_name": config.from_name,
                "to_name": config.to_name,
                "type": f"{config.control}labels",
                "original_width": width,
                "original_height": height,
                "image_rotation": 0,
                "value": value | {f"{config.control}labels": [label]},
            }
            if label in region_scores:
                region["score"] = round(float(region_scores[label]), 4)
            regions.append(region)
    return regions


def region_ids(seed: str, label: str, number: int, per: RegionsPer) -> list[str]:
    """The ids of the regions of one label. That of a part tells that it is one of several."""
    first = 1 if per is RegionsPer.PART and number > 1 else 0
    names = [
        f"{seed}\n{label}" + (f"\n{place}" if place else "")
        for place in range(first, first + number)
    ]
    return [sha256(name.encode()).hexdigest()[:10] for name in names]


def as_shown(mask: NDArray[np.uint8], config: LabelConfig) -> NDArray[np.uint8]:
    """A mask (H, W) in the config's class ids as its regions show it: what an annotator who changes
    nothing submits, whatever is one region. Polygons are simplified."""
    if config.control != "polygon":
        return mask
    regions = mask_to_regions(
        mask, config=config, labels=config.labels, region_scores={}, seed="shown"
    )
    height, width = mask.shape
    return regions_to_mask(regions, config=config, labels=config.labels, height=height, width=width)


def regions_to_mask(
    result: Sequence[Any],
    *,
    config: LabelConfig,
    labels: Sequence[str],
    height: int | None,
    width: int | None,
) -> NDArray[np.uint8]:
    """Read the `result` of an annotation or a prediction as one mask (H, W) of class ids: the
    uppermost of `regions_to_layers`, which says more."""
    return regions_to_layers(result, config=config, labels=labels, height=height, width=width).mask


def regions_to_layers(
    result: Sequence[Any],
    *,
    config: LabelConfig,
    labels: Sequence[str],
    height: int | None,
    width: int | None,
) -> Layers:
    """Read the `result` of an annotation or a prediction, with what lies under other labels.

    Brush, bitmask and polygon regions on the config's photo count, and rectangles and ellipses of
    the config's `shapes`; where they overlap, the later one lies over the earlier one. Choices,
    texts, clicks and boxes for a model and regions on other photos are passed over, and so are
    those of other controls whose labels are not ours. A result without any region says that there
    is no garment; one that has only what is passed over says nothing, and is refused.

    Args:
        result: regions as Label Studio has them.
        labels: class id k is labels[k - 1].
        height, width: size of the upright photo, or None to take it from the regions.

    Returns:
        A mask (H, W) uint8 of class ids, 0 is background, and what is covered of each label. A
        brush pixel is inside above alpha 127.

    Raises:
        MaskError: a region has another size than the photo, a label that is not among `labels`,
            none or several labels, a rotated photo under it, a shape that is no mask, or a mask
            that cannot be decoded; there are regions or answers and none of them is a mask; all
            regions together would take too long, or what is covered too much memory; or the size
            is not known from anywhere.
    """
    regions = [region for region in result if _is_ours(region, config, labels)]
    if not regions:
        _check_empty(result, config)
    size = (height, width) if height and width else _common_size(regions)
    check_mask_size(*size)
    layers = Layers(np.zeros(size, dtype=np.uint8))
    cost = 0
    for region in regions:
        try:
            _check_shape(region, config)
            cost += region_cost(region, *size)
            _check_cost(cost, len(regions), *size)
            class_id = labels.index(_label(region, labels)) + 1
            _check_fit(region, *size)
            layers.put(class_id, region_to_mask(region, *size))
        except MaskError as error:
            raise MaskError(f"region {quoted(region.get('id', '?'))}: {error}") from error
    return layers


def _is_ours(region: Any, config: LabelConfig, labels: Sequence[str]) -> bool:
    """Whether it is a shape on our photo, by our control or with a label of ours."""
    if not isinstance(region, dict) or region.get("type") in _ANSWERS:
        return False
    if _is_left_over(region, config):
        return False
    if region.get("to_name") != config.to_name:
        return False
    if region.get("from_name") in (config.from_name, *config.shapes):
        return True
    names = _label_names(region)
    if region.get("from_name") in config.others and not names:
        return True  # of ours perhaps: its label was taken away
    return any(label in labels for label in names)


def _is_left_over(region: Region, config: LabelConfig) -> bool:
    """Whether it is a click or a box that Label Studio kept, or what came of one a second time."""
    return region.get("from_name") in (*config.clicks, CLICK_CONTROL, BOX_CONTROL)


def _check_shape(region: Region, config: LabelConfig) -> None:
    kind = str(region.get("type"))
    if kind.startswith(("rectangle", "ellipse")) and region.get("from_name") not in config.shapes:
        shape = "a rectangle" if kind.startswith("rectangle") else "an ellipse"
        raise MaskError(
            f"it is {shape} by {quoted(region.get('from_name'))}, which is not a control with the "
            f"labels of {config.from_name!r}; draw the garment with that one, and delete it"
        )
    if kind not in REGION_TYPES:
        raise MaskError(
            f"its type is {quoted(region.get('type'))}, which has no area; draw the garment "
            "with a brush, or as a polygon, rectangle or ellipse, and delete it"
        )


def _check_empty(result: Sequence[Any], config: LabelConfig) -> None:
    """A result without a mask means "no garment" only if there is nothing else in it either: a
    shape by another control, or an answer alone, may well be about a garment. What a reviewer says
    of a mask is said of there being none too."""
    for item in result:
        if isinstance(item, dict) and (
            item.get("from_name") == REVIEW_CONTROL or _is_left_over(item, config)
        ):
            continue
        kind = item.get("type") if isinstance(item, dict) else type(item).__name__
        by, on = (
            (item.get("from_name"), item.get("to_name")) if isinstance(item, dict) else (None, None)
        )
        raise MaskError(
            f"it has no mask on {config.to_name!r}, only {quoted(kind)} by {quoted(by)} on "
            f"{quoted(on)}; draw the garment with {config.from_name!r}, or delete what is there if "
            "there is no garment"
        )


def _label_names(region: Region) -> list[Any]:
    """Labels of a region, as its value has them under the name of its type, or as "labels"."""
    value = region.get("value")
    if not isinstance(value, dict):
        return []
    names = value.get(str(region.get("type")), value.get("labels", []))
    return names if isinstance(names, list) else [names]


def _label(region: Region, labels: Sequence[str]) -> str:
    names = _label_names(region)
    if len(names) != 1:
        carries = (
            f"has the labels {', '.join(map(quoted, names[:_NAMED]))}" if names else "has no label"
        )
        raise MaskError(f"it {carries}; give it one")
    if names[0] not in labels:
        raise MaskError(
            f"its label {quoted(names[0])} is not among {', '.join(labels)}; relabel it, or add "
            "the label to the project"
        )
    return str(names[0])


def _common_size(regions: Sequence[Region]) -> tuple[int, int]:
    """Height and width of the first region that says its size."""
    for region in regions:
        height, width = region.get("original_height"), region.get("original_width")
        if isinstance(height, int) and isinstance(width, int):
            return height, width
    raise MaskError("the size of the photo is unknown and no region gives it; give the size")


def _check_cost(cost: int, regions: int, height: int, width: int) -> None:
    """So many or such long regions that nobody drew them must not hold up the annotations after."""
    if cost > _LARGEST_COST:
        raise MaskError(
            f"{regions} regions on {width} x {height} px take too long to read; draw fewer, or "
            "polygons with fewer points"
        )


def _check_fit(region: Region, height: int, width: int) -> None:
    """Regions may leave their size out (Label Studio fills it in on save), but not lie."""
    said = (region.get("original_width", width), region.get("original_height", height))
    if said != (width, height):
        raise MaskError(
            f"it was drawn on {quoted(said[0])} x {quoted(said[1])} px but the photo is "
            f"{width} x {height} px; delete it and draw it again on this photo"
        )
    rotation = region.get("image_rotation") or 0
    if rotation:
        raise MaskError(
            f"it was drawn on the photo rotated by {quoted(rotation)} degrees; rotate the photo "
            "back and draw it again"
        )
