"""Waiting for what other processes do, patiently: the machine may be busy."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T | None], what: str, *, seconds: float = 180.0) -> T:
    """What `look` returns once it is neither None nor False; fails, saying `what`, if never."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.3)
