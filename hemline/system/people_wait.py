"""Whether somebody on this machine waits for an answer, so that work without anybody waits instead.

A lower priority alone does not see to it: containers, and sessions on many desktops, get the same
share of a CPU whatever the priority of what runs in them. The sign is a lock on a file in
HEMLINE_HOME, which goes with the process that holds it, however that ends.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from hemline.files import PRIVATE_FILE

_NAME = "people-wait.lock"
_LOOK_S = 0.05


class PeopleWait:
    """The sign that a process gives. Threads may share it.

    home: a folder; where no file can be locked in it there is no sign, and nobody waits for one.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / _NAME
        self._lock = threading.Lock()
        self._number = 0
        self._file: int | None = None

    @contextmanager
    def somebody(self) -> Iterator[None]:
        """Somebody waits while the block runs."""
        with self._lock:
            self._number += 1
            if self._number == 1:
                self._give()
        try:
            yield
        finally:
            with self._lock:
                self._number -= 1
                if self._number == 0:
                    self._take_back()

    def _give(self) -> None:
        with suppress(OSError):
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
            fcntl.flock(self._file, fcntl.LOCK_SH)  # nobody keeps the other lock

    def _take_back(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Crowd:
    """Requests of which a few at once keep nobody waiting: the sign is given while there are more.

    few: how many may be answered at once without it.
    """

    def __init__(self, people: PeopleWait, *, few: int) -> None:
        self._people = people
        self._few = few
        self._lock = threading.Lock()
        self._number = 0

    @contextmanager
    def joined(self) -> Iterator[None]:
        """A request that is answered while the block runs."""
        with self._lock:
            self._number += 1
            is_large = self._number > self._few
        try:
            with self._people.somebody() if is_large else nullcontext():
                yield
        finally:
            with self._lock:
                self._number -= 1


def let_people_go_first(home: Path, *, longest_s: float) -> float:
    """Returns when nobody waits for an answer any more, and after `longest_s` seconds at most; the
    seconds that it took."""
    begin = time.monotonic()
    try:
        file = os.open(home / _NAME, os.O_RDWR)
    except OSError:
        return 0.0
    try:
        while (took_s := time.monotonic() - begin) < longest_s and _is_locked(file):
            time.sleep(min(_LOOK_S, longest_s - took_s))
    finally:
        os.close(file)
    return time.monotonic() - begin


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.flock(file, fcntl.LOCK_UN)
    return False
