"""Tasks that carry a mark: what is wrong with each, and the way to it."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import known_project, render_page
from backend.services import BackendServices
from hemline.store.loop.tasks import list_task_problems

_SHOWN = 500


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.get("/<int:project>/problems")
    def problems(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.reading() as session:
            marks = list_task_problems(session, row.id, limit=_SHOWN)
        return render_page("dashboard/problems.html", project=row, marks=marks, shown=_SHOWN)
