"""`hemline models`, `promote`, `rollback` and `retrain`."""

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hemline.errors import HemlineError, StoreError

if TYPE_CHECKING:
    from hemline.store.models.succession import Succession
    from hemline.store.tables.loop import Evaluation, ModelVersion, Project
    from worker.services import Services

Which = Annotated[int | None, typer.Option("--project", help="Label Studio's project id.")]


def models(project: Which = None) -> None:
    """List model versions: state, lineage, figures and the decision on each."""
    from hemline.store.models.evaluations import evaluations_of
    from hemline.store.models.models import list_versions
    from worker.commands.print_table import print_table
    from worker.services import command_services

    services = command_services()
    only = find_project(services, project).id if project is not None else None
    with services.store.reading() as session:
        versions = list_versions(session, only)
        judged = {version.id: evaluations_of(session, version.id) for version in versions}
    rows = [_row(version, next(iter(judged[version.id]), None)) for version in versions]
    columns = (
        "version",
        "state",
        "recipe",
        "parent",
        "snapshot",
        "photos",
        "validation Dice",
        "gold Dice",
        "champion's",
        "created",
        "decision",
    )
    print_table(columns, rows, empty="There are no models yet; connect a project first.")


def promote(
    version: Annotated[str, typer.Argument(help="Name such as hemline-7-v3, or v3 or 3.")],
    project: Which = None,
) -> None:
    """Make a version the champion, whatever its evaluation said, and predict the unlabelled
    tasks with it."""
    from hemline.store.models.models import find_version
    from hemline.store.models.succession import promote_by_hand
    from worker.services import command_services

    services = command_services()
    named = re.fullmatch(r"hemline-(\d+)-v\d+", version)
    row = find_project(services, int(named[1]) if named else project)
    with services.store.session() as session:
        succession = promote_by_hand(session, find_version(session, row.id, version).id)
    _predict_anew(services, succession)


def rollback(
    project: Annotated[int, typer.Argument(help="Label Studio's project id.")],
) -> None:
    """Return to the previous champion, and predict the unlabelled tasks with it."""
    from hemline.store.models.succession import roll_back
    from worker.services import command_services

    services = command_services()
    row = find_project(services, project)
    with services.store.session() as session:
        succession = roll_back(session, row.id)
    _predict_anew(services, succession)


def retrain(
    project: Annotated[int, typer.Argument(help="Label Studio's project id.")],
    pseudo_labels: Annotated[
        bool,
        typer.Option(
            "--pseudo-labels",
            help="Also train on the champion's masks of unlabelled photos that it is sure of.",
        ),
    ] = False,
    bagging: Annotated[
        bool,
        typer.Option(
            "--bagging", help="Train the champion's successor as a bag, on the same corrections."
        ),
    ] = False,
    specialists: Annotated[
        bool,
        typer.Option(
            "--specialists",
            help="Train one with a network for each garment type, on the same corrections.",
        ),
    ] = False,
) -> None:
    """Start a training on all corrections now, however few are new."""
    from hemline.store.states import RunTrigger
    from worker.services import command_services
    from worker.training.follow_ups import request_follow_up
    from worker.training.pseudo_runs import request_pseudo_labels
    from worker.training.triggers import request_training

    if pseudo_labels + bagging + specialists > 1:
        raise HemlineError("choose one of --pseudo-labels, --bagging and --specialists")
    if pseudo_labels:
        request = request_pseudo_labels(command_services(), project)
    elif bagging:
        request = request_follow_up(command_services(), project, RunTrigger.BAGGING)
    elif specialists:
        request = request_follow_up(command_services(), project, RunTrigger.SPECIALISTS)
    else:
        request = request_training(command_services(), project, RunTrigger.COMMAND)
    typer.echo(f"Project {project}: {request.sentence}.")
    if request.run_id is None:
        raise typer.Exit(1)


def _predict_anew(services: "Services", succession: "Succession") -> None:
    job, name = succession.job, succession.champion.name
    sent = services.sender.send("worker.predict_pool", job.id, queue="predict")
    later = "" if sent else "; Redis is not reachable, so the worker will find it later"
    typer.echo(f"{name} is champion; job {job.id} predicts the unlabelled tasks{later}.")


def find_project(services: "Services", ls_project_id: int | None) -> "Project":
    """The project of that id, or the only one there is."""
    from hemline.store.loop.projects import known_project, list_projects

    with services.store.reading() as session:
        if ls_project_id is not None:
            return known_project(session, ls_project_id)
        projects = list_projects(session)
    if len(projects) == 1:
        return projects[0]
    if not projects:
        raise StoreError("no project is connected yet; run `hemline connect PROJECT_ID`")
    known = ", ".join(str(project.ls_project_id) for project in projects)
    raise StoreError(f"the projects are: {known}; choose one with --project")


def _row(version: "ModelVersion", judged: "Evaluation | None") -> tuple[Any, ...]:
    from hemline.store.models.follow_ups import networks_in_words

    figures = judged.figures if judged else {}
    return (
        version.name,
        version.state.value + (", weights removed" if version.weights_removed_at else ""),
        " ".join(filter(None, (version.recipe.get("name", ""), networks_in_words(version.recipe)))),
        version.parent.name if version.parent else "",
        version.snapshot.digest[:12] if version.snapshot else "",
        version.figures.get("trained_on"),
        version.figures.get("validation_dice"),
        figures.get("mean_dice"),
        figures.get("champion_mean_dice"),
        version.created_at,
        judged.decision if judged else "",
    )
