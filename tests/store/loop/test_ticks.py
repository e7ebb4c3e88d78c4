"""Of the schedule's ticks that waited for a worker, one is worked on."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hemline.store.database.engine import Store
from hemline.store.loop.ticks import take_tick

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def take(store: Store, seconds: float, *, name: str = "sweep") -> bool:
    with store.session() as session:
        return take_tick(session, name, 60, now=NOON + timedelta(seconds=seconds))


def test_ticks_that_come_together_are_one(store: Store) -> None:
    assert [take(store, seconds) for seconds in (0, 0.1, 29)] == [True, False, False]
    assert take(store, 30)


def test_a_tick_that_is_a_little_early_is_taken(store: Store) -> None:
    assert all(take(store, seconds) for seconds in (0, 58, 117, 170))


def test_kinds_of_work_have_ticks_of_their_own(store: Store) -> None:
    assert take(store, 0)
    assert take(store, 0, name="reconcile")


def test_a_clock_that_was_put_back_stops_nothing(store: Store) -> None:
    assert take(store, 24 * 3600)
    assert take(store, 0)
    assert not take(store, 1)


def test_one_of_many_processes_has_the_tick(store: Store, store_url: str, contenders: Any) -> None:
    results = contenders.run(store_url, "take_tick", [("reconcile",)] * 5)
    assert sorted(results) == [False] * 4 + [True]
