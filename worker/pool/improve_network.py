"""Brings the network of a version that needs no photos of its project into a quicker form."""

from hemline.prefill.prefill import Prefiller
from hemline.store.models.models import get_version
from worker.services import Services


def improve_network(services: Services, version_id: int) -> None:
    """Makes the starter int8, which takes minutes, unless that was tried. The backend takes it up.

    Raises:
        HemlineError: there is no such version, or its weights are gone.
    """
    with services.store.reading() as session:
        version = get_version(session, version_id)
    prefiller = Prefiller(services.store, services.artifacts, services.photos, services.settings)
    prefiller.improve(version)
