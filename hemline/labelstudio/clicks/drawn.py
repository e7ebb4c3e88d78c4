"""The regions that a person has before them: of the newest draft, else of the newest annotation,
else of the prediction that the page copies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError
from hemline.labelstudio.messages import is_id
from hemline.labelstudio.project.config import LabelConfig
from hemline.masks.codecs.region import region_to_mask
from hemline.masks.codecs.strokes import draw_strokes
from hemline.quoting import quoted

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DrawnRegion:
    """A brush region as Label Studio has it; `label` is one of the project's."""

    key: str
    label: str
    raw: Json

    @property
    def score(self) -> float | None:
        given = self.raw.get("score")
        if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= 1:
            return float(given)
        return None

    @property
    def rle(self) -> list[int] | None:
        """The pixels as they are stored; None where strokes are to be drawn over them."""
        value = self.raw["value"]
        return None if value.get("touches") else value.get("rle")

    def mask(self, height: int, width: int) -> NDArray[np.bool_]:
        """(height, width) bool: the stored pixels, if there are any, with the strokes over them.

        Raises:
            MaskError: it was drawn on a photo of another size, or cannot be decoded.
        """
        raw = self.raw
        said = (raw.get("original_height", height), raw.get("original_width", width))
        if said != (height, width):
            raise MaskError(
                f"region {quoted(self.key)} was drawn on {quoted(said[1])} x {quoted(said[0])} px "
                f"but the photo is {width} x {height} px; delete it and draw it again on this photo"
            )
        try:
            if raw["value"].get("rle"):
                mask = region_to_mask(raw, height, width)
            else:  # the draft of a region that was drawn by hand
                mask = np.zeros((height, width), dtype=np.bool_)
            strokes = raw["value"].get("touches")
            return draw_strokes(mask, strokes) if isinstance(strokes, list) and strokes else mask
        except MaskError as error:
            raise MaskError(f"region {quoted(self.key)}: {error}") from error


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn on a task, and by whom as far as a draft says so.

    Attributes:
        draft_at: when the newest draft was saved, Unix seconds by Label Studio's clock; 0: none is.
        user: whose draft it is, as an id where that is said; empty without one.
        left_over: ids of key points and rectangles in the drafts.
    """

    regions: tuple[DrawnRegion, ...]
    draft_at: float
    user: str
    left_over: frozenset[str]


def find_drawn(task: Mapping[str, Any], config: LabelConfig) -> Drawn:
    """The brush regions that an open task shows. What cannot be read is passed over."""
    drafts = _objects(task.get("drafts"))
    newest = max(drafts, key=_saved_at, default=None)
    shown = newest or max(_objects(task.get("annotations")), key=_saved_at, default=None)
    shown = shown or max(_objects(task.get("predictions")), key=_saved_at, default=None)
    return Drawn(
        regions=brush_regions(shown.get("result"), config) if shown is not None else (),
        draft_at=_saved_at(newest) if newest is not None else 0.0,
        user=_user(newest) if newest is not None else "",
        left_over=_left_over(drafts),
    )


def brush_regions(result: Any, config: LabelConfig) -> tuple[DrawnRegion, ...]:
    """The regions of a result that the config's brush made, of a label of its own."""
    found = []
    for region in _objects(result):
        value = region.get("value")
        if region.get("type") != "brushlabels" or not isinstance(value, dict):
            continue
        if (region.get("from_name"), region.get("to_name")) != (config.from_name, config.to_name):
            continue
        names = value.get("brushlabels")
        name = names[0] if isinstance(names, list) and len(names) == 1 else None
        if name in config.labels and region.get("id"):
            found.append(DrawnRegion(str(region["id"]), str(name), region))
    return tuple(found)


def _user(draft: Json) -> str:
    """Label Studio's id of the user at the end of "Ann Lee ann@example.com, 7", as annotations have
    it; else the address."""
    number = str(draft.get("created_username") or "").rpartition(", ")[2]
    return number if is_id(number) else str(draft.get("user") or "")


def _left_over(drafts: Sequence[Json]) -> frozenset[str]:
    return frozenset(
        str(region["id"])
        for draft in drafts
        for region in _objects(draft.get("result"))
        if str(region.get("type")).startswith(("keypoint", "rectangle")) and region.get("id")
    )


def _objects(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _saved_at(item: Mapping[str, Any]) -> float:
    """Unix seconds; 0 where it is not said."""
    for name in ("updated_at", "created_at"):
        try:
            moment = datetime.fromisoformat(str(item.get(name)))
        except ValueError:
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return 0.0
