"""Many pieces of work on a few threads, as many as fit into a time."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def work_within(
    pieces: Sequence[S], work: Callable[[S], T], *, seconds: float, threads: int
) -> list[T | None]:
    """`work` of each piece in order, None for the pieces that were not done in time.

    Returns when all are done or after `seconds`. A piece that is being worked on then goes on by
    itself and its result is dropped. `work` must not raise.
    """
    deadline = time.monotonic() + seconds
    results: list[T | None] = [None] * len(pieces)
    lock = threading.Lock()
    numbers = iter(range(len(pieces)))

    def run() -> None:
        while time.monotonic() < deadline:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            results[number] = work(pieces[number])

    team = [
        threading.Thread(target=run, name=f"batch-{k}", daemon=True)
        for k in range(min(threads, len(pieces)))
    ]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join(max(0.0, deadline - time.monotonic()))
    return list(results)
