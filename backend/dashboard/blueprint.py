"""The dashboard's blueprint: every page behind one login, one policy and one way to fail."""

from flask import Blueprint, Flask, abort, redirect, request
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined

from backend.dashboard import failures, headers, words
from backend.dashboard import frame as pages
from backend.dashboard.login import access
from backend.dashboard.login import log_in as login
from backend.dashboard.login.cookie import DashboardCookie
from backend.dashboard.login.secret_key import secret_key
from backend.dashboard.pages import (
    activity,
    annotators,
    exports,
    home,
    labels,
    models,
    overview,
    problems,
    publish,
    regions,
)
from backend.dashboard.pictures import routes as pictures
from backend.dashboard.review import causes, gallery, image
from backend.dashboard.review import verdict_buttons as judging
from backend.services import BackendServices

PAGES = (
    login,
    home,
    overview,
    gallery,
    image,
    judging,
    pictures,
    publish,
    exports,
    causes,
    models,
    labels,
    regions,
    annotators,
    problems,
    activity,
)


def register_dashboard(app: Flask, services: BackendServices) -> None:
    """Adds the dashboard to the app. Only it uses cookies and templates, so it sets both up."""
    app.secret_key = secret_key(services.settings)
    app.session_interface = DashboardCookie()
    app.jinja_env.undefined = StrictUndefined
    app.register_blueprint(_build(services))


def _build(services: BackendServices) -> Blueprint:
    blueprint = Blueprint(
        "dashboard",
        __name__,
        url_prefix="/dashboard",
        template_folder="templates",
        static_folder="static",
    )
    for part in (access, headers, failures, words, pages, *PAGES):
        part.register(blueprint, services)

    @blueprint.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def nowhere(path: str) -> ResponseReturnValue:
        """Addresses below /dashboard that are none: they too ask for a login first."""
        if not path.endswith("/") or request.method != "GET":
            abort(404, f"there is no page at {request.path}; choose one above")
        return redirect(request.path.rstrip("/"))

    return blueprint
