"""Overview: is the model getting better, what runs now, and what needs a person today."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend.dashboard.pages import known_project, render_page
from backend.services import Services


def register(blueprint: Blueprint, services: Services) -> None:
    @blueprint.get("/<int:project>")
    def overview(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        return render_page("dashboard/overview.html", project=row)
