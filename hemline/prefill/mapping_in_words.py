"""A label mapping in lines for a terminal: what each label is drawn as, and what opens empty."""

from collections import defaultdict
from collections.abc import Iterator

from hemline.datasets.classes.meanings import class_names
from hemline.prefill.label_mapping import LabelMapping

_NAMED = 8  # labels in a line
_MAP = "--map 'LABEL=CLASS,CLASS'"


def mapping_in_words(mapping: LabelMapping, champion: str = "", change: str = _MAP) -> list[str]:
    """The mapping, line by line; nothing where the starter of one label serves.

    champion: the name of the version that was trained on corrections and pre-fills by now, if any.
    change: what it can be changed with.
    """
    if mapping.starter_classes is None:
        return []
    if champion:
        return [
            f"{champion} was trained on corrections and pre-fills all labels that it was trained "
            "on; the starter's classes matter to no pre-fill any more"
        ]
    said = [*_drawn(mapping), *_empty(mapping)]
    return [*said, f"Change it with {change}; classes: {', '.join(class_names())}"]


def _drawn(mapping: LabelMapping) -> Iterator[str]:
    drawn = [each for each in mapping.labels if each.classes]
    if not drawn:
        yield "No label has a class of the starter's, so tasks open empty until the first training"
        return
    yield "Until the first training, labels are pre-filled with these classes of the starter:"
    for each in drawn:
        by = f" (set by {each.set_by})" if each.set_by else ""
        yield f"  {each.label} = {', '.join(each.classes)}{by}"


def _empty(mapping: LabelMapping) -> Iterator[str]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for each in mapping.labels:
        if not each.classes:
            why = f"set so by {each.set_by}" if each.set_by else each.why
            reasons[why].append(each.label)
    if reasons and not mapping.draws_nothing:
        yield "These open empty:"
    for why, labels in reasons.items():
        named = ", ".join(labels[:_NAMED])
        more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
        yield f"  {named}{more}: {why}"
