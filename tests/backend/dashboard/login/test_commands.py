"""`hemline people`: adding, listing and removing, with passwords that are never shown."""

import pytest
from typer.testing import CliRunner

from backend.dashboard.login.commands import app
from backend.dashboard.login.passwords import is_password
from hemline.errors import HemlineError
from hemline.settings import get_settings
from hemline.store.database.engine import Store
from hemline.store.log_in_limits import attempt_failed
from hemline.store.people import LOGGED_IN, find_person, record_event
from hemline.store.states import Role
from hemline.store.tables.review import Person

PASSWORD = "correct horse"


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("HEMLINE_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    get_settings.cache_clear()
    store = Store(get_settings().database)
    store.upgrade()
    yield store
    store.dispose()
    get_settings.cache_clear()


def run(*words: str, given: str = "") -> str:
    result = CliRunner().invoke(app, list(words), input=given, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def person(store: Store, name: str) -> Person | None:
    with store.reading() as session:
        return find_person(session, name)


def test_a_person_is_added_listed_and_removed(store):
    assert "hemline people add" in run("list")
    output = run("add", "ada", "--role", "admin", given=f"{PASSWORD}\n")
    assert PASSWORD not in output
    ada = person(store, "ada")
    assert ada is not None
    assert ada.role is Role.ADMIN
    assert is_password(PASSWORD, ada.password_hash)
    assert "ada\tadmin\tlast login: never" in run("list")
    run("set-password", "ada", given="another one\r\n")
    changed = person(store, "ada")
    assert changed is not None
    assert is_password("another one", changed.password_hash)
    assert changed.logins_valid_from > ada.logins_valid_from
    run("remove", "ada")
    assert person(store, "ada") is None


@pytest.mark.parametrize(
    ("words", "given", "sentence"),
    [
        (("add", "bea"), "short\n", "the password has 5 characters"),
        (("add", "bea"), "", "the password has 0 characters"),
        (("add", "bea", "--role", "king"), f"{PASSWORD}\n", "choose from viewer, reviewer"),
        (("remove", "bea"), "", "unknown person 'bea'"),
        (("set-password", "bea"), f"{PASSWORD}\n", "unknown person 'bea'"),
    ],
)
def test_what_cannot_be_is_a_sentence(store, words, given, sentence):
    with pytest.raises(HemlineError, match=sentence):
        run(*words, given=given)
    assert person(store, "bea") is None


def test_log_ins_and_failed_attempts_are_listed_the_newest_first(store):
    assert run("logins") == "Nobody has tried to log in yet.\n"
    with store.session() as session:
        attempt_failed(session, "ada", "10.0.0.9")
    with store.session() as session:
        record_event(session, "ada", LOGGED_IN, details={"address": "10.0.0.1"})
        record_event(session, "ada", "promote")
    lines = [line.split("\t")[1:] for line in run("logins").splitlines()]
    assert lines == [["ada", "logged in", "10.0.0.1"], ["ada", "failed", "10.0.0.9"]]
    assert len(run("logins", "--newest", "1").splitlines()) == 1
