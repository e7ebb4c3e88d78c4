"""/dashboard: the only project, or a choice of them."""

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import render_page, see
from backend.services import BackendServices


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.get("/")
    def home_with_slash() -> ResponseReturnValue:
        return see("home")

    @blueprint.get("")
    def home() -> ResponseReturnValue:
        if len(g.projects) == 1:
            return see("overview", project=g.projects[0].ls_project_id)
        return render_page("dashboard/home.html")
