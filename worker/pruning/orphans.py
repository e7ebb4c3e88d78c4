"""Artifacts that no row names: of rows that changed, and of writers that were killed."""

from datetime import timedelta

from hemline.errors import ArtifactError
from hemline.store.reports.artifacts_to_keep import KeptArtifacts, artifacts_to_keep
from worker.pruning.pile import Pile
from worker.services import Services

SETTLED = timedelta(days=1)  # an artifact is stored before its row, by minutes at most


def prunable_orphans(services: Services) -> Pile:
    """The pile of those that were last stored over a day ago.

    Raises ArtifactError if a snapshot's manifest cannot be read: it may name any of them.
    """
    orphans = {
        digest: services.artifacts.size(digest) or 0
        for digest in set(services.artifacts.digests()) - _named(services)
        if services.artifacts.is_older(digest, SETTLED)
    }

    def remove() -> int:
        named = _named(services)  # rows that were committed since
        return sum(
            services.artifacts.remove_older(digest, SETTLED) for digest in orphans.keys() - named
        )

    return Pile(
        "artifacts",
        "that no row names any more, stored over a day ago",
        len(orphans),
        sum(orphans.values()),
        remove,
    )


def _named(services: Services) -> frozenset[str]:
    with services.store.reading() as session:
        kept: KeptArtifacts = artifacts_to_keep(session, services.artifacts)
    if kept.unread:
        raise ArtifactError(
            f"the manifest of snapshot {kept.unread[0][:12]} cannot be read, so the masks it names "
            "are unknown and no artifact can be removed; run `hemline verify`, and restore it from "
            "a backup"
        )
    return kept.in_use | kept.past
