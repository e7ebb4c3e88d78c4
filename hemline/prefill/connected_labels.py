"""What `hemline connect` does about labels: keeps what is set, and says what each is drawn as."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hemline.errors import StoreError, StoreUnavailable
from hemline.labelstudio.client import Json
from hemline.labelstudio.commands import LabelsInWords
from hemline.labelstudio.project.config import LabelConfig, parse_label_config
from hemline.masks.parts import RegionsPer
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
from hemline.store.models.regions_per import change_regions_per, read_regions_per

_BY = "hemline connect"


def keep_labels(
    project: Json, options: Sequence[str], regions_per: str | None = None
) -> LabelsInWords:
    """Sets what the options ("my label=dress,skirt") say of a project as Label Studio has it, looks
    up the other labels by name, and says what each is pre-filled with.

    regions_per: a value of RegionsPer that is to be kept; None leaves it as it is.

    Raises:
        LabelConfigError: the project's label config cannot be pre-filled.
        LabelMappingError: an option names an unknown label or class, or a class twice.
        StoreError, StoreUnavailable: an option cannot be kept, for the database cannot be used.
    """
    changes = parse_changes(options)
    wanted = RegionsPer(regions_per) if regions_per is not None else None
    per = RegionsPer.LABEL
    unread = ""
    try:
        mapping, trained, per = _keep(project, changes, wanted)
    except (StoreError, StoreUnavailable) as error:
        if changes or wanted is not None:
            raise
        mapping, trained = by_name(_labels(project)), ""
        unread = f"What people set for the labels cannot be looked up: {error}"
    lines = mapping_in_words(mapping, trained)
    if unread and lines:
        lines = [*lines, unread]
    return LabelsInWords(
        (*lines, *_regions_in_words(_config(project), per, is_asked=wanted is not None)),
        first_model=mapping.starter_classes is None or not mapping.draws_nothing,
    )


def _keep(
    project: Json, changes: dict[str, tuple[str, ...] | None], wanted: RegionsPer | None
) -> tuple[LabelMapping, str, RegionsPer]:
    """The mapping, the name of the champion if it was trained, and what is one region."""
    number, labels = project["id"], _labels(project)
    with _store() as store, store.session() as session:
        known = get_project(session, number)
        if changes or wanted is not None:
            known = remember_project(
                session, number, project["label_config"], title=project.get("title")
            ).row
        if known is None:  # the backend keeps it, when Label Studio tells it of the project
            return by_name(labels), "", RegionsPer.LABEL
        if changes:
            mapping = change_mapping(session, known.id, labels, changes, by=_BY)
        else:
            mapping = keep_mapping(session, known.id, labels, look_up=True)
        if wanted is not None:
            change_regions_per(session, known.id, wanted)
        version = champion(session, known.id)
        trained = "" if version is None or is_starter(version) else version.name
        return mapping, trained, read_regions_per(session, known.id)


def _regions_in_words(config: LabelConfig, per: RegionsPer, *, is_asked: bool) -> list[str]:
    """What is one region, where that is not a label, or was asked for in vain."""
    if config.control == "polygon":
        told = "Polygons are one for each part in any case, since each has one outline"
        return [told] if is_asked and per is RegionsPer.LABEL else []
    if per is RegionsPer.LABEL:
        return []
    return ["Each part of a label that lies apart, such as each shoe, is a region of its own"]


@contextmanager
def _store() -> Iterator[Store]:
    store = open_store(get_settings().database)
    try:
        yield store
    finally:
        store.dispose()


def _labels(project: Json) -> tuple[str, ...]:
    return _config(project).labels


def _config(project: Json) -> LabelConfig:
    return parse_label_config(project["label_config"])
