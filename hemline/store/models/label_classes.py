"""Which of the starter's classes a project's labels have, as it is stored: by people, and by name.

What was found by name is kept until the labels change, so that hosts on two releases agree on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hemline.store.tables.loop import Project


@dataclass(frozen=True, slots=True)
class ClassesSet:
    """What a person, or a command, set for a label; without classes it opens empty."""

    classes: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True)
class StoredLabelClasses:
    """`by_people`: by label, also of labels that the project has no longer. `by_name`: of the
    labels that it had when they were looked up."""

    by_people: Mapping[str, ClassesSet] = field(default_factory=dict)
    by_name: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_label_classes(session: Session, project_id: int) -> StoredLabelClasses:
    """What is stored of the project; nothing where it has none."""
    stored = session.scalar(select(Project.label_classes).where(Project.id == project_id)) or {}
    return StoredLabelClasses(
        {
            label: ClassesSet(_names(value["classes"]), str(value["by"]))
            for label, value in stored.get("by_people", {}).items()
        },
        {label: _names(names) for label, names in stored.get("by_name", {}).items()},
    )


def write_label_classes(session: Session, project_id: int, stored: StoredLabelClasses) -> None:
    """Keeps it; call it with the project locked (`lock_project`)."""
    value = {
        "by_people": {
            label: {"classes": list(each.classes), "by": each.by}
            for label, each in stored.by_people.items()
        },
        "by_name": {label: list(names) for label, names in stored.by_name.items()},
    }
    session.execute(update(Project).where(Project.id == project_id).values(label_classes=value))


def _names(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
