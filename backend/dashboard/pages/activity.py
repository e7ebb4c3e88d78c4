"""What people changed in a project, newest first: the audit events."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import known_project, render_page
from backend.services import BackendServices
from hemline.store.people import list_events

_SHOWN = 200


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.get("/<int:project>/activity")
    def activity(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.reading() as session:
            events = list_events(session, row.id, limit=_SHOWN)
        return render_page("dashboard/activity.html", project=row, events=events, shown=_SHOWN)
