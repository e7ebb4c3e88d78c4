"""Predictions run one at a time, openings before batches."""

import threading

import pytest

from backend.serving.model_thread import ModelThread


@pytest.fixture
def thread():
    model_thread = ModelThread()
    yield model_thread
    model_thread.stop()


def test_returns_what_the_call_returns_and_raises_what_it_raises(thread):
    assert thread.run(lambda: 3, urgent=False) == 3
    with pytest.raises(ZeroDivisionError):
        thread.run(lambda: 1 // 0, urgent=True)
    assert thread.run(lambda: 4, urgent=True) == 4


def test_one_call_at_a_time_on_one_thread(thread):
    inside, most, names = [0], [0], set()

    def call():
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        names.add(threading.get_ident())
        threading.Event().wait(0.005)
        inside[0] -= 1

    callers = [threading.Thread(target=lambda: thread.run(call, urgent=False)) for _ in range(12)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert most == [1]
    assert len(names) == 1


def test_urgent_calls_go_before_those_that_wait_and_equals_in_order(thread):
    gate, order = threading.Event(), []
    waiting = threading.Semaphore(0)

    def ask(name, urgent):
        def target():
            waiting.release()
            thread.run(lambda: order.append(name), urgent=urgent)

        caller = threading.Thread(target=target)
        caller.start()
        waiting.acquire()
        return caller

    first = threading.Thread(target=lambda: thread.run(gate.wait, urgent=False))
    first.start()
    while thread._queue.qsize():
        pass
    callers = []
    for number, (name, urgent) in enumerate(
        [("batch 1", False), ("batch 2", False), ("opening", True)]
    ):
        callers.append(ask(name, urgent))
        while thread._queue.qsize() <= number:
            pass
    gate.set()
    for caller in [first, *callers]:
        caller.join()
    assert order == ["opening", "batch 1", "batch 2"]


def test_stop_finishes_what_waits_and_can_be_called_twice():
    model_thread = ModelThread()
    done = []
    caller = threading.Thread(target=lambda: model_thread.run(lambda: done.append(1), urgent=False))
    caller.start()
    caller.join()
    model_thread.stop()
    model_thread.stop()
    assert done == [1]
