"""Many pieces of work on a few threads, as many as fit into a time."""

import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import TypeVar

_LOOK_UP_S = 0.1  # how soon it is seen that less time is left

S = TypeVar("S")
T = TypeVar("T")


def work_within(
    pieces: Sequence[S],
    work: Callable[[S], T],
    *,
    seconds: Callable[[], float],
    threads: int,
) -> list[T | None]:
    """`work` of each piece in order, None for the pieces that were not done in time.

    Returns when all are done or when no `seconds` are left, which is asked again and again. A piece
    that is being worked on then goes on by itself and its result is dropped. `work` must not raise.
    """
    results: list[T | None] = [None] * len(pieces)
    lock = threading.Lock()
    numbers = iter(range(len(pieces)))

    def run() -> None:
        while seconds() > 0:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            results[number] = work(pieces[number])

    team = [
        threading.Thread(target=copy_context().run, args=(run,), name=f"batch-{k}", daemon=True)
        for k in range(min(threads, len(pieces)))
    ]
    for thread in team:
        thread.start()
    for thread in team:
        while thread.is_alive() and (left := seconds()) > 0:
            thread.join(min(left, _LOOK_UP_S))
    return list(results)
