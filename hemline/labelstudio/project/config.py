"""The label config of a project: what Hemline reads from it, and the one it writes itself."""

import colorsys
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from hemline.errors import LabelConfigError
from hemline.masks.codecs.region import CONTROLS, Control

MAX_LABELS = 255  # Class ids are uint8 and 0 is the background.

# A label without a hotkey is given one by the editor, from a list that holds the editor's own keys:
# the 13th label gets the eraser's `e`, and erasing then relabels the region. So each label gets
# one here, of the keys that the editor leaves free.
_LETTERS = "qtasdfgzxcyijln"
_DIGITS = "1234567890"
_HOTKEYS = (
    *_DIGITS,
    *_LETTERS,
    *(f"shift+{key}" for key in _LETTERS),
    *(f"shift+alt+{key}" for key in _DIGITS + _LETTERS),
    *(f"ctrl+alt+{key}" for key in _DIGITS + _LETTERS),
)
# As label configs and messages name them. Tags count in upper and lower case.
_TAGS: Mapping[Control, str] = {
    "brush": "BrushLabels",
    "bitmask": "BitmaskLabels",
    "polygon": "PolygonLabels",
}
_SHAPES = ("RectangleLabels", "EllipseLabels")
_EXAMPLE = (
    '<Image name="image" value="$image"/>'
    '<BrushLabels name="mask" toName="image"><Label value="garment"/></BrushLabels>'
)


@dataclass(frozen=True)
class LabelConfig:
    """What masks are drawn with in a project, and the photo that they are drawn on.

    Attributes:
        from_name: name of the BrushLabels, BitmaskLabels or PolygonLabels that pre-fills go to.
        to_name: name of the Image.
        data_key: where a task's data has the photo's URL: "image", "photo.url", "images[0]"; see
            `hemline.labelstudio.task_data.find_field`.
        labels: that control's labels in their order, as results name them. No two are equal.
        clicks: names of the controls that only point for a model (smartOnly), whose results are no
            garments. Configs that differ in them alone are equal: annotations read the same.
        shapes: names of the RectangleLabels and EllipseLabels on the photo that have a label of
            that control's: only theirs are garments, other boxes may be anything.
        control: which kind the control is.
        others: the controls of these three kinds on the photo beside it that have a label of its
            own, by name: what is drawn with them is added, label by label.
    """

    from_name: str
    to_name: str
    data_key: str
    labels: tuple[str, ...]
    shapes: tuple[str, ...] = ()
    clicks: tuple[str, ...] = field(default=(), compare=False)
    control: Control = "brush"
    others: tuple[str, ...] = ()

    @property
    def takes_clicks(self) -> bool:
        """Whether masks can be corrected with clicks: those of a brush, by controls that point."""
        return self.control == "brush" and bool(self.clicks)

    @property
    def tag(self) -> str:
        """The control as label configs name it, "BrushLabels" for one."""
        return _TAGS[self.control]


def parse_label_config(xml: str) -> LabelConfig:
    """Read the control that masks are drawn with, and the Image that it points to.

    Of several kinds the one that holds masks best is taken: brush, then bitmask, then polygon.

    Raises:
        LabelConfigError: the text is no XML, there is no Image that reads a task's data, no such
            control points to it, or several of one kind do, or one to several Images, or they have
            no Label or more than 255.
    """
    root = _parse_xml(xml)
    images = {
        element.get("name", ""): element.get("value", "")
        for element in _tags(root, "image")
        if element.get("value")
    }
    if not images:
        raise LabelConfigError(f"label config has no <Image> with a value; add one: {_EXAMPLE}")
    kind, found = _controls(root, images)
    element, to_name = _only(_TAGS[kind], found)
    from_name = element.get("name", "")
    labels = _labels(element, f"<{_TAGS[kind]} name={from_name!r}>")
    clicks = _clicks(root, to_name)
    shapes = [name for name in _named(root, _SHAPES, to_name, labels) if name not in clicks]
    others = tuple(
        name for name in _named(root, tuple(_TAGS.values()), to_name, labels) if name != from_name
    )
    return LabelConfig(
        from_name,
        to_name,
        _data_key(images[to_name]),
        labels,
        tuple(shapes),
        clicks,
        control=kind,
        others=others,
    )


def render_label_config(labels: Sequence[str], control: Control = "brush") -> str:
    """Write a label config for masks of `labels`, drawn with that kind of control.

    Each label has a colour and a hotkey of its own.

    Args:
        labels: 1 to 90 different names; there are no more free keys.

    Raises:
        LabelConfigError: there is no label, one is empty or twice there, or they are over 90.
    """
    _check_labels(labels, "label config", limit=len(_HOTKEYS))
    lines = "".join(
        f"    <Label value={quoteattr(label)} background={quoteattr(_colour(index))} "
        f"hotkey={quoteattr(_HOTKEYS[index])}/>\n"
        for index, label in enumerate(labels)
    )
    return (
        "<View>\n"
        '  <Image name="image" value="$image" zoom="true" zoomControl="true"/>\n'
        f'  <{_TAGS[control]} name="mask" toName="image">\n{lines}  </{_TAGS[control]}>\n'
        "</View>\n"
    )


def labels_of(root: ElementTree.Element, control: str) -> list[str]:
    """The labels of the control of that name, as results name them."""
    return [
        _name(label)
        for element in root.iter()
        if element.get("name") == control
        for label in _tags(element, "label")
    ]


def free_hotkeys(taken: Iterable[str]) -> list[str]:
    """The keys for labels that none of those `taken` has, the handiest first."""
    used = {key.lower().replace(" ", "") for each in taken for key in each.split(",")}
    return [key for key in _HOTKEYS if key not in used]


def _parse_xml(xml: str) -> ElementTree.Element:
    if "<!doctype" in xml.lower() or "<!entity" in xml.lower():
        raise LabelConfigError("label config declares a DOCTYPE or entities; remove them")
    try:
        return ElementTree.fromstring(xml.strip())
    except (ElementTree.ParseError, ValueError) as error:
        raise LabelConfigError(
            f"label config is not well-formed XML ({error}); correct it"
        ) from error


def _tags(root: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Elements of that tag in document order; Label Studio does not mind upper or lower case."""
    return (element for element in root.iter() if element.tag.lower() == name.lower())


def _targets(control: ElementTree.Element) -> list[str]:
    return [target.strip() for target in control.get("toName", "").split(",")]


_Found = list[tuple[ElementTree.Element, str]]


def _controls(root: ElementTree.Element, images: Collection[str]) -> tuple[Control, _Found]:
    """The kind that masks are drawn with, and its controls with an image that each points to."""
    for kind in CONTROLS:
        found = [
            (control, target)
            for control in _tags(root, _TAGS[kind])
            for target in _targets(control)
            if target in images
        ]
        if found:
            return kind, found
    raise LabelConfigError(
        "label config has no <BrushLabels>, <BitmaskLabels> or <PolygonLabels> with a toName among "
        f"its images ({', '.join(sorted(images))}); add one: {_EXAMPLE}"
    )


def _only(tag: str, found: _Found) -> tuple[ElementTree.Element, str]:
    """The one control and the name of its image. Which of several has the garment is not guessed:
    a wrong guess would lose what is drawn with the others."""
    names = list(dict.fromkeys(control.get("name", "") for control, _ in found))
    if len(names) > 1:
        change = "<RectangleLabels>" if tag == _TAGS["polygon"] else "<PolygonLabels>"
        raise LabelConfigError(
            f"label config has {len(names)} <{tag}> ({', '.join(names)}) and Hemline masks "
            "with one; put the garment's labels into one of them, and change the others, such as "
            f"those of defects, to {change}"
        )
    images = list(dict.fromkeys(image for _, image in found))
    if len(images) > 1:
        raise LabelConfigError(
            f"<{tag} name={names[0]!r}> draws on {len(images)} images "
            f"({', '.join(images)}) and Hemline masks one photo a task; make a task of each photo, "
            "or give it one image as its toName"
        )
    return found[0]


def _named(
    root: ElementTree.Element, tags: Sequence[str], to_name: str, labels: Sequence[str]
) -> list[str]:
    """Names of the controls of these tags on that image that have one of the labels."""
    return [
        control.get("name", "")
        for tag in tags
        for control in _tags(root, tag)
        if to_name in _targets(control)
        and any(_name(label) in labels for label in _tags(control, "label"))
    ]


def _clicks(root: ElementTree.Element, to_name: str) -> tuple[str, ...]:
    return tuple(
        control.get("name", "")
        for tag in ("keypoint", "keypointlabels", "rectangle", "rectanglelabels")
        for control in _tags(root, tag)
        if to_name in _targets(control)
        and any(
            name.lower() == "smartonly" and value.lower() == "true"
            for name, value in control.attrib.items()
        )
    )


def _data_key(value: str) -> str:
    match = re.fullmatch(r"\s*\$(\w+(?:\.\w+|\[\d+\])*)\s*", value)
    if match is None:
        raise LabelConfigError(
            f"label config's <Image> has the value {value!r}, which is not a field of the tasks; "
            'give it one, such as value="$image" or value="$photo.url"'
        )
    return match[1]


def _labels(control: ElementTree.Element, where: str) -> tuple[str, ...]:
    labels = [_name(element) for element in _tags(control, "label")]
    _check_labels(labels, where)
    return tuple(labels)


def _name(label: ElementTree.Element) -> str:
    """A label as results carry it: its alias where it has one."""
    return label.get("alias") or label.get("value") or ""


def _check_labels(labels: Sequence[str], where: str, limit: int = MAX_LABELS) -> None:
    if not labels:
        raise LabelConfigError(f'{where} has no label; add one: <Label value="garment"/>')
    if len(labels) > limit:
        raise LabelConfigError(
            f"{where} has {len(labels)} labels, over the limit of {limit}; remove some"
        )
    for label in labels:
        if not label.strip():
            raise LabelConfigError(f"{where} has a label without a value; name it or remove it")
        if labels.count(label) > 1:
            raise LabelConfigError(f"{where} has the label {label!r} twice; remove one")


def _colour(index: int) -> str:
    """Colours that stay apart however many there are: hues a golden angle from each other."""
    red, green, blue = colorsys.hls_to_rgb((0.95 + index * 0.381966) % 1, 0.5, 0.85)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
