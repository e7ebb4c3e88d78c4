"""As many pieces as fit into a time."""

import threading
import time

from backend.serving.batch import work_within


def test_all_pieces_in_order():
    assert work_within(range(20), lambda n: n * n, seconds=lambda: 10, threads=3) == [
        n * n for n in range(20)
    ]
    assert work_within([], lambda n: n, seconds=lambda: 10, threads=3) == []


def test_what_does_not_fit_is_none_and_the_answer_does_not_wait_for_it():
    gate = threading.Event()

    def work(piece):
        if piece >= 2:
            gate.wait()
        return piece

    end = time.monotonic() + 0.2
    results = work_within(range(10), work, seconds=lambda: end - time.monotonic(), threads=3)
    gate.set()
    assert results == [0, 1, *[None] * 8]


def test_nothing_is_begun_without_time():
    begun: list[int] = []
    assert work_within([1, 2], begun.append, seconds=lambda: 0, threads=2) == [None, None]
    assert begun == []


def test_pieces_are_shared_between_threads():
    together = threading.Barrier(3, timeout=10)
    work_within(range(3), lambda _: together.wait(), seconds=lambda: 10, threads=3)
    assert not together.broken


def test_time_that_is_taken_away_meanwhile_is_seen():
    gate, left = threading.Event(), [60.0]

    def work(piece):
        if piece == 1:
            left[0] = 0.0
            gate.wait()
        return piece

    assert work_within(range(3), work, seconds=lambda: left[0], threads=1) == [0, None, None]
    gate.set()
