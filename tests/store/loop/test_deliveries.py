"""Deliveries: stored once, given to one worker at a time, and not for ever."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hemline.store.database.engine import Store
from hemline.store.loop.deliveries import (
    any_to_take,
    begin_delivery,
    count_by_state,
    fail_delivery,
    finish_delivery,
    list_failed,
    more_to_take_than,
    next_deliveries,
    postpone_delivery,
    requeue_failed,
)
from hemline.store.states import DeliveryState
from hemline.store.tables.loop import WebhookDelivery
from tests.deliveries import record_delivery

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def _record(store: Store, name: str) -> tuple[WebhookDelivery, bool]:
    with store.session() as session:
        number = record_delivery(
            session,
            digest=name * 64,
            action="ANNOTATION_CREATED",
            ls_project_id=7,
            payload={"name": name},
        )
        row = session.scalars(
            select(WebhookDelivery).where(WebhookDelivery.digest == name * 64)
        ).one()
        assert number in (row.id, None)
        return row, number is not None


def _next(store: Store, minutes: float, limit: int = 10, max_attempts: int = 3) -> list[str]:
    """Takes some and begins each of them."""
    now = NOON + timedelta(minutes=minutes)
    taken = _take(store, minutes, limit, max_attempts)
    with store.session() as session:
        assert all(begin_delivery(session, delivery, now=now) for delivery in taken)
    return [delivery.payload["name"] for delivery in taken]


def _take(
    store: Store, minutes: float, limit: int = 10, max_attempts: int = 3
) -> list[WebhookDelivery]:
    with store.session() as session:
        return next_deliveries(session, limit, max_attempts, now=NOON + timedelta(minutes=minutes))


def _stored(store: Store, delivery: WebhookDelivery) -> WebhookDelivery:
    with store.reading() as session:
        stored = session.get(WebhookDelivery, delivery.id)
    assert stored is not None
    return stored


@pytest.fixture
def delivery(store: Store) -> WebhookDelivery:
    return _record(store, "a")[0]


def test_the_same_delivery_is_stored_once(store: Store) -> None:
    first, is_new = _record(store, "a")
    again, is_new_again = _record(store, "a")
    assert (is_new, is_new_again) == (True, False)
    assert again.id == first.id
    assert again.payload == {"name": "a"}


def test_the_oldest_are_taken_first_and_once(store: Store) -> None:
    for name in "abcde":
        _record(store, name)
    assert _next(store, 0, limit=2) == ["a", "b"]
    assert _next(store, 0.1, limit=2) == ["c", "d"]
    assert _next(store, 0.2, limit=2) == ["e"]
    assert _next(store, 0.3) == []


def test_a_finished_one_is_not_taken_again(store: Store, delivery: WebhookDelivery) -> None:
    assert _next(store, 0) == ["a"]
    with store.session() as session:
        finish_delivery(session, delivery.id, now=NOON)
    assert _next(store, 60) == []
    assert _record(store, "a")[1] is False
    assert _stored(store, delivery).state is DeliveryState.DONE


def test_one_whose_worker_died_is_taken_again_and_then_given_up(
    store: Store, delivery: WebhookDelivery
) -> None:
    assert [_next(store, minute) for minute in (0, 0.5, 2, 4, 6)] == [["a"], [], ["a"], ["a"], []]
    stored = _stored(store, delivery)
    assert (stored.state, stored.attempts) == (DeliveryState.FAILED, 3)
    assert "died all 3 times" in (stored.problem or "")


def test_only_one_that_was_begun_is_counted_and_it_comes_last_and_alone(store: Store) -> None:
    made = [_record(store, name)[0] for name in "abcd"]
    taken = _take(store, 0, limit=3)
    with store.session() as session:
        assert begin_delivery(session, taken[0], now=NOON)
    assert [_stored(store, each).attempts for each in made] == [1, 0, 0, 0]
    assert [_next(store, 5), _next(store, 5), _next(store, 5)] == [["b", "c", "d"], ["a"], []]
    assert [_next(store, 10) for _ in range(5)] == [["a"], ["b"], ["c"], ["d"], []]


def test_one_that_somebody_else_took_since_is_not_begun(store: Store) -> None:
    _record(store, "a")
    (late,) = _take(store, 0)
    (taken,) = _take(store, 5)
    with store.session() as session:
        assert not begin_delivery(session, late)
        assert begin_delivery(session, taken)


def test_a_failure_is_tried_again_until_it_is_final(
    store: Store, delivery: WebhookDelivery
) -> None:
    assert _next(store, 0) == ["a"]
    with store.session() as session:
        fail_delivery(session, delivery.id, "the mask is broken", final=False)
    assert _next(store, 2) == ["a"]
    with store.session() as session:
        fail_delivery(session, delivery.id, "the mask is broken", final=True)
    assert _next(store, 4) == []
    with store.reading() as session:
        assert [each.problem for each in list_failed(session)] == ["the mask is broken"]


def test_the_last_problem_is_kept_when_it_is_given_up(
    store: Store, delivery: WebhookDelivery
) -> None:
    assert _next(store, 0, max_attempts=1) == ["a"]
    with store.session() as session:
        fail_delivery(session, delivery.id, "the mask is broken", final=False)
    assert _next(store, 2, max_attempts=1) == []
    assert _stored(store, delivery).problem == "the mask is broken"


def test_an_outage_costs_no_attempts(store: Store, delivery: WebhookDelivery) -> None:
    for minute in range(0, 20, 2):
        assert _next(store, minute) == ["a"]
        with store.session() as session:
            postpone_delivery(session, delivery.id, "Label Studio is away")
    assert _stored(store, delivery).attempts == 0


def test_failed_ones_can_be_given_another_chance(store: Store, delivery: WebhookDelivery) -> None:
    _record(store, "b")
    with store.session() as session:
        fail_delivery(session, delivery.id, "broken", final=True)
        assert requeue_failed(session) == 1
    assert _next(store, 0) == ["a", "b"]


def test_states_are_counted(store: Store, delivery: WebhookDelivery) -> None:
    with store.session() as session:
        fail_delivery(session, delivery.id, "broken", final=True)
    _record(store, "b")
    _record(store, "c")
    with store.reading() as session:
        assert count_by_state(session) == {
            DeliveryState.NEW: 2,
            DeliveryState.DONE: 0,
            DeliveryState.FAILED: 1,
        }


def test_processes_that_record_the_same_at_once_store_one(
    store: Store, store_url: str, contenders: Any
) -> None:
    results = contenders.run(store_url, "record_delivery", [("d" * 64,)] * 5)
    assert sorted(results) == [False] * 4 + [True]


def test_processes_never_take_the_same(store: Store, store_url: str, contenders: Any) -> None:
    with store.session() as session:
        made = [
            record_delivery(
                session, digest=f"{n:064}", action="X", ls_project_id=None, payload={"name": "x"}
            )
            for n in range(40)
        ]
    taken = contenders.run(store_url, "take_deliveries", [()] * 4)
    assert sorted(number for each in taken for number in each) == made


def test_whether_any_can_be_taken_and_how_many(store: Store) -> None:
    def now() -> tuple[bool, bool]:
        with store.reading() as session:
            return any_to_take(session), more_to_take_than(session, 1)

    assert now() == (False, False)
    _record(store, "a")
    assert now() == (True, False)
    _record(store, "b")
    assert now() == (True, True)
    with store.session() as session:
        taken = next_deliveries(session, 10, 3)
    assert now() == (False, False)  # somebody has them
    with store.session() as session:
        for delivery in taken:
            finish_delivery(session, delivery.id)
    assert now() == (False, False)
