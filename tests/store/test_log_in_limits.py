"""Attempts to log in: counted before they are made, by name and address, and bounded in number."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from hemline.store import log_in_limits
from hemline.store.database.columns import utcnow
from hemline.store.database.engine import Store
from hemline.store.log_in_limits import (
    PER_ADDRESS,
    PER_NAME,
    WINDOW,
    attempt_failed,
    attempt_succeeded,
    take_attempt,
    tidy_log_ins,
)
from hemline.store.people import add_person, list_events, record_event, set_password
from hemline.store.states import Role
from hemline.store.tables.review import LogInCount

NOW = utcnow()
SECOND = timedelta(seconds=1)


def take(store, name, address, *, now=NOW):
    with store.session() as session:
        return take_attempt(session, name, address, now=now)


def rows(store):
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(LogInCount))


def test_of_forty_at_once_only_as_many_are_tried_as_are_allowed(store, in_threads):
    waits = in_threads(40, lambda _: take(store, "ada", "10.0.0.1"))
    assert sum(not wait for wait in waits) == PER_NAME


def test_of_many_names_at_once_only_as_many_are_tried_as_an_address_may(store, in_threads):
    waits = in_threads(PER_ADDRESS + 20, lambda number: take(store, f"name {number}", "10.0.0.1"))
    assert sum(not wait for wait in waits) == PER_ADDRESS
    assert rows(store) == PER_ADDRESS + 1


def test_guesses_from_many_addresses_keep_nobody_out_at_another(store):
    for outsider in range(20):
        for _ in range(PER_NAME):
            assert not take(store, "ada", f"203.0.113.{outsider}")
        assert take(store, "ada", f"203.0.113.{outsider}")
    assert not take(store, "ada", "10.0.0.1")


def test_the_wait_ends_with_the_window_and_does_not_grow(store):
    for second in range(PER_NAME):
        assert not take(store, "ada", "here", now=NOW + second * SECOND)
    for second in (10, 20, 30):
        assert take(store, "ada", "here", now=NOW + second * SECOND) == WINDOW - second * SECOND
    assert not take(store, "ada", "here", now=NOW + WINDOW)


def test_who_has_to_wait_does_not_use_up_what_others_at_the_address_have(store):
    for _ in range(PER_ADDRESS + 10):
        take(store, "ada", "here")
    assert not take(store, "bea", "here")


@pytest.mark.parametrize("name", ["", "ada"])
def test_a_log_in_forgets_the_guesses_before_it(store, name):
    limit = PER_NAME if name else PER_ADDRESS
    for _ in range(limit):
        assert not take(store, name, "here")
    assert take(store, name, "here")
    with store.session() as session:
        attempt_succeeded(session, name, "here")
    assert not take(store, name, "here")


def test_log_ins_that_succeed_use_up_nothing(store):
    for number in range(PER_ADDRESS + 10):
        assert not take(store, f"name {number}", "office")
        with store.session() as session:
            attempt_succeeded(session, f"name {number}", "office")


def test_a_new_password_lets_the_person_in_at_once(store):
    with store.session() as session:
        add_person(session, "ada", "hash", Role.ADMIN)
    for _ in range(PER_NAME):
        take(store, "ada", "here")
    with store.session() as session:
        set_password(session, "ada", "new")
    assert not take(store, "ada", "here")


def test_counts_outlast_the_process(store, store_url):
    for _ in range(PER_NAME):
        take(store, "ada", "here")
    later = Store(store_url)
    try:
        assert take(later, "ada", "here")
    finally:
        later.dispose()


def test_a_clock_that_was_a_day_ahead_keeps_nobody_out_for_a_day(store):
    for _ in range(PER_NAME):
        take(store, "ada", "here", now=NOW + timedelta(days=1))
    assert not take(store, "ada", "here")


@pytest.mark.parametrize("name", ["x" * 10_000, "a\x00b", "\ud800", "имя"])
def test_any_name_is_counted(store, name):
    for _ in range(PER_NAME):
        assert not take(store, name, "here")
    assert take(store, name, "here")
    with store.session() as session:
        attempt_failed(session, name, "here", now=NOW)


def test_what_is_kept_is_bounded_and_tidied(store, monkeypatch):
    monkeypatch.setattr(log_in_limits, "_COUNTS_KEPT", 6)
    monkeypatch.setattr(log_in_limits, "_FAILURES_KEPT", 4)
    with store.session() as session:
        record_event(session, "ada", "promote", target="version 1")
    for number in range(10):
        moment = NOW + number * SECOND
        take(store, "ada", f"address {number}", now=moment)
        with store.session() as session:
            attempt_failed(session, "ada", f"address {number}", now=moment)
    assert rows(store) == 6
    with store.reading() as session:
        events = list_events(session)
    assert [event.details.get("address", event.action) for event in events] == [
        "address 9",
        "address 8",
        "address 7",
        "address 6",
        "promote",
    ]
    with store.session() as session:
        tidy_log_ins(session, now=NOW + WINDOW + 10 * SECOND)
    assert rows(store) == 0
