"""What pages share: their frame, sentences for the next page, and the project of an address."""

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from backend.dashboard.navigation import section_links
from backend.services import BackendServices
from hemline.store.loop.projects import get_project, list_projects, not_known
from hemline.store.tables.loop import Project

_LARGEST = 2**31 - 1


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.before_request
    def read_projects() -> None:
        if g.get("person") is not None:
            with services.store.reading() as session:
                g.projects = list_projects(session)

    @blueprint.before_request
    def check_numbers() -> None:
        """A number that no row can have, and that no database takes, is not known either."""
        for name, value in (request.view_args or {}).items():
            if isinstance(value, int) and value > _LARGEST:
                abort(404, f"unknown {name} {value}; choose one above")


def render_page(template: str, *, project: Project | None = None, **values: Any) -> str:
    """The page in its frame. `project` is the one whose sections stand above it."""
    return render_template(
        template,
        project=project,
        projects=g.get("projects", []),
        sections=section_links(project) if project is not None else [],
        **values,
    )


def known_project(services: BackendServices, ls_project_id: int) -> Project:
    """The project of an address, or a page that says there is none."""
    with services.store.reading() as session:
        project = get_project(session, ls_project_id)
    if project is None:
        abort(404, f"{not_known(ls_project_id)}, or choose another one above")
    return project


def say(sentence: str) -> None:
    """Puts a sentence on the next page this person sees."""
    flash(sentence)


def see(endpoint: str, **values: Any) -> ResponseReturnValue:
    """Sends the browser to another page after something was done."""
    return redirect(url_for(f"dashboard.{endpoint}", **values), code=303)


def asked_id(name: str) -> int | None:
    """The row that the address's query names; None if it names none that there can be."""
    number = request.args.get(name, type=int)
    return number if number is not None and 0 < number <= _LARGEST else None
