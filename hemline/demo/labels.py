"""The labels of the demo's project: as they are asked for, and which drawn scenes show them."""

import unicodedata
from collections.abc import Iterator, Sequence

from hemline.datasets.classes.class_lists import class_map
from hemline.errors import LabelConfigError
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.prefill.label_mapping import LabelMapping, by_name, read_mapping
from hemline.prefill.mapping_in_words import mapping_in_words
from hemline.prefill.starters import is_starter
from hemline.quoting import quoted
from hemline.segmentation.mapped_starter import starter_recipe
from hemline.store.database.engine import Store
from hemline.store.loop.projects import get_project
from hemline.store.models.models import champion
from hemline.studio.wardrobe.wardrobe import GarmentType

LABELS = ("garment",)
# The starter's classes that drawn people show, and the types worn with any other than a dress.
_ON_ALL = frozenset({"hair", "skin", "shoes", "bag"})
_BESIDE = frozenset({"top", "trousers", "skirt"})
_UNFIT = ("Cc", "Cs")  # control characters, and halves of others
_NAMED = 8  # labels in a sentence


def parse_labels(text: str) -> tuple[str, ...]:
    """The labels that "dress, top" names, in its order.

    Raises:
        LabelConfigError: a name is empty, there twice or holds what no label config can, or they
            are more than there are keys for.
    """
    labels = tuple(name.strip() for name in text.split(","))
    for label in labels:
        if not label:
            raise LabelConfigError(
                f"--labels {quoted(text)} has an empty name; write names with a comma between two, "
                "such as --labels 'dress,top'"
            )
        if labels.count(label) > 1:
            raise LabelConfigError(f"--labels names {quoted(label)} twice; leave one out")
        if any(unicodedata.category(sign) in _UNFIT for sign in label):
            raise LabelConfigError(
                f"--labels has the name {quoted(label)}, with characters that cannot be shown; "
                "leave them out"
            )
    if parse_label_config(render_label_config(labels)).labels != labels:
        raise LabelConfigError(f"--labels {quoted(text)} has a name that Label Studio would change")
    return labels


def outfits_of(labels: Sequence[str]) -> tuple[GarmentType, ...]:
    """The types of garment to draw, so that the photos show what the labels mean by their names;
    all types where none of them is meant, none where one label is for all clothing."""
    mapping = by_name(labels)
    if mapping.starter_classes is None:
        return ()
    meant = {name for names in mapping.classes_of.values() for name in names}
    drawn = _drawn_as()
    return tuple(kind for kind in GarmentType if drawn[kind.value] in meant) or tuple(GarmentType)


class DemoLabels:
    """What the labels of a demo's project are pre-filled with, as its store has it now."""

    def __init__(self, store: Store, ls_project_id: int, labels: Sequence[str]) -> None:
        self._mapping, self._trained = _read(store, ls_project_id, labels)
        self._labels = tuple(labels)
        self._project = ls_project_id

    @property
    def has_model(self) -> bool:
        """Whether the project has a model as soon as it is connected, or has one already."""
        draws = self._mapping.starter_classes is None or not self._mapping.draws_nothing
        return draws or bool(self._trained)

    def in_words(self, *, drawn: bool) -> Iterator[str]:
        """What people should know, line by line; `drawn`: the photos are the demo's own scenes."""
        if self._mapping.starter_classes is None:
            if self._labels != LABELS:
                yield (
                    f"{quoted(self._labels[0])} is the only label, so it is pre-filled with all "
                    "clothing as one, whatever its name is"
                )
            return
        command = f"`hemline connect {self._project} --map 'LABEL=CLASS,CLASS'`"
        yield from mapping_in_words(
            self._mapping, self._trained, f"{command} or on the dashboard's page Models"
        )
        shown = _shown_by(outfits_of(self._labels))
        absent = [
            each.label
            for each in self._mapping.labels
            if each.classes and not shown.intersection(each.classes)
        ]
        if drawn and absent:
            named = ", ".join(quoted(label) for label in absent[:_NAMED])
            more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
            yield (
                f"No sample photo shows {named}{more}: give photos of your own with IMAGES=folder "
                "or --images"
            )


def _shown_by(outfits: Sequence[GarmentType]) -> frozenset[str]:
    drawn = _drawn_as()
    beside = _BESIDE if {*outfits} - {GarmentType.DRESS} else frozenset()
    shown = beside | {kind.value for kind in outfits}
    return _ON_ALL | {drawn[name] for name in shown}


def _drawn_as() -> dict[str, str]:
    """The starter's class that each type of drawn garment is."""
    table = class_map(starter_recipe().classes).tables.get("studio", {})
    return {kind.value: table.get(kind.value, kind.value) for kind in GarmentType}


def _read(store: Store, ls_project_id: int, labels: Sequence[str]) -> tuple[LabelMapping, str]:
    """The mapping, and the name of the champion if it was trained."""
    with store.reading() as session:
        row = get_project(session, ls_project_id)
        if row is None:  # the backend has not heard of it yet
            return by_name(labels), ""
        version = champion(session, row.id)
        trained = "" if version is None or is_starter(version) else version.name
        return read_mapping(session, row.id, labels), trained
