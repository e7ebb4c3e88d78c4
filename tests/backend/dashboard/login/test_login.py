"""Logging in to the dashboard: nothing is seen without, and nobody gets in by trying."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from backend.dashboard.login.log_in import _inside
from backend.dashboard.login.passwords import PasswordError, hash_password, is_password
from backend.dashboard.login.secret_key import secret_key
from hemline.errors import SettingsError
from hemline.settings import Settings
from hemline.store.log_in_limits import PER_NAME
from hemline.store.people import list_events, remove_person, set_password
from hemline.store.states import Role
from tests.backend.dashboard.visitor import PASSWORD, Visitor, token_of

PAGES = ("/dashboard", "/dashboard/", "/dashboard/1", "/dashboard/1/activity", "/dashboard/x/y")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("settings", [{}, {"basic_auth_user": "u", "basic_auth_pass": "p"}])
def test_no_page_is_seen_without_a_login(make_backend, path, settings):
    backend = make_backend(**settings)
    answer = backend.client.get(path, auth=("u", "p") if settings else None)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/dashboard/log-in")


def test_a_person_logs_in_and_goes_on_to_the_page_they_wanted(make_backend):
    backend = make_backend(basic_auth_user="u", basic_auth_pass="p")
    visitor = Visitor(backend, role=Role.VIEWER, log_in=False)
    away = visitor.client.get("/dashboard/1/activity?x=1&y=2")
    page = visitor.client.get(away.headers["Location"])
    wanted = re.search(r'name="next" value="([^"]*)"', page.text)
    assert wanted is not None
    answer = visitor.log_in(next=wanted[1].replace("&amp;", "&"))
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/dashboard/1/activity?x=1&y=2"
    cookie = next(
        value for value in answer.headers.getlist("Set-Cookie") if "hemline_dashboard" in value
    )
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/dashboard" in cookie
    assert "Secure" not in cookie
    with backend.store.reading() as session:
        assert [event.action for event in list_events(session)] == ["log in"]


def test_over_https_the_cookie_stays_there(backend):
    visitor = Visitor(backend, log_in=False)
    answer = visitor.client.get("/dashboard/log-in", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_are_told_the_same(backend, name, password):
    visitor = Visitor(backend, name="ada", log_in=False)
    answer = visitor.log_in(name=name, password=password)
    assert answer.status_code == 401
    assert "Wrong name or password." in answer.text
    assert visitor.client.get("/dashboard").status_code == 302


def test_a_name_that_is_guessed_has_to_wait(backend):
    visitor = Visitor(backend, log_in=False)
    for _ in range(PER_NAME):
        assert visitor.log_in(password="guess").status_code == 401
    answer = visitor.log_in()
    assert answer.status_code == 429
    assert "Try again in 15 min." in answer.text


def test_wrong_guesses_elsewhere_keep_nobody_out(backend):
    ada = Visitor(backend, log_in=False)
    outsider = Visitor(backend, name="outsider", log_in=False)
    outsider.client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    for _ in range(PER_NAME):
        assert outsider.log_in(name="ada", password="guess").status_code == 401
    assert outsider.log_in(name="ada").status_code == 429
    assert ada.log_in().status_code == 303


def test_a_restart_forgets_no_wrong_guess(make_backend):
    visitor = Visitor(make_backend(), log_in=False)
    for _ in range(PER_NAME):
        visitor.log_in(password="guess")
    again = make_backend()
    visitor.client = again.app.test_client()
    answer = visitor.log_in()
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 15 * 60


def test_of_forty_guesses_at_once_ten_are_checked(backend, monkeypatch):
    checked = []

    def never(password: str, _hash: str | None) -> bool:
        checked.append(password)
        return False

    monkeypatch.setattr("backend.dashboard.login.log_in.is_password", never)
    visitors = [Visitor(backend, name=f"guesser {n}", log_in=False) for n in range(40)]
    barrier = threading.Barrier(len(visitors))

    def guess(visitor):
        barrier.wait()
        return visitor.log_in(name="ada", password="guess").status_code

    with ThreadPoolExecutor(len(visitors)) as pool:
        codes = sorted(pool.map(guess, visitors))
    assert codes == [401] * PER_NAME + [429] * 30
    assert len(checked) == PER_NAME


def test_a_failure_is_in_the_audit_table(backend):
    Visitor(backend, name="ada", log_in=False).log_in(password="wrong guess")
    with backend.store.reading() as session:
        (event,) = list_events(session)
    assert (event.person, event.action) == ("ada", "log in failed")
    assert event.details == {"address": "127.0.0.1"}


def test_a_form_without_its_token_changes_nothing(backend):
    visitor = Visitor(backend)
    for data in ({}, {"csrf_token": ""}, {"csrf_token": "x" * 32}, {"csrf_token": "wörd"}):
        answer = visitor.client.post("/dashboard/log-out", data=data)
        assert answer.status_code == 400
        assert "nothing was changed" in answer.text.lower()
    assert visitor.client.get("/dashboard").status_code == 200


def test_the_token_of_another_login_is_not_taken(backend):
    one, other = Visitor(backend, name="one"), Visitor(backend, name="other")
    answer = other.client.post("/dashboard/log-out", data={"csrf_token": one.token()})
    assert answer.status_code == 400


def test_logging_out_ends_copies_of_the_cookie_too(backend):
    visitor = Visitor(backend)
    copy = Visitor(backend, name="copy", log_in=False)
    cookie = visitor.client.get_cookie("hemline_dashboard", path="/dashboard")
    assert cookie is not None
    copy.client.set_cookie("hemline_dashboard", cookie.value, path="/dashboard")
    assert copy.client.get("/dashboard").status_code == 200
    assert visitor.post("/dashboard/log-out").status_code == 303
    assert copy.client.get("/dashboard").status_code == 302


@pytest.mark.parametrize("change", ["remove", "password", "time", "forge"])
def test_a_login_ends_with_its_person_its_password_and_its_day(backend, monkeypatch, change):
    visitor = Visitor(backend, name="ada")
    assert visitor.client.get("/dashboard").status_code == 200
    if change == "time":
        later = datetime.now(UTC) + timedelta(hours=12, minutes=1)
        monkeypatch.setattr("hemline.store.database.clock.utcnow", lambda: later)
    elif change == "forge":
        visitor.client.set_cookie("hemline_dashboard", "eyJwZXJzb24iOjF9.x.y", path="/dashboard")
    else:
        with backend.store.session() as session:
            if change == "remove":
                remove_person(session, "ada")
            else:
                set_password(session, "ada", hash_password("another one"))
    assert visitor.client.get("/dashboard").status_code == 302


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/dashboard",
        "//elsewhere.example/dashboard",
        "/dashboardish",
        "/\\elsewhere.example",
        "javascript:alert(1)",
        "/predict",
        "",
        "/dashboard/\\\\x",
        "/dashboard/\nSet-Cookie: a=b",
        "http:///dashboard",
    ],
)
def test_a_login_leads_nowhere_else(backend, address):
    with backend.app.test_request_context("/dashboard/log-in"):
        assert _inside(address) == "/dashboard"


def test_the_form_says_how_the_first_person_is_added(backend):
    page = backend.client.get("/dashboard/log-in")
    assert "hemline people add" in page.text
    assert token_of(page.text)


def test_passwords_are_hashed_and_have_a_length():
    hashed = hash_password("long enough")
    assert "long enough" not in hashed
    assert is_password("long enough", hashed)
    assert not is_password("long enougH", hashed)
    assert not is_password("of nobody", None)
    for password in ("", "seven77", "x" * 1001):
        with pytest.raises(PasswordError):
            hash_password(password)
    assert not is_password("x" * 10**6, hashed)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    settings = Settings(home=tmp_path / "home")
    key = secret_key(settings)
    assert len(key) > 40
    assert secret_key(settings) == key
    file = tmp_path / "home" / "secret-key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret-key"]
    assert secret_key(Settings(home=tmp_path, secret_key="given")) == "given"
    file.write_text("")
    with pytest.raises(SettingsError, match="is empty"):
        secret_key(settings)


def test_a_home_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="HEMLINE_SECRET_KEY"):
        secret_key(Settings(home=tmp_path / "file" / "below"))
