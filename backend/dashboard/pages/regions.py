"""What is one region of a project's pre-fills: shown among the models, and set."""

from dataclasses import dataclass

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import known_project, say, see
from backend.dashboard.login.access import current_person, needs
from backend.services import BackendServices
from hemline.errors import LabelConfigError
from hemline.labelstudio.project.config import parse_label_config
from hemline.masks.parts import RegionsPer
from hemline.store.models.regions_per import change_regions_per, read_regions_per
from hemline.store.people import record_event
from hemline.store.states import Role
from hemline.store.tables.loop import Project


@dataclass(frozen=True, slots=True)
class RegionSection:
    """`in_parts`: each part is a region of its own. `can_be_set`: polygons are so in any case."""

    in_parts: bool
    can_be_set: bool


def region_section(project: Project) -> RegionSection | None:
    """None: the project's label config cannot be used."""
    try:
        config = parse_label_config(project.label_config)
    except LabelConfigError:
        return None
    if config.control == "polygon":
        return RegionSection(in_parts=True, can_be_set=False)
    return RegionSection(
        in_parts=RegionsPer(project.regions_per) is RegionsPer.PART, can_be_set=True
    )


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.post("/<int:project>/models/regions")
    @needs(Role.ADMIN)
    def set_regions(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        try:
            wanted = RegionsPer(request.form.get("regions", ""))
        except ValueError:
            abort(400, "nothing was changed: choose what is one region")
        with services.store.session() as session:
            before = read_regions_per(session, row.id)
            job = change_regions_per(session, row.id, wanted)
            if before is not wanted:
                record_event(
                    session,
                    current_person().name,
                    "set regions",
                    project_id=row.id,
                    target=wanted.value,
                    details={"job": job.id} if job is not None else {},
                )
        if job is not None:
            number = job.id
            services.background.submit(
                lambda: services.send("worker.predict_pool", number, queue="predict")
            )
            say(
                f"Saved. Job {number} gives Label Studio the pre-fills of the unlabelled photos "
                "again in these regions."
            )
        else:
            say("Nothing was changed." if before is wanted else "Saved.")
        return see("models", project=row.ls_project_id)
