"""The controls that masks are corrected with by clicks: a point and a box beside the brush.

With one label they have none of their own, so that nothing has to be chosen before a click. With
several each label of theirs has a key, and is chosen again after each click. `smartOnly` keeps
their shapes out of what is drawn by hand, and `smart="false"` keeps the brush's own smart tool
away, which sends nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from hemline.errors import LabelConfigError
from hemline.labelstudio.clicks.answer import only_brushes
from hemline.labelstudio.project.config import free_hotkeys, parse_label_config
from hemline.masks.codecs.region import BOX_CONTROL, CLICK_CONTROL

_OURS = (CLICK_CONTROL, BOX_CONTROL)
_START = "Correct with a click:"
_HOW = (
    f"{_START} switch on “Auto-Annotation” and “Auto-Accept Suggestions” below the "
    "photo, once in each browser. {keys} Hold Ctrl and click on garment that the mask "
    "leaves out, or hold Ctrl and Alt and click on what is too much; press Esc first if the mask "
    "is selected. A box says that the garment is in it. After a stroke of the brush wait some six "
    "seconds before you click, or the click undoes it."
)
_TOOLS = "K is the point and R the box."
_LABELS = "Choose the label after the tool, before each click."
_PARAGRAPH = re.compile(rf"<p>{_START}.*?</p>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ClickControls:
    """A label config with the controls, or as it was and why it has not been changed."""

    label_config: str
    problem: str = ""


def add_click_controls(xml: str) -> ClickControls:
    """The label config with a point and a box that masks are corrected with.

    Controls that an earlier call added are brought up to date, and taken out where masks are not
    a brush's. A config with key points of its own is left alone: two kinds would be mixed up.

    Raises:
        LabelConfigError: it cannot be pre-filled.
    """
    before = parse_label_config(xml)
    plain = without_click_controls(xml)
    if before.control != "brush":
        return ClickControls(plain, only_brushes(before))
    root = ElementTree.fromstring(plain.strip())
    tags = [element.tag.lower() for element in root.iter()]
    if "keypoint" in tags or "keypointlabels" in tags:
        return ClickControls(xml, "the label config has key points of its own, and is left alone")
    if any(element.get("name") in _OURS for element in root.iter()):
        return ClickControls(
            xml, f"the label config has another control that is named {' or '.join(_OURS)}"
        )
    keys: list[str] = []
    if len(before.labels) > 1:
        free = free_hotkeys([element.get("hotkey", "") for element in root.iter()])
        for begin in ("shift+alt+", "ctrl+alt+"):  # one of each for a label, with the same last key
            keys += [key for key in free if key.startswith(begin)][: len(before.labels)]
        if len(keys) < 2 * len(before.labels):
            return ClickControls(
                xml, f"{len(before.labels)} labels leave too few keys for points and boxes"
            )
    added = _add(plain, before.from_name, _controls(root, before.from_name, before.to_name, keys))
    if added is None or not _is_same_but_for_clicks(added, xml):
        return ClickControls(xml, "the brush is written in a way that Hemline does not change")
    return ClickControls(added)


def add_instruction(instructions: str, xml: str) -> str:
    """A project's instructions with how to correct by clicks, under the label config `xml`."""
    labels = parse_label_config(xml).labels
    keys = _TOOLS if len(labels) == 1 else f"{_TOOLS} {_LABELS} {_keys_in_words(xml)}"
    paragraph = f"<p>{_HOW.format(keys=keys)}</p>"
    if _PARAGRAPH.search(instructions):
        return _PARAGRAPH.sub(lambda _: paragraph, instructions, count=1)
    return f"{instructions.rstrip()}\n{paragraph}" if instructions.strip() else paragraph


def without_click_controls(xml: str) -> str:
    for name in _OURS:
        opening = rf"""<(?P<tag>\w+)\b[^>]*\bname=["']{name}["'][^>]*?"""
        xml = re.sub(rf"\n?[ \t]*{opening}(?:/>|>.*?</(?P=tag)>)", "", xml, flags=re.DOTALL)
    return xml


def _controls(
    root: ElementTree.Element, from_name: str, to_name: str, keys: Sequence[str]
) -> list[str]:
    """The lines of both controls."""
    smart = f'toName={quoteattr(to_name)} smart="true" smartOnly="true"'
    if not keys:
        return [
            f'<KeyPoint name="{CLICK_CONTROL}" {smart}/>',
            f'<Rectangle name="{BOX_CONTROL}" {smart}/>',
        ]
    brush = next(element for element in root.iter() if element.get("name") == from_name)
    labels = [element for element in brush.iter() if element.tag.lower() == "label"]
    return [
        *_labelled("KeyPointLabels", CLICK_CONTROL, smart, labels, keys[: len(labels)]),
        *_labelled("RectangleLabels", BOX_CONTROL, smart, labels, keys[len(labels) :]),
    ]


def _labelled(
    tag: str,
    name: str,
    smart: str,
    labels: Sequence[ElementTree.Element],
    keys: Sequence[str],
) -> list[str]:
    lines = [f'<{tag} name="{name}" {smart}>']
    for label, key in zip(labels, keys, strict=True):
        kept = {name: label.get(name) for name in ("value", "alias", "background")}
        given = "".join(f" {name}={quoteattr(value)}" for name, value in kept.items() if value)
        lines.append(f"  <Label{given} hotkey={quoteattr(key)}/>")
    return [*lines, f"</{tag}>"]


def _add(xml: str, from_name: str, lines: Sequence[str]) -> str | None:
    """The controls after the brush, and the brush without a smart tool; None: it is not found."""
    name = re.escape(escape(from_name))
    found = re.search(
        rf"""([ \t]*)(<BrushLabels\b[^>]*\bname=["']{name}["'][^>]*)(>.*?</BrushLabels>)""",
        xml,
        re.DOTALL | re.IGNORECASE,
    )
    if found is None:
        return None
    indent, opening, rest = found.groups()
    if not re.search(r"\bsmart\s*=", opening, re.IGNORECASE):
        opening += ' smart="false"'
    controls = "".join(f"\n{indent}{line}" for line in lines)
    return f"{xml[: found.start()]}{indent}{opening}{rest}{controls}{xml[found.end() :]}"


def _is_same_but_for_clicks(after: str, before: str) -> bool:
    try:
        changed = parse_label_config(after)
    except LabelConfigError:
        return False
    return changed == parse_label_config(before) and set(changed.clicks) == set(_OURS)


def _keys_in_words(xml: str) -> str:
    root = ElementTree.fromstring(xml.strip())
    said = []
    for control, thing in ((CLICK_CONTROL, "points"), (BOX_CONTROL, "boxes")):
        labels = [
            f"{escape(label.get('value') or '')} {label.get('hotkey')}"
            for element in root.iter()
            if element.get("name") == control
            for label in element.iter()
            if label.tag.lower() == "label"
        ]
        said.append(f"Keys of the {thing}: {', '.join(labels)}.")
    return " ".join(said)
