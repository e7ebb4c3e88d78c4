"""Room on the disks that Hemline writes to."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from hemline.settings import Settings
from worker.doctor.diagnosis import Diagnosis, fault, healthy, warning

NAME = "disk"
WAY_OUT = "check HEMLINE_HOME and HEMLINE_ARTIFACT_URL"

_ROOM = "make room on that disk, `hemline prune` lists what can go"
_GIB = 2**30
_FAULT_BELOW = 1 * _GIB
_WARNING_BELOW = 10 * _GIB  # a training's checkpoints, conversions and photos take a few


def check_disk(settings: Settings) -> Iterator[Diagnosis]:
    """A line for each disk: of the home folder, and of artifacts that are in a folder elsewhere."""
    seen: set[int] = set()
    for folder in _folders(settings):
        there = next(each for each in (folder, *folder.parents) if each.exists())
        device = there.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(there).free
        found = f"{free / _GIB:.1f} GiB free for '{folder}'"
        if free < _FAULT_BELOW:
            yield fault(NAME, found, f"Hemline needs 1 GiB, and 10 to train; {_ROOM}")
        elif free < _WARNING_BELOW:
            yield warning(NAME, found, f"trainings need some 10 GiB; {_ROOM}")
        else:
            yield healthy(NAME, found)


def _folders(settings: Settings) -> Iterator[Path]:
    yield settings.home_path
    if "://" not in settings.artifacts:
        yield Path(settings.artifacts).expanduser().absolute()
