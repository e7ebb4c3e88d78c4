"""Brings networks that need no photos of a project into a quicker form: starter and clicks."""

from hemline.prefill.prefill import Prefiller
from hemline.store.loop.jobs import any_active
from hemline.store.models.models import find_versions, get_version, list_served
from hemline.store.states import JobKind
from worker.services import Services


def improve_when_idle(services: Services) -> None:
    """Has it done for the first champion that it was not tried for. It takes minutes, so not while
    a pool is predicted or a training waits."""
    prefiller = _prefiller(services)
    if not prefiller.may_improve_shipped() or services.sender.waiting("train") != 0:
        return
    with services.store.reading() as session:
        if any_active(session, JobKind.PREDICT_POOL):
            return
        served = {row.champion_id for row in list_served(session) if row.champion_id is not None}
        champions = find_versions(session, served)
    for _, version in sorted(champions.items()):
        if prefiller.may_improve(version):
            services.sender.send("worker.improve", version.id, queue="train")
            return


def improve_network(services: Services, version_id: int) -> None:
    """Makes the starter int8, which takes minutes, unless that was tried. The backend takes it up.

    Raises:
        HemlineError: there is no such version, or its weights are gone.
    """
    with services.store.reading() as session:
        version = get_version(session, version_id)
    _prefiller(services).improve(version)


def _prefiller(services: Services) -> Prefiller:
    return Prefiller(services.store, services.artifacts, services.photos, services.settings)
