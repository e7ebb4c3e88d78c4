"""Follow-up work runs beside requests and never hurts them."""

import threading
import time

from backend.background import BackgroundQueue, Reminder


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


def test_a_reminder_is_given_at_once_and_then_once_for_all_who_ask():
    background, given = BackgroundQueue(), threading.Semaphore(0)
    told: list[float] = []

    def tell() -> None:
        told.append(time.monotonic())
        given.release()

    reminder = Reminder(background, tell)
    reminder.remind()
    assert given.acquire(timeout=30)
    began = time.monotonic()
    for _ in range(100):
        reminder.remind()
    assert given.acquire(timeout=30)
    asked_s = time.monotonic() - began
    background.stop()
    assert len(told) <= 2 + asked_s / 0.1


def test_who_asks_while_a_reminder_is_given_has_it_given_again():
    """What was stored meanwhile may not have been seen."""
    background, entered, gate = BackgroundQueue(), threading.Event(), threading.Event()
    told: list[int] = []

    def tell() -> None:
        told.append(len(told))
        entered.set()
        gate.wait(30)

    reminder = Reminder(background, tell)
    reminder.remind()
    assert entered.wait(30)
    reminder.remind()
    gate.set()
    deadline = time.monotonic() + 30
    while len(told) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    background.stop()
    assert told == [0, 1]


def test_a_reminder_that_found_no_room_is_given_the_next_time():
    background, gate, entered = BackgroundQueue(limit=1), threading.Event(), threading.Event()
    told: list[int] = []

    def work() -> None:
        entered.set()
        gate.wait(30)

    background.submit(work)
    entered.wait(30)
    background.submit(lambda: None)
    reminder = Reminder(background, lambda: told.append(1))
    reminder.remind()
    gate.set()
    background.stop()
    assert told == []
    reminder.remind()
    background.stop()
    assert told == [1]
