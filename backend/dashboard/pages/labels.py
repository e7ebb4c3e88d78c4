"""What labels are pre-filled with until the first training: shown among the models, and set."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import known_project, say, see
from backend.dashboard.login.access import current_person, needs
from backend.services import BackendServices
from hemline.datasets.classes.meanings import class_names
from hemline.errors import LabelConfigError, LabelMappingError
from hemline.labelstudio.project.config import parse_label_config
from hemline.prefill.label_mapping import LabelMapping, change_mapping, make_mapping, read_mapping
from hemline.prefill.starters import is_starter, label_classes_of
from hemline.store.database.engine import Store
from hemline.store.models.models import champion
from hemline.store.people import record_event
from hemline.store.states import Role
from hemline.store.tables.loop import ModelVersion, Project

_FIELD = "class-"  # of the form: one for each class, whose value is a label


@dataclass(frozen=True, slots=True)
class LabelSection:
    """A project's label mapping as the page has it.

    champion: the version that pre-fills, if there is one. is_trained: it was trained on
    corrections, so that the mapping matters to no pre-fill. is_behind: it is a starter from before
    the last change. holders: the label of each class, or "". shown: tells this state from others.
    """

    mapping: LabelMapping
    champion: ModelVersion | None
    is_trained: bool
    is_behind: bool
    holders: Mapping[str, str]
    shown: str


def label_section(store: Store, project: Project) -> LabelSection | None:
    """None: the project's label config cannot be used."""
    labels = _labels(project)
    if not labels:
        return None
    with store.reading() as session:
        mapping = read_mapping(session, project.id, labels)
        version = champion(session, project.id)
    is_trained = version is not None and not is_starter(version)
    return LabelSection(
        mapping,
        version,
        is_trained,
        is_behind=version is not None
        and not is_trained
        and label_classes_of(version) != mapping.starter_classes,
        holders=_holders(mapping),
        shown=_fingerprint(mapping),
    )


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.post("/<int:project>/models/labels")
    @needs(Role.ADMIN)
    def set_labels(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        try:
            changed = _change(services.store, row)
        except LabelMappingError as error:
            abort(400, f"nothing was changed: {error}")
        if changed:
            services.serving.look_again(row.ls_project_id)
        say(
            "Saved. In a moment a new version pre-fills with it, and the unlabelled photos are "
            "predicted again."
            if changed
            else "Nothing was changed: the labels had these classes already."
        )
        return see("models", project=row.ls_project_id)


def _change(store: Store, project: Project) -> bool:
    """Sets what the form says; whether that changes anything."""
    labels, person = _labels(project), current_person().name
    with store.session() as session:
        before = read_mapping(session, project.id, labels)
        if request.form.get("shown") != _fingerprint(before):
            abort(
                409,
                "nothing was changed: what the labels mean was changed since the page was made; "
                "look at it again and send the form once more",
            )
        if "by_name" in request.form:
            after = change_mapping(session, project.id, labels, dict.fromkeys(labels), by=person)
        else:
            after = make_mapping(session, project.id, labels, _wanted(labels), by=person)
        if after == before:
            return False
        record_event(
            session,
            person,
            "set what labels mean",
            project_id=project.id,
            target=f"{len(labels)} labels",
            details={
                each.label: ", ".join(each.classes) or "opens empty"
                for each, old in zip(after.labels, before.labels, strict=True)
                if each != old
            },
        )
    return True


def _wanted(labels: tuple[str, ...]) -> dict[str, list[str]]:
    """The classes of each label by the form, which asks for the label of each class."""
    wanted: dict[str, list[str]] = {label: [] for label in labels}
    for name in class_names():
        label = request.form.get(_FIELD + name, "")
        if label:
            wanted.setdefault(label, []).append(name)
    return wanted


def _labels(project: Project) -> tuple[str, ...]:
    try:
        return parse_label_config(project.label_config).labels if project.label_config else ()
    except LabelConfigError:
        return ()


def _holders(mapping: LabelMapping) -> dict[str, str]:
    has = mapping.starter_classes or {}
    holders = {name: label for label, names in has.items() for name in names}
    return {name: holders.get(name, "") for name in class_names()}


def _fingerprint(mapping: LabelMapping) -> str:
    said = [(each.label, each.classes, each.set_by) for each in mapping.labels]
    return sha256(repr(said).encode("utf-8", "replace")).hexdigest()[:16]
