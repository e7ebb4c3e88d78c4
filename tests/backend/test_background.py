"""Follow-up work runs beside requests and never hurts them."""

import threading

from backend.background import BackgroundQueue


def test_work_runs_in_order_and_an_error_stops_nothing():
    background, done = BackgroundQueue(), []
    background.submit(lambda: done.append(1))
    background.submit(lambda: 1 // 0)
    background.submit(lambda: done.append(2))
    background.stop()
    assert done == [1, 2]


def test_a_full_queue_drops_and_says_so():
    background, gate = BackgroundQueue(limit=1), threading.Event()
    entered = threading.Event()

    def work() -> None:
        entered.set()
        gate.wait()

    background.submit(work)
    entered.wait()
    assert background.submit(lambda: None)
    assert not background.submit(lambda: None)
    gate.set()
    background.stop()


def test_stop_does_not_wait_for_ever():
    background, gate = BackgroundQueue(), threading.Event()
    background.submit(gate.wait)
    background.stop(timeout_s=0.05)
    gate.set()
