"""Logging in and out."""

import math
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import render_page, see
from backend.dashboard.login.access import begin_login, current_person, end_login
from backend.dashboard.login.client_address import client_address
from backend.dashboard.login.passwords import is_password
from backend.services import BackendServices
from hemline.store.database.clock import database_now
from hemline.store.log_in_limits import attempt_failed, attempt_succeeded, take_attempt
from hemline.store.people import (
    LOGGED_IN,
    end_logins,
    find_person,
    list_people,
    note_login,
    record_event,
)
from hemline.store.tables.review import Person


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.get("/log-in")
    def log_in() -> ResponseReturnValue:
        if g.get("person") is not None:
            return see("home")
        with services.store.reading() as session:
            is_nobody = not list_people(session)
        return _form(is_nobody=is_nobody)

    @blueprint.post("/log-in")
    def check_log_in() -> ResponseReturnValue:
        name = request.form.get("name", "").strip()[:255]
        address = client_address(
            request.remote_addr or "",
            request.headers.getlist("X-Forwarded-For"),
            services.settings.forwarded_allow_ips,
        )
        with services.store.session() as session:
            wait = take_attempt(session, name, address)
        if wait:
            return _refused(name, wait)
        person = _find(services, name, request.form.get("password", ""))
        with services.store.session() as session:
            now = database_now(session)
            if person is None:
                attempt_failed(session, name, address)
            else:
                attempt_succeeded(session, name, address)
                note_login(session, person.id)
                record_event(session, person.name, LOGGED_IN, details={"address": address})
        if person is None:
            return _form(problem="Wrong name or password.", name=name), 401
        begin_login(person, now)
        return redirect(_inside(request.form.get("next", "")), code=303)

    @blueprint.post("/log-out")
    def log_out() -> ResponseReturnValue:
        """Ends the person's logins on every device: a cookie that was copied ends too."""
        person = current_person()
        with services.store.session() as session:
            end_logins(session, person.id)
            record_event(session, person.name, "log out")
        end_login()
        return see("log_in")


def _form(*, problem: str = "", name: str = "", is_nobody: bool = False) -> str:
    wanted = request.form.get("next", "") or request.args.get("next", "")
    return render_page(
        "dashboard/log_in.html", problem=problem, name=name, is_nobody=is_nobody, next=wanted
    )


def _refused(name: str, wait: timedelta) -> ResponseReturnValue:
    seconds = math.ceil(wait.total_seconds())
    problem = f"Too many attempts. Try again in {math.ceil(seconds / 60)} min."
    return _form(problem=problem, name=name), 429, {"Retry-After": str(seconds)}


def _find(services: BackendServices, name: str, password: str) -> Person | None:
    with services.store.reading() as session:
        person = find_person(session, name)
    right = is_password(password, person.password_hash if person is not None else None)
    return person if right else None


def _inside(address: str) -> str:
    """The address to go on to: one of the dashboard's own pages, never another site."""
    parts = urlsplit(address)
    home = url_for("dashboard.home")
    is_own = not parts.scheme and not parts.netloc and "\\" not in address
    inside = parts.path == home or parts.path.startswith(f"{home}/")
    return address if is_own and inside and address.isprintable() else home
