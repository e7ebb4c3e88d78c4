"""What a label config means for masks where it is not one brush alone, in sentences for people."""

from collections.abc import Sequence
from xml.etree import ElementTree

from hemline.labelstudio.project.config import LabelConfig, labels_of, parse_label_config
from hemline.masks.codecs.region import POLYGON_TOLERANCE_PX

_NAMED = 5


def controls_in_words(xml: str) -> list[str]:
    """What pre-fills go to, and what counts beside it; nothing of a config with one brush alone.

    Raises:
        LabelConfigError: it cannot be pre-filled.
    """
    config = parse_label_config(xml)
    said = [_kind(config)] if config.control != "brush" else []
    said += [
        f"What is drawn with '{name}' counts too where it has a label of '{config.from_name}'; "
        f"pre-fills go to '{config.from_name}'"
        for name in config.others
    ]
    said += [
        f"Rectangles and ellipses of '{name}' count as masks and are never pre-filled"
        for name in config.shapes
    ]
    root = ElementTree.fromstring(xml.strip())
    for name in config.others:
        left_out = [label for label in labels_of(root, name) if label not in config.labels]
        if left_out:
            said.append(
                f"{_listed(left_out)} of '{name}' will be in no mask, since '{config.from_name}' "
                "has no such label; add it there if it is a garment"
            )
    return said


def _kind(config: LabelConfig) -> str:
    if config.control == "bitmask":
        return f"Pre-fills are bitmasks of '{config.from_name}'"
    return (
        f"Pre-fills are polygons of '{config.from_name}', one for each part, which follow the "
        f"predicted mask within {POLYGON_TOLERANCE_PX:g} px; a hole is cut in from the outline"
    )


def _listed(labels: Sequence[str]) -> str:
    named = ", ".join(f"'{label}'" for label in labels[:_NAMED])
    more = len(labels) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
