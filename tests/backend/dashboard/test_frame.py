"""The frame of every page: its headers, its failures, its roles and other people's words."""

import pytest
from flask import Blueprint

from backend.dashboard.headers import POLICY
from backend.dashboard.login.access import needs
from hemline.errors import HemlineError
from hemline.store.loop.projects import upsert_project
from hemline.store.people import record_event
from hemline.store.states import Role
from tests.backend.dashboard.visitor import Visitor

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def visitor(backend):
    return Visitor(backend)


def add_project(backend, number=1, title="Dresses"):
    with backend.store.session() as session:
        return upsert_project(session, ls_project_id=number, title=title)


@pytest.mark.parametrize(
    "path", ["/dashboard", "/dashboard/9", "/dashboard/log-in", "/dashboard/static/dashboard.css"]
)
def test_every_answer_carries_the_policy(visitor, path):
    answer = visitor.client.get(path, buffered=True)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe" not in POLICY


def test_other_routes_are_as_they_were(backend):
    answer = backend.client.get("/health")
    assert answer.status_code == 200
    assert "Content-Security-Policy" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert backend.client.get("/dashboards").json is not None


def test_without_projects_it_says_what_to_do(visitor):
    assert "hemline connect" in visitor.see("/dashboard")


def test_the_only_project_opens_by_itself_and_several_are_listed(backend, visitor):
    add_project(backend, 1)
    assert visitor.client.get("/dashboard").headers["Location"] == "/dashboard/1"
    add_project(backend, 2, HOSTILE)
    page = visitor.see("/dashboard")
    assert page.count('href="/dashboard/2"') == 2  # in the list and in the switcher
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["/dashboard/9", "/dashboard/9/activity"])
def test_a_project_that_is_not_known_is_a_page(visitor, path):
    page = visitor.see(path, 404)
    assert "Project 9 is not known; connect it with `hemline connect 9`" in page


@pytest.mark.parametrize(
    "path", ["/dashboard/nowhere", "/dashboard/1/nowhere", "/dashboard/x", "/dashboard/1%00"]
)
def test_an_address_that_is_none_is_a_page(backend, visitor, path):
    add_project(backend)
    assert "<h1>Not found</h1>" in visitor.see(path, 404)
    assert visitor.post(path).status_code == 404


def test_a_number_beyond_the_databases_is_a_page(visitor):
    assert f"Unknown project {10**30}" in visitor.see(f"/dashboard/{10**30}", 404)


def test_a_slash_too_many_does_not_matter(backend, visitor):
    add_project(backend)
    assert visitor.client.get("/dashboard/1/").headers["Location"] == "/dashboard/1"


def test_a_huge_form_is_refused(visitor):
    answer = visitor.post("/dashboard/log-out", more="x" * 70_000)
    assert answer.status_code == 413
    assert "<h1>" in answer.text


def test_activity_shows_who_changed_what_and_never_as_markup(backend, visitor):
    project = add_project(backend)
    assert "Nobody has changed anything" in visitor.see("/dashboard/1/activity")
    with backend.store.session() as session:
        record_event(
            session,
            HOSTILE,
            "promote",
            project_id=project.id,
            target="version 3",
            details={"before": HOSTILE},
        )
    page = visitor.see("/dashboard/1/activity")
    assert "version 3" in page
    assert HOSTILE not in page


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (HemlineError("mask 'a' cannot be read; label it anew"), 422, "Mask &#39;a&#39; cannot"),
        (
            RuntimeError("secret detail"),
            500,
            "Hemline failed on this page; look for this number in its log:",
        ),
    ],
)
def test_an_error_is_a_sentence_on_a_page(make_backend, monkeypatch, error, status, sentence):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("backend.dashboard.pages.activity.list_events", fail)
    backend = make_backend()
    add_project(backend)
    page = Visitor(backend).see("/dashboard/1/activity", status)
    assert sentence in page
    assert "Traceback" not in page
    assert "secret detail" not in page


@pytest.mark.parametrize(
    ("role", "needed", "status"),
    [
        (Role.VIEWER, Role.VIEWER, 200),
        (Role.VIEWER, Role.REVIEWER, 403),
        (Role.VIEWER, Role.ADMIN, 403),
        (Role.REVIEWER, Role.REVIEWER, 200),
        (Role.REVIEWER, Role.ADMIN, 403),
        (Role.ADMIN, Role.ADMIN, 200),
    ],
)
def test_roles_hold(make_backend, monkeypatch, role, needed, status):
    def register(blueprint: Blueprint, _):
        @blueprint.get("/tried")
        @needs(needed)
        def tried():
            return "done"

    monkeypatch.setattr("backend.dashboard.pages.activity.register", register)
    page = Visitor(make_backend(), role=role).see("/dashboard/tried", status)
    assert ("done" in page) == (status == 200)
