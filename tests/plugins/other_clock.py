"""The environment of a process whose clock is wrong: Debian's package faketime."""

from collections.abc import Callable
from pathlib import Path

import pytest

_LIBRARY = "faketime/libfaketimeMT.so.1"


@pytest.fixture(scope="session")
def clock_off_by() -> Callable[[int], dict[str, str]]:
    """What the environment of a process needs for its clock to be off by that many minutes.

    Only the time of day is: what measures how long something takes goes on as it is.
    """
    libraries = sorted(Path("/usr/lib").glob(f"*/{_LIBRARY}"))
    if not libraries:
        pytest.skip("no process with a clock of its own: install Debian's package faketime")

    def environment(minutes: int) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(libraries[0]),
            "FAKETIME": f"{minutes:+d}m",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    return environment
