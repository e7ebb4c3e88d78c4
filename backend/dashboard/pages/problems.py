"""Tasks that carry a mark: what is wrong with each, and the way to it."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import known_project, render_page, say, see
from backend.dashboard.login.access import current_person, needs
from backend.services import BackendServices
from hemline.errors import StoreError
from hemline.store.loop.held import confirm_held, tasks_with_held
from hemline.store.loop.tasks import list_task_problems
from hemline.store.people import record_event
from hemline.store.states import Role

_SHOWN = 500


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.get("/<int:project>/problems")
    def problems(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.reading() as session:
            marks = list_task_problems(session, row.id, limit=_SHOWN)
            held = tasks_with_held(session, row.id)
        return render_page(
            "dashboard/problems.html", project=row, marks=marks, shown=_SHOWN, held=held
        )

    @blueprint.post("/<int:project>/problems/<int:task>/confirm")
    @needs(Role.REVIEWER)
    def confirm(project: int, task: int) -> ResponseReturnValue:
        """Accepts a save that is held as lost work."""
        row = known_project(services, project)
        person = current_person().name
        try:
            confirm_held(
                services.store,
                services.settings,
                row.id,
                task,
                note=lambda session: record_event(
                    session, person, "confirm save", project_id=row.id, target=f"task {task}"
                ),
            )
            say(f"Task {task} is confirmed and will be trained on.")
        except StoreError:  # somebody was faster, or it was saved again meanwhile
            say(f"Task {task} has no save that waits for a confirmation. Nothing was changed.")
        return see("problems", project=project)
