"""A project's label mapping: which of the starter's classes each label has, and who said so.

By name, as `hemline/datasets/classes/meanings.py` finds it, unless a person set it. It matters as
long as a starter pre-fills the project: what is trained on corrections knows the labels themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hemline.datasets.classes.meanings import class_names, match_labels
from hemline.errors import LabelMappingError
from hemline.quoting import quoted
from hemline.store.loop.projects import lock_project
from hemline.store.models.label_classes import (
    ClassesSet,
    StoredLabelClasses,
    read_label_classes,
    write_label_classes,
)

_NAMED = 20  # labels in a sentence
# What became of the classes of the first starter of several labels, which had 19.
_NOW = {"shirt": "top", "sweater": "top", "jacket": "outerwear", "coat": "outerwear"}
_BY_NAME = "auto"  # in place of classes: as the label's name says


@dataclass(frozen=True, slots=True)
class MappedLabel:
    """A label and the starter's classes that it has, in the starter's order.

    set_by: the person, or the command, that set them; empty: by its name. why: it opens empty, as a
    part of a sentence; empty where it does not, or where somebody set it so.
    """

    label: str
    classes: tuple[str, ...]
    set_by: str
    why: str


@dataclass(frozen=True, slots=True)
class LabelMapping:
    """What each of a project's labels is pre-filled with, in the order of its label config."""

    labels: tuple[MappedLabel, ...]

    @property
    def classes_of(self) -> dict[str, tuple[str, ...]]:
        return {each.label: each.classes for each in self.labels}

    @property
    def starter_classes(self) -> dict[str, tuple[str, ...]] | None:
        """The classes that the project's first model is made of; None: it is the starter of one
        label, which is better at all clothing as one and serves a project of one label, whatever
        its name is, unless a person set its classes."""
        if len(self.labels) == 1 and not self.labels[0].set_by:
            return None
        return self.classes_of

    @property
    def draws_nothing(self) -> bool:
        """Whether no label has a class."""
        return not any(each.classes for each in self.labels)


def by_name(labels: Sequence[str]) -> LabelMapping:
    """The mapping of a project of these labels for which nobody has set anything."""
    return _mapping(labels, _look_up(StoredLabelClasses(), labels))


def read_mapping(session: Session, project_id: int, labels: Sequence[str]) -> LabelMapping:
    """The project's mapping for these labels. Writes nothing."""
    return _mapping(labels, _for_labels(_stored(session, project_id), labels))


def keep_mapping(
    session: Session, project_id: int, labels: Sequence[str], *, look_up: bool = False
) -> LabelMapping:
    """The same, and what was found by name is kept; `look_up` finds it again.

    Raises:
        StoreError: there is no such project.
    """
    stored = _stored(session, project_id)
    if look_up or not _is_for(stored, labels):
        lock_project(session, project_id)
        stored = _stored(session, project_id)
        current = _look_up(stored, labels) if look_up else _for_labels(stored, labels)
        if current != stored and (len(labels) > 1 or current.by_people or stored.by_name):
            write_label_classes(session, project_id, current)
        stored = current
    return _mapping(labels, stored)


def change_mapping(
    session: Session,
    project_id: int,
    labels: Sequence[str],
    changes: Mapping[str, Sequence[str] | None],
    *,
    by: str,
) -> LabelMapping:
    """Sets the classes of labels, none for one that is to open empty; None: by its name again.

    All or nothing. The other labels keep what people set; what they have by name is found again,
    beside what is set.

    Raises:
        LabelMappingError: a label is not the project's, a class is not the starter's, or a class
            would be two labels'.
        StoreError: there is no such project.
    """
    lock_project(session, project_id)
    stored = _stored(session, project_id)
    people = dict(stored.by_people)
    for given, names in changes.items():
        label = _own_label(given, labels)
        people.pop(label, None)
        if names is not None:
            people[label] = ClassesSet(_checked(label, names), by)
    _check_holders({label: people[label].classes for label in labels if label in people})
    taken = {name for label in labels if label in people for name in people[label].classes}
    gone = {label: each for label, each in people.items() if label not in labels}
    for label, each in gone.items():
        people[label] = ClassesSet(tuple(n for n in each.classes if n not in taken), each.by)
    current = _look_up(StoredLabelClasses(people), labels)
    write_label_classes(session, project_id, current)
    return _mapping(labels, current)


def make_mapping(
    session: Session,
    project_id: int,
    labels: Sequence[str],
    wanted: Mapping[str, Sequence[str]],
    *,
    by: str,
) -> LabelMapping:
    """Sets what has to be set for each label to have exactly these classes; a label that has them
    already, by its name or set by somebody else, is left as it is.

    Raises:
        LabelMappingError: as `change_mapping`.
        StoreError: there is no such project.
    """
    mapping = read_mapping(session, project_id, labels)
    changes = {label: names for label, names in wanted.items() if label not in labels}
    while more := _others(mapping, wanted) | changes.keys() - mapping.classes_of.keys():
        changes |= {label: wanted.get(label, ()) for label in more}
        # What is set may leave other labels more by their names.
        mapping = change_mapping(session, project_id, labels, changes, by=by)
    return mapping


def parse_changes(options: Sequence[str]) -> dict[str, tuple[str, ...] | None]:
    """What options such as "my label=dress,skirt" ask of `change_mapping`. "my label=" is to open
    empty, "my label=auto" goes by its name again.

    Raises:
        LabelMappingError: one has no "=", or a label is named twice.
    """
    changes: dict[str, tuple[str, ...] | None] = {}
    for option in options:
        label, equals, names = option.rpartition("=")
        if not equals or not label.strip():
            raise LabelMappingError(
                f"--map {quoted(option)} names no label and classes; write it as "
                '--map "my label=dress,skirt"'
            )
        if label.strip() in {each.strip() for each in changes}:
            raise LabelMappingError(
                f"--map names the label {quoted(label)} twice; give all its classes in one"
            )
        listed = tuple(name.strip().lower() for name in names.split(",") if name.strip())
        changes[label] = None if listed == (_BY_NAME,) else listed
    return changes


def _stored(session: Session, project_id: int) -> StoredLabelClasses:
    """What is stored of the project, in the classes of the starter that ships now. Names that it
    does not know are an earlier one's: what people set is carried over, the rest found again."""
    stored = read_label_classes(session, project_id)
    known = {*class_names()}
    named = {name for each in stored.by_people.values() for name in each.classes}
    found = {name for names in stored.by_name.values() for name in names}
    if named | found <= known:
        return stored
    people: dict[str, ClassesSet] = {}
    taken: set[str] = set()
    for label, each in stored.by_people.items():
        now = {_NOW.get(name, name) for name in each.classes} - taken
        people[label] = ClassesSet(tuple(name for name in class_names() if name in now), each.by)
        taken |= now
    labels = [*stored.by_name, *stored.by_people]
    return _look_up(StoredLabelClasses(people), labels)


def _others(mapping: LabelMapping, wanted: Mapping[str, Sequence[str]]) -> set[str]:
    """The labels that do not have the classes that are wanted."""
    has = mapping.starter_classes or dict.fromkeys(mapping.classes_of, ())
    return {label for label, names in has.items() if {*names} != {*wanted.get(label, ())}}


def _own_label(given: str, labels: Sequence[str]) -> str:
    """The project's label that is meant, whatever spaces are around it."""
    for label in (given, *(label for label in labels if label.strip() == given.strip())):
        if label in labels:
            return label
    raise LabelMappingError(
        f"the project has no label {quoted(given)}; its labels are {_listed(labels)}"
    )


def _checked(label: str, names: Sequence[str]) -> tuple[str, ...]:
    """The classes, in the starter's order."""
    for name in names:
        if name not in class_names():
            raise LabelMappingError(
                f"the starter has no class {quoted(name)} for the label {quoted(label)}; its "
                f"classes are {', '.join(class_names())}"
            )
        if list(names).count(name) > 1:
            raise LabelMappingError(
                f"the label {quoted(label)} is given the class '{name}' twice; give it once"
            )
    return tuple(name for name in class_names() if name in names)


def _check_holders(classes_of: Mapping[str, Sequence[str]]) -> None:
    holder: dict[str, str] = {}
    for label, names in classes_of.items():
        for name in names:
            if name in holder:
                raise LabelMappingError(
                    f"the class '{name}' would be that of {quoted(holder[name])} and of "
                    f"{quoted(label)}; leave it out of one of them"
                )
            holder[name] = label


def _is_for(stored: StoredLabelClasses, labels: Sequence[str]) -> bool:
    """Whether what is stored by name is of these labels, and beside what people set now."""
    return {*stored.by_name} == {*labels} - {*stored.by_people}


def _for_labels(stored: StoredLabelClasses, labels: Sequence[str]) -> StoredLabelClasses:
    return stored if _is_for(stored, labels) else _look_up(stored, labels)


def _look_up(stored: StoredLabelClasses, labels: Sequence[str]) -> StoredLabelClasses:
    set_ones = {label: each.classes for label, each in stored.by_people.items()}
    found = match_labels(labels, set_ones)
    return StoredLabelClasses(
        stored.by_people, {label: match.classes for label, match in found.items()}
    )


def _mapping(labels: Sequence[str], stored: StoredLabelClasses) -> LabelMapping:
    by_people = stored.by_people
    found = match_labels(labels, {label: each.classes for label, each in by_people.items()})
    return LabelMapping(
        tuple(
            MappedLabel(label, by_people[label].classes, by_people[label].by, "")
            if label in by_people
            else MappedLabel(
                label,
                stored.by_name[label],
                "",
                "" if stored.by_name[label] else found[label].why,
            )
            for label in labels
        )
    )


def _listed(labels: Sequence[str]) -> str:
    named = ", ".join(quoted(label) for label in labels[:_NAMED])
    more = len(labels) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
