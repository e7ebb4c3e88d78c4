"""What an export is asked for, in people's words, made into what the store understands."""

from hemline.errors import ExportError
from hemline.export.reader import Sources
from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.photos.photos import PhotoFetcher
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store, open_store
from hemline.store.loop.projects import known_project
from hemline.store.models.models import champion, find_version
from hemline.store.reports.export_masks import ExportFilter, MaskChoice
from hemline.store.tables.loop import Project


def build_sources(settings: Settings) -> Sources:
    """The sources of these settings."""
    client = LabelStudioClient(settings.label_studio_url, settings.label_studio_api_key)
    return Sources(
        open_store(settings.database),
        ArtifactStore(settings.artifacts),
        PhotoFetcher(settings, lambda: client),
        settings.max_pixels,
    )


def find_project(store: Store, ls_project_id: int) -> Project:
    """Raises StoreError if Hemline does not know the project."""
    with store.reading() as session:
        return known_project(session, ls_project_id)


def build_filter(
    store: Store,
    project: Project,
    *,
    masks: MaskChoice,
    version: str = "",
    garment: str = "",
    garment_type: str = "",
    view: str = "",
    photo_session: str = "",
    annotator: str = "",
    reviewed: bool = False,
) -> ExportFilter:
    """The filter, with the model version found by its name or number; empty: the champion.

    Raises:
        ExportError: the words do not go together, or there is no champion whose predictions could
            be taken.
        StoreError: there is no such version.
    """
    if masks is MaskChoice.PREDICTIONS and (annotator or reviewed):
        raise ExportError(
            "annotators and reviews apply only to corrections; export corrections or the best masks"
        )
    version_id = None
    if masks is not MaskChoice.CORRECTIONS:
        with store.reading() as session:
            found = (
                find_version(session, project.id, version)
                if version
                else champion(session, project.id)
            )
        if found is None and masks is MaskChoice.PREDICTIONS:
            raise ExportError(
                f"project {project.ls_project_id} has no model yet, and so no predictions; export "
                "corrections"
            )
        version_id = found.id if found is not None else None
    elif version:
        raise ExportError(
            f"version '{version}' applies only to predictions; export predictions or the best masks"
        )
    return ExportFilter(
        masks, version_id, garment, garment_type, view, photo_session, annotator, reviewed
    )
