"""Folders under HEMLINE_HOME: of trainings that are over, and of backups that were killed."""

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from hemline.store.models.runs import unfinished_runs
from worker.pruning.pile import Pile, PruneLimits
from worker.services import Services
from worker.tidy import runs_folder, work_folders

_KILLED_AFTER = timedelta(days=7)  # a first backup over a slow line may take days


def prunable_folders(services: Services, limits: PruneLimits) -> Iterator[Pile]:
    """A pile for each kind."""
    work = work_folders(services.settings)  # before the runs: one may begin meanwhile
    logs = _old(runs_folder(services.settings).glob("*/log"), limits.older_than)
    with services.store.reading() as session:
        unfinished = unfinished_runs(session)
    yield _pile(
        "checkpoints",
        "of trainings that are over",
        [folder for folder in work if int(folder.parent.name) not in unfinished],
    )
    yield _pile(
        "logs of trainings",
        "of trainings that are over",
        [path for path in logs if not _is_of(path, unfinished)],
    )
    yield _pile(
        "left by backups",
        "of backups and restores that were killed",
        _old(services.settings.home_path.glob(".backup-*"), _KILLED_AFTER),
    )


def _is_of(log: Path, runs: set[int]) -> bool:
    name = log.parent.name
    return not name.isdecimal() or int(name) in runs


def _old(paths: Iterator[Path], older_than: timedelta) -> list[Path]:
    before = time.time() - older_than.total_seconds()
    old = []
    for path in paths:
        with contextlib.suppress(FileNotFoundError):  # the schedule tidies too
            if path.stat().st_mtime < before:
                old.append(path)
    return old


def _pile(kind: str, why: str, paths: Sequence[Path]) -> Pile:
    def remove() -> int:
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                path.parent.rmdir()  # of a run that has nothing left
        return sum(not path.exists() for path in paths)

    return Pile(kind, why, len(paths), sum(map(_size, paths)), remove)


def _size(path: Path) -> int:
    size = 0
    for file in path.rglob("*") if path.is_dir() else [path]:
        with contextlib.suppress(FileNotFoundError):  # the schedule tidies too
            size += file.stat().st_size if file.is_file() else 0
    return size
