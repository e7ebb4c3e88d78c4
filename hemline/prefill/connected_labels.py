"""What `hemline connect` does about labels: keeps what is set, and says what each is drawn as."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hemline.errors import StoreError, StoreUnavailable
from hemline.labelstudio.client import Json
from hemline.labelstudio.commands import LabelsInWords
from hemline.labelstudio.project.config import parse_label_config
from hemline.prefill.label_mapping import (
    LabelMapping,
    by_name,
    change_mapping,
    keep_mapping,
    parse_changes,
)
from hemline.prefill.mapping_in_words import mapping_in_words
from hemline.prefill.project_config import remember_project
from hemline.prefill.starters import is_starter
from hemline.settings import get_settings
from hemline.store.database.engine import Store, open_store
from hemline.store.loop.projects import get_project
from hemline.store.models.models import champion

_BY = "hemline connect"


def keep_labels(project: Json, options: Sequence[str]) -> LabelsInWords:
    """Sets what the options ("my label=dress,skirt") say of a project as Label Studio has it, looks
    up the other labels by name, and says what each is pre-filled with.

    Raises:
        LabelConfigError: the project's label config cannot be pre-filled.
        LabelMappingError: an option names an unknown label or class, or a class twice.
        StoreError, StoreUnavailable: an option cannot be kept, for the database cannot be used.
    """
    changes = parse_changes(options)
    unread = ""
    try:
        mapping, trained = _keep(project, changes)
    except (StoreError, StoreUnavailable) as error:
        if changes:
            raise
        mapping, trained = by_name(_labels(project)), ""
        unread = f"What people set for the labels cannot be looked up: {error}"
    lines = mapping_in_words(mapping, trained)
    return LabelsInWords(
        (*lines, unread) if unread and lines else tuple(lines),
        first_model=mapping.starter_classes is None or not mapping.draws_nothing,
    )


def _keep(project: Json, changes: dict[str, tuple[str, ...] | None]) -> tuple[LabelMapping, str]:
    """The mapping, and the name of the champion if it was trained."""
    number, labels = project["id"], _labels(project)
    with _store() as store, store.session() as session:
        known = get_project(session, number)
        if changes:
            known = remember_project(
                session, number, project["label_config"], title=project.get("title")
            ).row
            mapping = change_mapping(session, known.id, labels, changes, by=_BY)
        elif known is not None:
            mapping = keep_mapping(session, known.id, labels, look_up=True)
        else:  # the backend keeps it, when Label Studio tells it of the project
            return by_name(labels), ""
        version = champion(session, known.id)
        return mapping, "" if version is None or is_starter(version) else version.name


@contextmanager
def _store() -> Iterator[Store]:
    store = open_store(get_settings().database)
    try:
        yield store
    finally:
        store.dispose()


def _labels(project: Json) -> tuple[str, ...]:
    return parse_label_config(project["label_config"]).labels
