"""Restores a backup into an empty database, after all of it was checked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hemline.errors import BackupError
from hemline.store.backup.copy_artifacts import check_artifacts, copy_artifacts
from hemline.store.backup.copy_rows import copy_rows, count_rows, count_rows_of, hold_tables
from hemline.store.backup.manifest import BackupManifest, read_manifest
from hemline.store.backup.place import BackupPlace
from hemline.store.backup.sqlite_file import opened, scratch_folder, sha256_of
from hemline.store.backup.take import Progress
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.database.revisions import is_known
from hemline.store.reports.artifacts_to_keep import artifacts_to_keep


@dataclass(frozen=True, slots=True)
class RestoreSummary:
    """rows: by table; artifacts: how many are whole; problems: why each of the others is missing or
    damaged, by digest; missing: how many in use were already when the backup was taken."""

    manifest: BackupManifest
    rows: dict[str, int]
    artifacts: int
    problems: dict[str, str]
    missing: int


def verify_backup(place: BackupPlace, progress: Progress) -> RestoreSummary:
    """Reads all of a backup and changes nothing.

    Raises BackupError if its manifest or its rows are damaged, or of a newer Hemline.
    """
    manifest = read_manifest(place)
    with _rows_of(place, manifest) as copy:
        digests, missing = _digests(copy, place, manifest)
        problems = check_artifacts(
            place.artifacts, digests, lambda done: progress("artifacts", done, len(digests))
        )
        with copy.reading() as session:
            rows = count_rows(session)
    return RestoreSummary(manifest, rows, len(digests) - len(problems), problems, missing)


def restore_backup(
    place: BackupPlace,
    store: Store,
    artifacts: ArtifactStore,
    progress: Progress,
    *,
    allow_damage: bool = False,
) -> RestoreSummary:
    """Copies artifacts, then rows in one transaction, into a database without rows.

    The tables are brought to this Hemline's schema, those of the database and those of the backup.
    One that was stopped can be run again. allow_damage: whether rows are restored although
    artifacts in the backup are missing or damaged.

    Raises:
        BackupError: the backup is damaged or of a newer Hemline, or the database has rows.
        StoreError: the database cannot be reached.
    """
    manifest = read_manifest(place)
    with _rows_of(place, manifest) as copy:
        store.upgrade()
        with store.reading() as session:
            _refuse_rows(session, store)
        digests, missing = _digests(copy, place, manifest)
        problems = copy_artifacts(
            place.artifacts,
            artifacts,
            digests,
            lambda done: progress("artifacts", done, len(digests)),
        )
        if problems and not allow_damage:
            digest, why = next(iter(problems.items()))
            raise BackupError(
                f"{len(problems)} artifacts in {place} are damaged or missing, such as "
                f"{digest[:12]} ({why}); no row was restored. Restore another backup, or this one "
                "with --allow-damage, and run `hemline verify --repair` afterwards"
            )
        rows = _restore_rows(copy, store, progress)
    return RestoreSummary(manifest, rows, len(digests) - len(problems), problems, missing)


def _restore_rows(copy: Store, store: Store, progress: Progress) -> dict[str, int]:
    with copy.reading() as source, store.session() as target:
        hold_tables(target)
        _refuse_rows(target, store)
        total = sum(count_rows(source).values())
        rows = copy_rows(source, target, lambda done: progress("rows", done, total))
        if count_rows(target) != rows:
            raise BackupError(f"database {store.name} did not take all rows; nothing was restored")
    return rows


def _digests(
    copy: Store, place: BackupPlace, manifest: BackupManifest
) -> tuple[frozenset[str], int]:
    """The artifacts that a backup has to have, whatever a listing of it says; and how many in use
    it could not have."""
    with copy.reading() as session:
        kept = artifacts_to_keep(session, place.artifacts)
    missing = frozenset(manifest.missing)
    return (kept.in_use | kept.past) - missing, len(kept.in_use & missing)


@contextmanager
def _rows_of(place: BackupPlace, manifest: BackupManifest) -> Iterator[Store]:
    """The rows, checked, as a database of this Hemline's schema."""
    if not is_known(manifest.schema):
        raise BackupError(
            f"the backup in {place} is of Hemline {manifest.hemline} with schema "
            f"{manifest.schema}, which this version does not know; install that version or a newer "
            "one"
        )
    with scratch_folder() as folder:
        path = folder / "hemline.db"
        place.fetch(manifest.database, path)
        if sha256_of(path) != manifest.sha256:
            raise BackupError(
                f"{manifest.database} in {place} is damaged: its content is not what was written; "
                "restore another backup"
            )
        with opened(path) as copy:
            with copy.reading() as session:
                counted = count_rows_of(session, manifest.rows)
            if counted != manifest.rows:
                raise BackupError(
                    f"the manifest in {place} has other numbers of rows than "
                    f"{manifest.database}; restore another backup"
                )
            copy.upgrade()
            yield copy


def _refuse_rows(session: Session, store: Store) -> None:
    for name, count in count_rows(session).items():
        if count:
            raise BackupError(
                f"database {store.name} is not empty: its table {name} has {count} rows; set "
                "DATABASE_URL or HEMLINE_HOME to an empty one, or move that one away first"
            )
