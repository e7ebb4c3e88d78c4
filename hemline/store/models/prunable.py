"""Weights that nothing needs any more: of versions that were champion long ago, or never."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from hemline.store.database.clock import database_now
from hemline.store.loop.projects import lock_project
from hemline.store.states import ModelState
from hemline.store.tables.loop import Conversion, ModelVersion, Prediction, Task


def prunable_versions(session: Session, *, keep: int, before: datetime) -> Sequence[ModelVersion]:
    """Versions made before then whose weights nothing needs, oldest first.

    Needed are champions; candidates, which are being judged; the `keep` champions before, at least
    one, in the order in which `rollback` goes back to them; and what the newest pre-fill of an open
    task is of, which `hemline verify --repair` would make again.
    """
    open_fills = (
        select(func.max(Prediction.model_version_id))
        .join(Prediction.task)
        .where(Task.is_labeled.is_(False))
        .group_by(Prediction.task_id)
    )
    needed = set(session.scalars(open_fills)) | _former_champions(session, max(1, keep))
    rows = session.scalars(
        select(ModelVersion)
        .where(
            ModelVersion.state.in_([ModelState.RETIRED, ModelState.REJECTED]),
            ModelVersion.weights_removed_at.is_(None),
            ModelVersion.created_at < before,
        )
        .order_by(ModelVersion.id)
    )
    return [version for version in rows if version.id not in needed]


def forget_weights(session: Session, project_id: int, *, keep: int, before: datetime) -> set[str]:
    """Notes that the weights of a project's prunable versions are gone, and forgets what they were
    converted to; the artifacts that no row names for it any more, to be removed afterwards."""
    lock_project(session, project_id)
    versions = [
        version
        for version in prunable_versions(session, keep=keep, before=before)
        if version.project_id == project_id
    ]
    session.execute(
        update(ModelVersion)
        .where(ModelVersion.id.in_([version.id for version in versions]))
        .values(weights_removed_at=database_now(session))
    )
    weights = {version.weights_digest for version in versions} - _named_weights(session)
    return weights | _forget(session, Conversion.weights_digest.in_(weights))


def old_conversions(session: Session, *, made_by: str, before: datetime) -> Sequence[Conversion]:
    """What converters other than `made_by` made before then, but for int8 networks of champions:
    only the training made those, and a host with that converter may serve them."""
    return session.scalars(select(Conversion).where(*_of_others(made_by, before))).all()


def forget_old_conversions(session: Session, *, made_by: str, before: datetime) -> set[str]:
    """Forgets those; the artifacts to be removed afterwards."""
    return _forget(session, *_of_others(made_by, before))


def sole_weights(session: Session, versions: Sequence[ModelVersion]) -> dict[str, list[str]]:
    """By the weights of these versions that no other version has: they, and what became of them."""
    ids = {version.id for version in versions}
    weights = {version.weights_digest for version in versions}
    weights -= _named_weights(session, without=ids)
    found = {digest: [digest] for digest in sorted(weights)}
    rows = select(Conversion).where(
        Conversion.weights_digest.in_(weights), Conversion.digest.is_not(None)
    )
    for row in session.scalars(rows):
        found[row.weights_digest].append(row.digest or "")
    return found


def _former_champions(session: Session, keep: int) -> set[int]:
    place = func.row_number().over(
        partition_by=ModelVersion.project_id,
        order_by=[ModelVersion.promoted_at.desc(), ModelVersion.number.desc()],
    )
    placed = (
        select(ModelVersion.id, place.label("place"))
        .where(
            ModelVersion.state == ModelState.RETIRED,
            ModelVersion.promoted_at.is_not(None),
            ModelVersion.weights_removed_at.is_(None),
        )
        .subquery()
    )
    return set(session.scalars(select(placed.c.id).where(placed.c.place <= keep)))


def _named_weights(session: Session, without: set[int] | None = None) -> set[str]:
    rows = select(ModelVersion.id, ModelVersion.weights_digest).where(
        ModelVersion.weights_removed_at.is_(None)
    )
    return {digest for row_id, digest in session.execute(rows) if row_id not in (without or ())}


def _of_others(made_by: str, before: datetime) -> tuple[ColumnElement[bool], ...]:
    champions = select(ModelVersion.weights_digest).where(ModelVersion.state == ModelState.CHAMPION)
    return (
        Conversion.made_by != made_by,
        Conversion.created_at < before,
        or_(Conversion.precision != "int8", Conversion.weights_digest.not_in(champions)),
    )


def _forget(session: Session, *where: ColumnElement[bool]) -> set[str]:
    """Deletes conversions; the artifacts of them that no other conversion names."""
    digests = set(session.scalars(select(Conversion.digest).where(*where)))
    session.execute(delete(Conversion).where(*where))
    left = set(session.scalars(select(Conversion.digest).where(Conversion.digest.in_(digests))))
    return {digest for digest in digests - left if digest is not None}
