"""Whether what has to be stored can be: room on the disks, and a database that can be written."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from hemline.errors import StoreUnavailable
from hemline.settings import Settings
from hemline.store.database.engine import Store
from hemline.store.loop.attempts import begin_attempt, end_attempt

_LEAST = 16 * 2**20  # bytes: a few masks and a checkpoint's header, and SQLite's log
_TRY = "a try to write"
_TRY_WAIT_S = 1.0


def storage_problem(settings: Settings, store: Store) -> str | None:
    """What keeps Hemline from storing, in one sentence; None if nothing does.

    A database that could not be written the last time is tried again.
    """
    problem = no_room([settings.home_path, *_database_folder(store), *_artifacts_folder(settings)])
    return problem or _written_again(store)


def free_bytes(settings: Settings, store: Store) -> dict[str, int]:
    """Bytes that are free where Hemline writes on this machine: "home", and where they are files,
    "database" and "artifacts"."""
    folders = {
        "home": [settings.home_path],
        "database": _database_folder(store),
        "artifacts": _artifacts_folder(settings),
    }
    return {name: _free(folder) for name, found in folders.items() for folder in found}


def no_room(folders: Iterable[Path]) -> str | None:
    """The sentence about the first of these folders whose disk is full."""
    for folder in folders:
        free = _free(folder)
        if free < _LEAST:
            return (
                f"the disk of '{folder}' is full ({free / 2**20:.0f} MiB left, Hemline needs "
                f"{_LEAST // 2**20}); make room on it"
            )
    return None


def _free(folder: Path) -> int:
    """Of the disk that the folder is on, or will be made on."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), None)
    return shutil.disk_usage(there).free if there is not None else _LEAST


def _written_again(store: Store) -> str | None:
    if store.trouble is None:
        return None
    try:
        with store.session(wait_s=_TRY_WAIT_S) as session:
            begin_attempt(session, _TRY)
        with store.session(wait_s=_TRY_WAIT_S) as session:
            end_attempt(session, _TRY)
    except StoreUnavailable:
        return store.trouble
    return None


def _database_folder(store: Store) -> list[Path]:
    return [store.file.parent] if store.file is not None else []


def _artifacts_folder(settings: Settings) -> list[Path]:
    return [] if "://" in settings.artifacts else [Path(settings.artifacts).expanduser()]
