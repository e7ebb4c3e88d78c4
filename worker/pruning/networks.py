"""Weights of versions that were champion long ago or never, and networks converted from them."""

from collections.abc import Collection, Iterator
from datetime import datetime

from hemline.errors import ModelError
from hemline.segmentation.runtime.openvino_library import converter_version
from hemline.store.database.clock import database_now
from hemline.store.models.prunable import (
    forget_old_conversions,
    forget_weights,
    old_conversions,
    prunable_versions,
    sole_weights,
)
from worker.pruning.orphans import SETTLED
from worker.pruning.pile import Pile, PruneLimits
from worker.services import Services


def prunable_networks(services: Services, limits: PruneLimits) -> Iterator[Pile]:
    """A pile of weights, with what they were converted to, and one of conversions by an OpenVINO
    before this one. What rolling back, a judgement or an open pre-fill needs stays."""
    with services.store.reading() as session:
        before = database_now(session) - limits.older_than
        versions = prunable_versions(session, keep=limits.keep_versions, before=before)
        projects = {version.project_id for version in versions}
        weights = {digest for each in sole_weights(session, versions).values() for digest in each}
    yield Pile(
        "weights",
        f"of {len(versions)} versions, retired or rejected; their history stays",
        len(weights),
        _size(services, weights),
        lambda: _remove_weights(services, limits, projects, before),
    )
    try:
        made_by = converter_version()
    except ModelError:  # OpenVINO is not installed on this host, and may be on another
        return
    with services.store.reading() as session:
        rows = old_conversions(session, made_by=made_by, before=before)
        converted = {row.digest for row in rows if row.digest is not None} - weights
    yield Pile(
        "converted networks",
        "by another OpenVINO; converted again where that one still runs",
        len(converted),
        _size(services, converted),
        lambda: _remove_conversions(services, made_by, before),
    )


def _remove_weights(
    services: Services, limits: PruneLimits, projects: Collection[int], before: datetime
) -> int:
    gone = 0
    for project_id in sorted(projects):
        with services.store.session() as session:
            digests = forget_weights(session, project_id, keep=limits.keep_versions, before=before)
        gone += _remove(services, digests)
    return gone


def _remove_conversions(services: Services, made_by: str, before: datetime) -> int:
    with services.store.session() as session:
        digests = forget_old_conversions(session, made_by=made_by, before=before)
    return _remove(services, digests)


def _remove(services: Services, digests: Collection[str]) -> int:
    """After the rows: whoever is killed here leaves artifacts that no row names, which go later.

    A training may have stored the same weights a moment ago: those stay.
    """
    return sum(services.artifacts.remove_older(digest, SETTLED) for digest in digests)


def _size(services: Services, digests: Collection[str]) -> int:
    return sum(services.artifacts.size(digest) or 0 for digest in digests)
