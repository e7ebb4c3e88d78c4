"""All that can go, kind by kind; what cannot be looked at keeps nobody from the rest."""

from collections.abc import Callable, Iterable

from hemline.errors import HemlineError, StoreUnavailable
from worker.pruning.caches import prunable_caches
from worker.pruning.folders import prunable_folders
from worker.pruning.networks import prunable_networks
from worker.pruning.orphans import prunable_orphans
from worker.pruning.pile import Pile, PruneLimits
from worker.services import Services

_FAULTS = (HemlineError, StoreUnavailable, OSError)


def find_piles(services: Services, limits: PruneLimits) -> tuple[list[Pile], list[str]]:
    """The piles, and why some are missing. Removes nothing."""
    piles: list[Pile] = []
    problems = []
    looks: tuple[Callable[[], Iterable[Pile]], ...] = (
        lambda: prunable_caches(services.settings, limits),
        lambda: prunable_folders(services, limits),
        lambda: prunable_networks(services, limits),
        lambda: [prunable_orphans(services)],
    )
    for look in looks:
        try:
            piles += look()
        except _FAULTS as error:
            problems.append(str(error))
    return piles, problems


def remove_pile(pile: Pile, problems: list[str]) -> int:
    """Removes it and returns how many went; why it could not be ended is added to `problems`."""
    try:
        return pile.remove()
    except _FAULTS as error:
        problems.append(f"not all {pile.kind} could be removed: {error}")
        return 0
