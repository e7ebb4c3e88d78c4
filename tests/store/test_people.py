"""People of the dashboard, and what is kept of what they did."""

from contextlib import suppress
from datetime import timedelta

import pytest

from hemline.errors import StoreError
from hemline.store.database.columns import utcnow
from hemline.store.people import (
    add_person,
    end_logins,
    find_person,
    get_person,
    list_events,
    list_people,
    may,
    note_login,
    record_event,
    remove_person,
    set_password,
)
from hemline.store.states import Role


def test_people_come_and_go(store):
    with store.session() as session:
        add_person(session, "bea", "hash", Role.VIEWER)
        ada = add_person(session, "ada", "hash", Role.ADMIN)
        with pytest.raises(StoreError, match="'ada' already exists"):
            add_person(session, "ada", "other", Role.VIEWER)
        note_login(session, ada.id)
    with store.reading() as session:
        assert [person.name for person in list_people(session)] == ["ada", "bea"]
        found = get_person(session, ada.id)
        assert found is not None
        assert found.last_login_at is not None
        assert (found.role, found.password_hash) == (Role.ADMIN, "hash")
    with store.session() as session:
        remove_person(session, "bea")
        for act in (remove_person, lambda session, name: set_password(session, name, "hash")):
            with pytest.raises(StoreError, match="unknown person 'bea'"):
                act(session, "bea")
        assert find_person(session, "bea") is None


def test_a_password_and_a_log_out_end_log_ins(store):
    later = utcnow() + timedelta(hours=1)
    with store.session() as session:
        ada = add_person(session, "ada", "hash", Role.ADMIN)
        began = ada.logins_valid_from
        set_password(session, "ada", "new", now=later)
    with store.session() as session:
        found = find_person(session, "ada")
        assert found is not None
        assert found.password_hash == "new"
        assert found.logins_valid_from == later > began
        end_logins(session, found.id, now=later + timedelta(hours=1))
    with store.reading() as session:
        found = find_person(session, "ada")
        assert found is not None
        assert found.logins_valid_from == later + timedelta(hours=1)


def test_events_outlive_their_people_and_go_with_a_failed_action(store, project):
    with store.session() as session:
        add_person(session, "ada", "hash", Role.ADMIN)
        record_event(session, "ada", "promote", project_id=project.id, target="version 2")
        record_event(session, "ada", "log out")
    with suppress(ZeroDivisionError), store.session() as session:
        record_event(session, "ada", "promote", project_id=project.id)
        _ = 1 / 0
    with store.session() as session:
        remove_person(session, "ada")
    with store.reading() as session:
        assert [event.action for event in list_events(session)] == ["log out", "promote"]
        of_project = list_events(session, project.id)
    assert [(event.person, event.target) for event in of_project] == [("ada", "version 2")]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("needed", Role)
def test_a_role_does_what_those_below_do(role, needed):
    order = [Role.VIEWER, Role.REVIEWER, Role.ADMIN]
    assert may(role, needed) == (order.index(role) >= order.index(needed))
