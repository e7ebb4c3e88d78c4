"""Takes a backup while Hemline works: first the rows of one moment, then the artifacts they name.

In that order, because an artifact is stored before the row that names it, and never changes: all
that those rows name is there by then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from hemline import __version__
from hemline.errors import BackupError
from hemline.store.backup.copy_artifacts import check_artifacts, copy_artifacts
from hemline.store.backup.copy_rows import copy_rows, count_rows
from hemline.store.backup.manifest import BackupManifest, find_manifest, write_manifest
from hemline.store.backup.place import DATABASES, UNFINISHED, BackupPlace
from hemline.store.backup.sqlite_file import opened, sha256_of
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.clock import database_now
from hemline.store.database.engine import Store
from hemline.store.database.revisions import newest
from hemline.store.reports.artifacts_to_keep import KeptArtifacts, artifacts_to_keep
from hemline.store.tables.loop import Project

Progress = Callable[[str, int, int], None]  # what is done, how many of it now, of how many


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """manifest: of the backup; copied: artifacts that the place did not have; problems: why each
    artifact in use that is missing in it is, by digest."""

    manifest: BackupManifest
    copied: int
    problems: dict[str, str]


def take_backup(
    store: Store,
    artifacts: ArtifactStore,
    place: BackupPlace,
    progress: Progress,
    *,
    verify: bool = False,
) -> BackupSummary:
    """Writes a backup; one that is there already stays whole until this one is.

    verify: whether the artifacts that the place has already are read, and those that are damaged
    copied again.

    Raises:
        BackupError: the place cannot be used, or has the backup of another Hemline.
        StoreUnavailable: the database is away.
    """
    with place.held(), place.scratch() as scratch:
        path = scratch / "hemline.db"
        rows, taken_at = _write_rows(store, path, progress)
        with opened(path) as copy, copy.reading() as session:
            projects = _projects(session)
            kept = artifacts_to_keep(session, artifacts)
        _refuse_another(place, projects)
        # What a backup that was stopped was about to write may be half there.
        verify = verify or place.read(UNFINISHED) is not None
        place.write(UNFINISHED, b"a backup is being written, or was stopped\n")
        problems, copied, unneeded = _bring_up_to_date(place, artifacts, kept, progress, verify)
        sha256 = sha256_of(path)
        name = f"{DATABASES}/{taken_at:%Y%m%dT%H%M%SZ}-{sha256[:12]}.db"
        place.send(path, name)
        manifest = BackupManifest(
            hemline=__version__,
            schema=newest(),
            taken_at=taken_at,
            database=name,
            sha256=sha256,
            projects=projects,
            rows=rows,
            artifacts=len(kept.in_use | kept.past) - len(problems),
            missing=tuple(sorted(problems)),
        )
        write_manifest(place, manifest)
        _remove_old(place, name, unneeded)
        place.remove(UNFINISHED)
    missed = {digest: problems[digest] for digest in sorted(problems.keys() & kept.in_use)}
    return BackupSummary(manifest, copied, missed)


def _write_rows(store: Store, path: Path, progress: Progress) -> tuple[dict[str, int], datetime]:
    """All rows of one moment into a new SQLite file; how many by table, and the moment."""
    with opened(path) as copy:
        copy.upgrade()
        with store.reading() as source, copy.session() as target:
            taken_at = database_now(source)
            total = sum(count_rows(source).values())
            rows = copy_rows(source, target, lambda done: progress("rows", done, total))
    return rows, taken_at


def _bring_up_to_date(
    place: BackupPlace,
    artifacts: ArtifactStore,
    kept: KeptArtifacts,
    progress: Progress,
    verify: bool,
) -> tuple[dict[str, str], int, set[str]]:
    """What cannot be read, how many were copied, and what the place has and nothing needs.

    That is nothing while the manifest of a snapshot cannot be read: whatever the place has more
    may be masks that it names, and perhaps the last there are of them.
    """
    wanted = kept.in_use | kept.past
    there = set(place.artifacts.digests())
    new = wanted - there
    if verify:
        old = wanted & there
        tell = lambda done: progress("artifacts that are there", done, len(old))  # noqa: E731
        new |= check_artifacts(place.artifacts, old, tell).keys()
    problems = copy_artifacts(
        artifacts, place.artifacts, new, lambda done: progress("artifacts", done, len(new))
    )
    return problems, len(new) - len(problems), set() if kept.unread else there - wanted


def _projects(session: Session) -> tuple[str, ...]:
    rows = session.execute(
        select(Project.ls_project_id, Project.created_at).order_by(Project.ls_project_id)
    )
    return tuple(f"{number} {created_at.isoformat()}" for number, created_at in rows)


def _refuse_another(place: BackupPlace, projects: tuple[str, ...]) -> None:
    """A wrong DATABASE_URL must not cost the backup that is there."""
    try:
        before = find_manifest(place)
    except BackupError:
        return  # nobody can restore it as it is
    if before is not None and before.projects and not set(before.projects) & set(projects):
        raise BackupError(
            f"{place} has a backup of another Hemline, with none of this database's projects; "
            "choose another folder, or check DATABASE_URL and HEMLINE_HOME"
        )


def _remove_old(place: BackupPlace, database: str, unneeded: set[str]) -> None:
    """What only backups before needed."""
    for name in place.databases():
        if name != database:
            place.remove(name)
    for digest in unneeded:
        place.artifacts.remove(digest)
