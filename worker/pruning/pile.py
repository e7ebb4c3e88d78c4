"""A kind of thing that can go: how many there are, how large, and what removes them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Pile:
    """count: of files, folders or artifacts; size: bytes together; remove: does it, and returns how
    many went, which is fewer if something came to need one meanwhile."""

    kind: str
    why: str
    count: int
    size: int
    remove: Callable[[], int]


@dataclass(frozen=True, slots=True)
class PruneLimits:
    """older_than: what was not used for so long goes; cache_bytes: each cache keeps at most so much
    (None: what its setting allows); keep_versions: former champions of each project that stay."""

    older_than: timedelta
    cache_bytes: int | None
    keep_versions: int
