"""Things are worked on side by side, with few at once."""

import threading
import time
from collections.abc import Iterator

import pytest

from worker.pool.side_by_side import side_by_side


def test_all_are_done_and_only_a_few_are_taken_ahead() -> None:
    taken: list[int] = []

    def things() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    results = side_by_side(things(), lambda n: n * n, threads=2, ahead=3, tick_s=5)
    first = next(results)
    assert len(taken) == 5
    assert {first, *results} == {n * n for n in range(20)}


def test_they_overlap() -> None:
    together = threading.Barrier(3, timeout=30)

    def meet(number: int) -> int:
        together.wait()  # breaks unless three are at work at once
        return number

    assert set(side_by_side(range(6), meet, threads=3, ahead=0, tick_s=5)) == {*range(6)}


def test_a_caller_hears_that_nothing_is_done_yet() -> None:
    go_on = threading.Event()

    def work(number: int) -> int:
        assert go_on.wait(30)
        return number

    results = side_by_side([7], work, threads=1, ahead=1, tick_s=0.01)
    assert next(results) is None
    go_on.set()
    assert 7 in results


def test_an_error_is_raised_and_the_threads_end() -> None:
    ended: list[int] = []

    def work(number: int) -> int:
        if number == 0:
            raise LookupError("no")
        time.sleep(0.05)
        ended.append(number)
        return number

    with pytest.raises(LookupError):
        list(side_by_side(range(100), work, threads=2, ahead=2, tick_s=5))
    assert len(ended) <= 3
    assert not [t for t in threading.enumerate() if t.name.startswith("pool_")]
