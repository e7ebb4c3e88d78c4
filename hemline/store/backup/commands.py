"""`hemline backup` and `hemline restore`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from hemline import terminal

if TYPE_CHECKING:
    from hemline.store.backup.take import Progress

_SECRETS = (
    "Settings and tokens are not part of a backup: keep `.env` or what else holds them. Names and "
    "password hashes of people who log in are."
)
_NEXT = (
    "Set the tokens as they were, start Hemline, and everybody logs in again. Two that run on one "
    "backup would both answer Label Studio: stop the other."
)


def backup(
    target: Annotated[
        str, typer.Argument(help="Folder or fsspec URL: a new one, or that of an earlier backup.")
    ],
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Also read what is there already, and copy again what is damaged."
        ),
    ] = False,
) -> None:
    """Copy the database and the artifacts it names, while Hemline works.

    Into the folder of an earlier backup, only new artifacts are copied. Exits with 1 if artifacts
    are missing.
    """
    from hemline.errors import BackupError
    from hemline.settings import get_settings
    from hemline.store.backup.place import BackupPlace
    from hemline.store.backup.take import take_backup
    from hemline.store.database.artifacts import ArtifactStore
    from hemline.store.database.engine import open_store

    settings = get_settings()
    place = BackupPlace(target)
    store = open_store(settings.database)
    with _bars() as progress:
        done = take_backup(store, ArtifactStore(settings.artifacts), place, progress, verify=verify)
    store.dispose()
    manifest = done.manifest
    typer.echo(
        f"{place} has a backup of {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC: "
        f"{sum(manifest.rows.values())} rows and {manifest.artifacts} artifacts, {done.copied} of "
        f"them new. {_SECRETS}"
    )
    if done.problems:
        raise BackupError(
            f"{len(done.problems)} artifacts are damaged or missing and not in the backup: "
            f"{next(iter(done.problems.values()))}; run `hemline verify`, then this again"
        )


def restore(
    source: Annotated[str, typer.Argument(help="Folder or fsspec URL of a backup.")],
    verify_only: Annotated[
        bool, typer.Option("--verify-only", help="Read all of the backup; change nothing.")
    ] = False,
    allow_damage: Annotated[
        bool,
        typer.Option(
            "--allow-damage", help="Restore the rest where artifacts are damaged or missing."
        ),
    ] = False,
) -> None:
    """Restore a backup into an empty database, SQLite or PostgreSQL, whichever it came from.

    Everything is checked before the first row is written, and tables of an earlier version of
    Hemline are brought up to date.
    """
    from hemline.errors import BackupError
    from hemline.settings import get_settings
    from hemline.store.backup.manifest import read_manifest
    from hemline.store.backup.place import BackupPlace
    from hemline.store.backup.restore import restore_backup, verify_backup
    from hemline.store.database.artifacts import ArtifactStore
    from hemline.store.database.engine import Store
    from hemline.system.home import open_home

    place = BackupPlace(source)
    if verify_only:
        with _bars() as progress:
            done = verify_backup(place, progress)
    else:
        read_manifest(place)  # before anything is made
        settings = get_settings()
        open_home(settings)
        store = Store(settings.database)
        artifacts = ArtifactStore(settings.artifacts)
        with _bars() as progress:
            done = restore_backup(place, store, artifacts, progress, allow_damage=allow_damage)
        store.dispose()
    manifest = done.manifest
    for name, count in done.rows.items():
        if count:
            typer.echo(f"{count:>10} rows of {name}")
    typer.echo(f"{done.artifacts:>10} artifacts")
    typer.echo(
        f"{place}, taken {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC by Hemline {manifest.hemline}, "
        f"{'was read' if verify_only else 'is restored'}."
    )
    if not verify_only:
        typer.echo(_NEXT)
    if done.missing:
        typer.echo(
            f"{done.missing} artifacts were missing when it was taken; `hemline verify` "
            "names what they are of.",
            err=True,
        )
    if done.problems:
        raise BackupError(
            f"{len(done.problems)} artifacts are damaged or missing in {place}, such as "
            f"{next(iter(done.problems.values()))}; `hemline backup --verify` copies them again "
            "where the data still is, `hemline verify --repair` makes again what it can"
        )


@contextmanager
def _bars() -> Iterator["Progress"]:
    """A bar for each kind of thing, on stderr."""
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    with Bars(console=terminal.err(), transient=True) as bars:
        known: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in known:
                known[what] = bars.add_task(what.capitalize(), total=total)
            bars.advance(known[what], done)

        yield progress
