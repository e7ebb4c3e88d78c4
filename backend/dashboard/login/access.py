"""Who may see and do what: a login for every page, a role for some, a token for every form."""

import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import ParamSpec, TypeAlias, cast

from flask import Blueprint, abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from backend.services import BackendServices
from hemline.store.database.clock import database_now
from hemline.store.people import get_person, may
from hemline.store.states import Role
from hemline.store.tables.review import Person

LOGIN_LASTS = timedelta(hours=12)  # a working day
_CLOCKS_APART = timedelta(minutes=1)  # one that began later still began before a clock was put back
_FORM_LIMIT = 64 * 1024  # bytes
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN = frozenset({"dashboard.static", "dashboard.log_in", "dashboard.check_log_in"})

P = ParamSpec("P")
View: TypeAlias = Callable[P, ResponseReturnValue]


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.before_request
    def check() -> ResponseReturnValue | None:
        if request.endpoint == "dashboard.static":
            return None
        request.max_content_length = _FORM_LIMIT
        g.person = _who(services)
        if request.method not in _READS:
            _check_token()
        if g.person is None and request.endpoint not in _OPEN:
            wanted = request.full_path.rstrip("?") if request.method in _READS else None
            return redirect(url_for("dashboard.log_in", next=wanted))
        return None

    @blueprint.context_processor
    def add() -> dict[str, object]:
        person = g.get("person")
        return {
            "person": person,
            "is_reviewer": person is not None and may(person.role, Role.REVIEWER),
            "is_admin": person is not None and may(person.role, Role.ADMIN),
            "csrf_field": csrf_field,
        }


def needs(role: Role) -> Callable[[View[P]], View[P]]:
    """Marks a view that only people of this role, or of one above, may call."""

    def mark(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            person = current_person()
            if not may(person.role, role):
                abort(
                    403,
                    f"your role is {person.role} and this needs the role {role}; ask an admin for "
                    "it",
                )
            return view(*args, **kwargs)

        return guarded

    return mark


def current_person() -> Person:
    """Who asks. Of a view behind the login, this is always somebody."""
    return cast(Person, g.person)


def begin_login(person: Person, now: datetime) -> None:
    """Marks this browser as the person's from `now`, the database's time, with a new token."""
    session.clear()
    session["person"] = person.id
    session["since"] = now.timestamp()


def end_login() -> None:
    session.clear()


def csrf_field() -> Markup:
    """The hidden field that every form with POST must have."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(_token())


def _token() -> str:
    if "token" not in session:
        session["token"] = secrets.token_urlsafe(24)
    return str(session["token"])


def _check_token() -> None:
    given = request.form.get("csrf_token", "")
    wanted = str(session.get("token", ""))
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        abort(
            400,
            "nothing was changed: the form is from before you logged in or from another site; "
            "reload the page and send it again",
        )


def _who(services: BackendServices) -> Person | None:
    """The person this browser belongs to, unless the login has ended or was ended."""
    person_id, since = session.get("person"), session.get("since")
    if not isinstance(person_id, int) or not isinstance(since, float):
        return None
    began = datetime.fromtimestamp(since, UTC)
    with services.store.reading() as read:
        if not -_CLOCKS_APART <= database_now(read) - began <= LOGIN_LASTS:
            return None
        person = get_person(read, person_id)
    return person if person is not None and began >= person.logins_valid_from else None
