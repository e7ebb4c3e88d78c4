"""The context of an interactive request: which clicks and boxes are new, and of which label.

Label Studio 1.23 sends them as results of key points and rectangles, with `is_positive` beside the
value of a click. The protocol that follows it has `positive` in the value, and asks for
capabilities first. What else comes along is passed over: a click that a draft had kept (it has no
sign), a brush result without pixels, results of other images.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hemline.errors import HemlineError
from hemline.labelstudio.project.config import LabelConfig
from hemline.quoting import quoted

_SHAPES = ("keypoint", "rectangle", "point", "box", "")
_MOST = 100  # results of a context that are read, the newest ones


class ClickError(HemlineError):
    """A click or a box that nothing can be done for."""


@dataclass(frozen=True, slots=True)
class Gesture:
    """A click, or a box, in shares (0 to 1) of the photo's width and height.

    Attributes:
        key: Label Studio's id of it; empty if it has none.
        left, top, right, bottom: of a click left is right and top is bottom.
        positive: garment is here; a click with Alt says that there is none.
        label: the label that it was made with; None where the tool has none.
    """

    key: str
    left: float
    top: float
    right: float
    bottom: float
    is_box: bool
    positive: bool
    label: str | None


@dataclass(frozen=True, slots=True)
class ClickContext:
    """What the page asks: gestures of one label, the oldest first; none where there is nothing to
    do. `size` is height and width of the photo as the page has it, if it says so."""

    gestures: tuple[Gesture, ...] = ()
    size: tuple[int, int] | None = None


def read_context(
    context: Any, config: LabelConfig, left_over: Collection[str] = ()
) -> ClickContext:
    """The clicks and boxes of an interactive request.

    Args:
        context: `params.context` as it came.
        left_over: ids of clicks and boxes in the page's drafts. A box among them is an old one; an
            old click is known by having no sign.

    Raises:
        ClickError: the newest one is off the photo or cannot be read, has an unknown label, or was
            made on a photo that is shown rotated.
    """
    results = context.get("result") if isinstance(context, Mapping) else None
    if not isinstance(results, list):
        return ClickContext()
    items = [item for item in results[-_MOST:] if _is_new(item, config, left_over)]
    if not items:
        return ClickContext()
    newest = _gesture(items[-1], config)
    earlier = [found for item in items[:-1] if (found := _readable(item, config)) is not None]
    same = [gesture for gesture in earlier if gesture.label == newest.label]
    return ClickContext((*same, newest), _size(items[-1]))


def _is_new(item: Any, config: LabelConfig, left_over: Collection[str]) -> bool:
    """Whether this is a click with a sign, or a box that is not left over, on our photo."""
    if not isinstance(item, dict) or not isinstance(item.get("value"), dict):
        return False
    kind = str(item.get("type") or "").removesuffix("labels")
    if kind not in _SHAPES or item.get("to_name", config.to_name) != config.to_name:
        return False
    value = item["value"]
    if "x" not in value or "y" not in value:
        return False
    if _sign(item) is not None:
        return True
    return _is_box(value) and str(item.get("id")) not in left_over


def _readable(item: dict[str, Any], config: LabelConfig) -> Gesture | None:
    try:
        return _gesture(item, config)
    except ClickError:
        return None


def _gesture(item: dict[str, Any], config: LabelConfig) -> Gesture:
    value = item["value"]
    if item.get("image_rotation"):
        raise ClickError(
            f"the photo is shown rotated by {quoted(item['image_rotation'])} degrees; rotate it "
            "back before you click"
        )
    is_box = _is_box(value)
    left, top = _share(value, "x"), _share(value, "y")
    right, bottom = left, top
    if is_box:
        across, down = _share(value, "width"), _share(value, "height")
        left, right = sorted((left, left + across))
        top, bottom = sorted((top, top + down))
        left, right = max(left, 0.0), min(right, 1.0)
        top, bottom = max(top, 0.0), min(bottom, 1.0)
    if is_box and not (left < right and top < bottom):
        raise ClickError("the box is off the photo; draw it over the garment")
    if not (0 <= left <= 1 and 0 <= top <= 1):
        raise ClickError("the click is off the photo; click on the photo")
    sign = _sign(item)
    return Gesture(
        key=str(item.get("id") or ""),
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        is_box=is_box,
        positive=sign is not False,
        label=_label(item, config),
    )


def _is_box(value: Mapping[str, Any]) -> bool:
    """A click has a width too, of the dot that is drawn."""
    return "width" in value and "height" in value


def _sign(item: Mapping[str, Any]) -> bool | None:
    for given in (item.get("is_positive"), item["value"].get("positive")):
        if isinstance(given, bool):
            return given
    return None


def _share(value: Mapping[str, Any], name: str) -> float:
    given = value.get(name)
    if isinstance(given, int | float) and not isinstance(given, bool) and abs(given) < 1e6:
        return float(given) / 100
    raise ClickError(f"the click's {name} {quoted(given)} is not a number; click again")


def _label(item: Mapping[str, Any], config: LabelConfig) -> str | None:
    value = item["value"]
    names: Any = value.get(str(item.get("type") or "")) or value.get("labels") or []
    names = names if isinstance(names, list) else [names]
    if not names:
        return config.labels[0] if len(config.labels) == 1 else None
    for name in names:
        if name in config.labels:
            return str(name)
    raise ClickError(
        f"the click has the label {_named(names)}, which the brush {config.from_name!r} lacks; "
        f"it has {', '.join(config.labels)}"
    )


def _named(names: Sequence[Any]) -> str:
    return ", ".join(quoted(name) for name in names[:3])


def _size(item: Mapping[str, Any]) -> tuple[int, int] | None:
    height, width = item.get("original_height"), item.get("original_width")
    if type(height) is int and type(width) is int and height > 0 and width > 0:
        return height, width
    return None
