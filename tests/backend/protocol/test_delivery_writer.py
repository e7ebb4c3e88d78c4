"""Deliveries that come together are stored together, and none fails another."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, event

from backend.protocol import delivery_writer
from backend.protocol.delivery_writer import DeliveryWriter, ReceivedDelivery
from hemline.errors import StoreUnavailable
from hemline.store.loop.deliveries import count_by_state, record_deliveries
from hemline.store.states import DeliveryState

MANY = 16


def received(number: int, digest: int | None = None) -> ReceivedDelivery:
    key = number if digest is None else digest
    return ReceivedDelivery(f"{key:064}", "ANNOTATION_CREATED", 1, {"number": number})


def together(backend, make: Callable[[int], ReceivedDelivery]) -> list[Future[bool]]:
    """Many are written while the first of them waits for another writer, who ends then."""
    writer = DeliveryWriter(backend.store)
    with ThreadPoolExecutor(MANY) as pool, backend.store.session():
        first = pool.submit(writer.write, make(0))
        until(lambda: writer._writing.locked() and not writer._waiting)
        others = [pool.submit(writer.write, make(number)) for number in range(1, MANY)]
        until(lambda: len(writer._waiting) == MANY - 1)
        assert not any(each.done() for each in (first, *others))
    return [first, *others]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def backend(make_backend, monkeypatch):
    monkeypatch.setattr(delivery_writer, "_WAIT_S", 60.0)
    return make_backend()


def stored(backend) -> int:
    with backend.store.reading() as session:
        return count_by_state(session)[DeliveryState.NEW]


def test_those_that_come_together_cost_two_transactions(backend):
    commits: list[Connection] = []
    note = commits.append
    event.listen(backend.store._engine, "commit", note)
    answers = together(backend, received)
    event.remove(backend.store._engine, "commit", note)
    assert [each.result() for each in answers] == [True] * MANY
    assert stored(backend) == MANY
    assert 2 <= len(commits) <= 4  # and the backend's own, which loads champions meanwhile


def test_the_same_one_is_new_once(backend):
    answers = together(backend, lambda number: received(number, digest=7))
    assert [each.result() for each in answers].count(True) == 1
    assert stored(backend) == 1


def test_one_that_cannot_be_stored_fails_alone(backend, monkeypatch):
    record = record_deliveries

    def refuse(session, deliveries):
        if any(each["payload"]["number"] == 5 for each in deliveries):
            raise ValueError("not this one")
        return record(session, deliveries)

    monkeypatch.setattr(delivery_writer, "record_deliveries", refuse)
    answers = together(backend, received)
    failed = [number for number, each in enumerate(answers) if each.exception() is not None]
    assert failed == [5]
    assert stored(backend) == MANY - 1


def test_a_writer_who_does_not_end_is_said_to_everyone(backend, monkeypatch):
    monkeypatch.setattr(delivery_writer, "_WAIT_S", 0.2)
    writer = DeliveryWriter(backend.store)
    holding, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with backend.store.session():
            holding.set()
            let_go.wait(60)

    with ThreadPoolExecutor(5) as pool:
        pool.submit(hold)
        assert holding.wait(60)
        answers = [pool.submit(writer.write, received(number)) for number in range(4)]
        assert all(isinstance(each.exception(60), StoreUnavailable) for each in answers)
        let_go.set()
    assert writer.write(received(9))
    assert stored(backend) == 1
