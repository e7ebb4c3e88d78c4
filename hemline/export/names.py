"""File names of exports: a photo's own stem, made safe and unique."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from hemline.garments.address import file_at, without_upload_prefix

_UNSAFE = re.compile(r"[^\w.-]+")
_LONGEST = 100
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{k}{n}" for k in ("com", "lpt") for n in range(10)}


def unique_names(addresses: Iterable[tuple[int, str]]) -> dict[int, str]:
    """A name without a suffix for each task of a project.

    The first task of a stem has it, later ones get `_2`, `_3`, ...; upper and lower case count as
    equal, for some file systems cannot tell them apart. Given all tasks in the order of their ids,
    a task keeps its name when later ones come.

    Args:
        addresses: task id and photo address, in order.

    >>> unique_names([(1, "/data/upload/7/0a1b2c3d-D1_Front.jpg"), (2, "s3://b/d1_front.png")])
    {1: 'D1_Front', 2: 'd1_front_2'}
    """
    names: dict[int, str] = {}
    taken: set[str] = set()
    latest: dict[str, int] = {}
    for task_id, address in addresses:
        stem = safe_stem(address) or f"task-{task_id}"
        name, number = stem, latest.get(stem.lower(), 1)
        while name.lower() in taken:
            number += 1
            name = f"{stem}_{number}"
        latest[stem.lower()] = number
        taken.add(name.lower())
        names[task_id] = name
    return names


def safe_stem(address: str) -> str:
    """The stem of a photo's address, of letters, digits, `_`, `.` and `-`; empty if it has none.

    >>> safe_stem("/data/local-files/?d=shop/Été%2012.jpg")
    'Été_12'
    """
    file = file_at(address)
    stem = PurePosixPath(file.path.replace("\\", "/")).stem
    if file.uploaded:
        stem = without_upload_prefix(stem, sure=True)
    stem = _UNSAFE.sub("_", stem).strip("._")[:_LONGEST].rstrip("._")
    return f"_{stem}" if stem.partition(".")[0].lower() in _RESERVED else stem


def safe_suffix(address: str) -> str:
    """The suffix of a photo's address, `.jpg` where it has none."""
    suffix = PurePosixPath(file_at(address).path).suffix
    return suffix if suffix[1:].isalnum() else ".jpg"
