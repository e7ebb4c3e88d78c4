"""What the store knows of a project that masks are brought into."""

from hemline.errors import StoreError, StoreUnavailable
from hemline.masks.parts import RegionsPer
from hemline.settings import Settings
from hemline.store.database.engine import open_store
from hemline.store.loop.projects import get_project
from hemline.store.models.regions_per import read_regions_per


def stored_regions_per(settings: Settings, ls_project_id: int) -> tuple[RegionsPer, str | None]:
    """What is one region of the project: a label, where nobody has set it. Masks can be brought in
    without a database; the sentence says why it cannot be looked up then."""
    try:
        store = open_store(settings.database)
        try:
            with store.reading() as session:
                project = get_project(session, ls_project_id)
                if project is None:
                    return RegionsPer.LABEL, None
                return read_regions_per(session, project.id), None
        finally:
            store.dispose()
    except (StoreError, StoreUnavailable) as error:
        return RegionsPer.LABEL, f"each label becomes one region: {error}"
