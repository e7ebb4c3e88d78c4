"""Two backends on one database behind a proxy: to a person, and to Label Studio, they are one."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from itsdangerous import TimestampSigner

from hemline.settings import Settings
from hemline.store.log_in_limits import PER_NAME
from hemline.store.people import list_events
from hemline.store.states import JobKind
from hemline.store.tables.loop import Job
from tests.backend.conftest import Backend, add_champion
from tests.backend.dashboard.conftest import FILES
from tests.backend.dashboard.visitor import Visitor, token_of

_SOON_S = 5.0  # within which all backends notice a promotion
_GRACE = 4.0  # times that, on a machine that does other things


@pytest.fixture
def pair(filled_home: Path, tmp_path: Path) -> Iterator[tuple[Backend, Backend]]:
    """Two with homes of their own, which share database, artifacts and the key of cookies."""
    shared = tmp_path / "shared"
    shutil.copytree(filled_home, shared)
    made = []
    for name in ("one", "two"):
        settings = Settings(
            home=tmp_path / name,
            database_url=f"sqlite:///{shared / 'hemline.db'}",
            redis_url="",
            artifact_url=str(shared / "artifacts"),
            local_files_root=shared / FILES,
            secret_key="the same on every backend, " * 2,
        )
        made.append(Backend(settings))
    yield made[0], made[1]
    for backend in made:
        backend.services.stop()


def at_other(visitor: Visitor, other: Backend) -> Any:
    """The visitor's browser, whose next request the proxy sends to the other backend."""
    cookie = visitor.client.get_cookie("hemline_dashboard", path="/dashboard")
    assert cookie is not None
    client = other.app.test_client()
    client.set_cookie("hemline_dashboard", cookie.value, path="/dashboard")
    return client


def test_a_login_and_its_forms_hold_at_both(pair: tuple[Backend, Backend]) -> None:
    one, two = pair
    visitor = Visitor(one)
    fields = {"csrf_token": visitor.token(), "format": "masks", "masks": "corrections"}
    there = at_other(visitor, two)
    assert there.get("/dashboard/1/exports").status_code == 200
    assert there.post("/dashboard/1/exports", data=fields).status_code == 303
    with one.store.reading() as session:
        assert session.query(Job).filter(Job.kind == JobKind.EXPORT).count() == 1
        assert "export" in [event.action for event in list_events(session, 1, limit=5)]
    assert "waiting for the worker" in visitor.see("/dashboard/1/exports")


def test_logging_out_at_one_ends_it_at_the_other(pair: tuple[Backend, Backend]) -> None:
    one, two = pair
    visitor = Visitor(one)
    there = at_other(visitor, two)
    assert there.get("/dashboard/1").status_code == 200
    assert visitor.post("/dashboard/log-out").status_code == 303
    assert there.get("/dashboard/1").status_code == 302


def test_a_login_at_a_backend_whose_clock_is_ahead_counts_at_the_other(
    pair: tuple[Backend, Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    signed_at = TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: signed_at(self) + 600)
    visitor = Visitor(one)
    monkeypatch.undo()
    assert at_other(visitor, two).get("/dashboard/1").status_code == 200


def test_guesses_are_counted_together(pair: tuple[Backend, Backend]) -> None:
    Visitor(pair[0], log_in=False)
    statuses = []
    for number in range(PER_NAME + 2):
        client = pair[number % 2].app.test_client()
        token = token_of(client.get("/dashboard/log-in").text)
        form = {"name": "ada", "password": "a guess", "csrf_token": token}
        statuses.append(client.post("/dashboard/log-in", data=form).status_code)
    assert len(set(statuses[:PER_NAME])) == 1
    assert statuses[PER_NAME:] == [429, 429]


def test_a_picture_is_drawn_by_whichever_is_asked(pair: tuple[Backend, Backend]) -> None:
    one, two = pair
    visitor = Visitor(one)
    page = visitor.see("/dashboard/1/flagged")
    addresses = re.findall(r'<img src="([^"]*pictures?/[^"]*)"', page) or re.findall(
        r'<img src="([^"]+)" loading', page
    )
    address = addresses[0].replace("&amp;", "&")
    drawn = [visitor.client.get(address), at_other(visitor, two).get(address)]
    assert [answer.status_code for answer in drawn] == [200, 200]
    assert drawn[0].data == drawn[1].data
    assert drawn[0].content_type == "image/jpeg"


def test_a_promotion_is_noticed_by_both(pair: tuple[Backend, Backend]) -> None:
    one, two = pair
    for backend in pair:
        assert backend.connect()
    name = add_champion(one.store, 1, "a new champion", ("garment",))
    started = time.monotonic()
    waiting = [one, two]
    while waiting and time.monotonic() - started < _SOON_S * _GRACE:
        waiting = [each for each in waiting if each.connect() != name]
        time.sleep(0.05)
    assert not waiting
