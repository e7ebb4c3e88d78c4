"""`hemline shadow`: the candidate that people's corrections decide on, and its end by hand."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hemline.store.tables.loop import Project
    from worker.services import Services

BY = "command line"


def shadow(
    project: Annotated[int, typer.Argument(help="Label Studio's project id.")],
    end: Annotated[
        bool, typer.Option("--end", help="Give the candidate up; it is not promoted.")
    ] = False,
) -> None:
    """Show the candidate in shadow, which is promoted or not by what people make of new photos.

    `hemline promote VERSION` makes it champion at once.
    """
    from hemline.errors import HemlineError
    from hemline.store.people import record_event
    from hemline.store.shadow.shadows import end_shadow, shadow_progress
    from hemline.store.states import ShadowState
    from worker.commands.models import find_project
    from worker.services import command_services

    services = command_services()
    row = find_project(services, project)
    with services.store.session() as session:
        progress = shadow_progress(session, row.id, days=services.settings.shadow_days)
        if progress is None:
            raise HemlineError(
                f"no candidate of project {row.ls_project_id} is in shadow; with "
                "HEMLINE_PROMOTION_BY=shadow or both the next one that is trained will be"
            )
        name = progress.shadow.model_version.name
        if end:
            end_shadow(session, progress.shadow, ShadowState.GIVEN_UP, "somebody ended it")
            number = progress.shadow.model_version.number
            record_event(session, BY, "end shadow", project_id=row.id, target=f"version {number}")
    if end:
        typer.echo(f"{name} is given up; trainings start by themselves again.")
    else:
        typer.echo(f"Project {row.ls_project_id}: {progress.in_words}.")


def shadow_lines(services: "Services", projects: "Sequence[Project]") -> "Iterator[str]":
    """Which candidates are in shadow, for `hemline status`."""
    from hemline.store.shadow.shadows import shadow_progress

    for project in projects:
        with services.store.reading() as session:
            progress = shadow_progress(session, project.id, days=services.settings.shadow_days)
        if progress is not None:
            yield (
                f"Project {project.ls_project_id}: {progress.in_words}. "
                f"`hemline shadow {project.ls_project_id} --end` ends it."
            )
