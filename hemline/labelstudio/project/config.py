"""The label config of a project: what Hemline reads from it, and the one it writes itself."""

import colorsys
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from hemline.errors import LabelConfigError

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
_EXAMPLE = (
    '<Image name="image" value="$image"/>'
    '<BrushLabels name="mask" toName="image"><Label value="garment"/></BrushLabels>'
)


@dataclass(frozen=True)
class LabelConfig:
    """The brush of a project and the photo that it paints on.

    Attributes:
        from_name: name of the BrushLabels.
        to_name: name of the Image.
        data_key: where a task's data has the photo's URL: "image", "photo.url", "images[0]"; see
            `hemline.labelstudio.task_data.find_field`.
        labels: the brush's labels in their order, as results name them. No two are equal.
        clicks: names of the controls that only point for a model (smartOnly), whose results are no
            garments. Configs that differ in them alone are equal: annotations read the same.
        shapes: names of the RectangleLabels and EllipseLabels on the photo that have a label of
            the brush's: only theirs are garments, other boxes may be anything.
    """

    from_name: str
    to_name: str
    data_key: str
    labels: tuple[str, ...]
    shapes: tuple[str, ...] = ()
    clicks: tuple[str, ...] = field(default=(), compare=False)


def parse_label_config(xml: str) -> LabelConfig:
    """Read the BrushLabels that point to an Image, and that Image.

    Raises:
        LabelConfigError: the text is no XML, there is no Image that reads a task's data, no
            BrushLabels point to it, or several do, or one to several Images, or they have no Label
            or more than 255.
    """
    root = _parse_xml(xml)
    images = {
        element.get("name", ""): element.get("value", "")
        for element in _tags(root, "image")
        if element.get("value")
    }
    if not images:
        raise LabelConfigError(f"label config has no <Image> with a value; add one: {_EXAMPLE}")
    brushes = [
        (brush, target.strip())
        for brush in _tags(root, "brushlabels")
        for target in brush.get("toName", "").split(",")
        if target.strip() in images
    ]
    if not brushes:
        raise LabelConfigError(
            f"label config has no <BrushLabels> with a toName among its images "
            f"({', '.join(sorted(images))}); add one: {_EXAMPLE}"
        )
    brush, to_name = _only(brushes)
    from_name = brush.get("name", "")
    labels = _labels(brush, from_name)
    clicks = _clicks(root, to_name)
    shapes = tuple(name for name in _shapes(root, to_name, labels) if name not in clicks)
    return LabelConfig(from_name, to_name, _data_key(images[to_name]), labels, shapes, clicks)


def render_label_config(labels: Sequence[str]) -> str:
    """Write a label config for masks of `labels`.

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
        f'  <BrushLabels name="mask" toName="image">\n{lines}  </BrushLabels>\n'
        "</View>\n"
    )


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
    return (element for element in root.iter() if element.tag.lower() == name)


def _only(brushes: Sequence[tuple[ElementTree.Element, str]]) -> tuple[ElementTree.Element, str]:
    """The one brush and the name of its image. Which of several has the garment is not guessed: a
    wrong guess would lose what is drawn with the others."""
    names = list(dict.fromkeys(brush.get("name", "") for brush, _ in brushes))
    if len(names) > 1:
        raise LabelConfigError(
            f"label config has {len(names)} <BrushLabels> ({', '.join(names)}) and Hemline masks "
            "with one; put the garment's labels into one of them, and change the others, such as "
            "those of defects, to <PolygonLabels> or <RectangleLabels>"
        )
    images = list(dict.fromkeys(image for _, image in brushes))
    if len(images) > 1:
        raise LabelConfigError(
            f"<BrushLabels name={names[0]!r}> paints on {len(images)} images "
            f"({', '.join(images)}) and Hemline masks one photo a task; make a task of each photo, "
            "or give the brush one image as its toName"
        )
    return brushes[0]


def _shapes(root: ElementTree.Element, to_name: str, labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        control.get("name", "")
        for tag in ("rectanglelabels", "ellipselabels")
        for control in _tags(root, tag)
        if to_name in [target.strip() for target in control.get("toName", "").split(",")]
        and any(_name(label) in labels for label in _tags(control, "label"))
    )


def _clicks(root: ElementTree.Element, to_name: str) -> tuple[str, ...]:
    return tuple(
        control.get("name", "")
        for tag in ("keypoint", "keypointlabels", "rectangle", "rectanglelabels")
        for control in _tags(root, tag)
        if to_name in [target.strip() for target in control.get("toName", "").split(",")]
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


def _labels(brush: ElementTree.Element, from_name: str) -> tuple[str, ...]:
    labels = [_name(element) for element in _tags(brush, "label")]
    _check_labels(labels, f"<BrushLabels name={from_name!r}>")
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
        if not label:
            raise LabelConfigError(f"{where} has a label without a value; name it or remove it")
        if labels.count(label) > 1:
            raise LabelConfigError(f"{where} has the label {label!r} twice; remove one")


def _colour(index: int) -> str:
    """Colours that stay apart however many there are: hues a golden angle from each other."""
    red, green, blue = colorsys.hls_to_rgb((0.95 + index * 0.381966) % 1, 0.5, 0.85)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
