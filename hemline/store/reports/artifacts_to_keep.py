"""Which artifacts must stay: those that rows name, and the masks that past trainings saw."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hemline.errors import ArtifactError
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.reports.artifacts_in_use import artifacts_in_use
from hemline.store.tables.loop import Annotation, Checkpoint, DatasetSnapshot
from hemline.store.tables.review import LabelSignals


@dataclass(frozen=True, slots=True)
class KeptArtifacts:
    """in_use: what somebody misses if it is gone, as `hemline verify` does. past: masks of labels
    that were changed or deleted since; some may be gone. unread: snapshots whose manifest is
    damaged or missing, so that their masks are unknown. A training's checkpoints are of the past
    too: the next one removes them."""

    in_use: frozenset[str]
    past: frozenset[str]
    unread: tuple[str, ...]


def artifacts_to_keep(session: Session, artifacts: ArtifactStore) -> KeptArtifacts:
    """Every artifact that a row names, or the manifest of a snapshot that a row names."""
    in_use = frozenset(use.digest for use in artifacts_in_use(session))
    past = set(_digests_of_labels(session)) | set(session.scalars(select(Checkpoint.digest)))
    unread = []
    for digest in session.scalars(select(DatasetSnapshot.digest).distinct()):
        try:
            past.update(_masks(artifacts.get(digest)))
        except (ArtifactError, ValueError, KeyError, TypeError):
            unread.append(digest)
    return KeptArtifacts(in_use, frozenset(past - in_use), tuple(unread))


def _digests_of_labels(session: Session) -> Iterator[str]:
    columns = (
        Annotation.mask_digest,
        Annotation.covered_digest,
        Annotation.last_mask_digest,
        Annotation.held_digest,
        LabelSignals.mask_digest,
    )
    for column in columns:
        yield from filter(None, session.scalars(select(column).distinct()))


def _masks(manifest: bytes) -> Iterator[str]:
    for item in json.loads(manifest)["items"]:
        yield item["mask_digest"]
