"""`hemline status`, `problems` and `deliveries`: what the worker is at, and what went wrong."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hemline.store.reports.status import Pace
    from hemline.store.tables.loop import Job, Project, TrainingRun
    from worker.services import Services

_SHOWN = 10


def status() -> None:
    """Show projects, how close they are to the next training, trainings, jobs and deliveries."""
    from hemline.store.loop.deliveries import count_by_state
    from hemline.store.loop.jobs import list_jobs
    from hemline.store.loop.projects import list_projects
    from hemline.store.models.runs import list_runs
    from hemline.store.reports.status import pool_paces
    from worker.commands.print_table import print_table
    from worker.commands.shadow import shadow_lines
    from worker.services import command_services

    services = command_services()
    with services.store.reading() as session:
        projects = list_projects(session)
        runs = list_runs(session, limit=_SHOWN)
        jobs = list_jobs(session, limit=_SHOWN)
        deliveries = count_by_state(session)
        paces = pool_paces(session, jobs)
    print_table(
        (
            "project",
            "title",
            "champion",
            "corrections",
            "garments",
            "gold garments",
            "worth a look",
            "problem",
        ),
        [_project_row(services, project) for project in projects],
        title="Projects",
        empty="No project is connected yet; run `hemline connect PROJECT_ID`.",
    )
    lines = [_waiting_lines, shadow_lines, _gold_lines, _garment_warnings, _blank_lines]
    for line in (line for find in lines for line in find(services, projects)):
        typer.echo(line)
    print_table(
        ("run", "project", "state", "epoch", "started by", "attempts", "began", "problem"),
        [_run_row(run) for run in runs],
        title="Trainings",
        empty="No training yet.",
    )
    print_table(
        ("job", "project", "kind", "state", "done", "problem"),
        [_job_row(job, paces.get(job.id)) for job in jobs],
        title="Jobs",
        empty="No jobs yet.",
    )
    typer.echo(
        "Deliveries: " + ", ".join(f"{number} {state}" for state, number in deliveries.items())
    )


def problems(
    project: Annotated[int | None, typer.Option(help="Label Studio's project id.")] = None,
    confirm: Annotated[
        int | None,
        typer.Option(help="Accept what was saved on this task, which is held as lost work."),
    ] = None,
) -> None:
    """List the tasks and annotations that are left out, what is wrong with each, and what to do."""
    from hemline.store.loop.held import confirm_held
    from hemline.store.loop.tasks import list_task_problems
    from hemline.store.room import storage_problem
    from worker.commands.models import find_project
    from worker.commands.print_table import print_table
    from worker.services import command_services

    services = command_services()
    if confirm is not None:
        row = find_project(services, project)
        number = confirm_held(services.store, services.settings, row.id, confirm)
        saves = "1 save is" if number == 1 else f"{number} saves are"
        typer.echo(f"Task {confirm}: {saves} confirmed and will be trained on.")
        return
    only = find_project(services, project).id if project is not None else None
    if storage := storage_problem(services.settings, services.store):
        typer.echo(f"Nothing can be stored: {storage}")
    with services.store.reading() as session:
        marked = list_task_problems(session, only)
    rows = [(mark.ls_project_id, mark.ls_task_id, mark.problem) for mark in marked]
    print_table(("project", "task", "problem"), rows, empty="No task is marked with a problem.")


def deliveries(
    failed: Annotated[
        bool, typer.Option("--failed", help="List the deliveries that failed.")
    ] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Retry failed deliveries.")] = False,
) -> None:
    """Count webhook deliveries by state; list or retry the failed ones."""
    from hemline.store.loop.deliveries import count_by_state, list_failed, requeue_failed
    from worker.commands.print_table import print_table
    from worker.services import command_services

    services = command_services()
    if retry:
        with services.store.session() as session:
            number = requeue_failed(session)
        services.sender.send("worker.ingest", queue="ingest")
        typer.echo(f"{number} deliveries will be retried.")
        return
    with services.store.reading() as session:
        counts = count_by_state(session)
        rows = list_failed(session) if failed else []
    if not failed:
        print_table(("state", "deliveries"), list(counts.items()), empty="")
        return
    print_table(
        ("delivery", "action", "project", "attempts", "received", "problem"),
        [
            (row.id, row.action, row.ls_project_id, row.attempts, row.received_at, row.problem)
            for row in rows
        ],
        empty="No delivery has failed.",
    )


def _project_row(services: "Services", project: "Project") -> tuple[Any, ...]:
    from hemline.store.loop.garments import count_garments, garment_rule, in_words
    from hemline.store.models.models import champion
    from hemline.store.reports.worth_a_look import worth_a_look
    from worker.training.triggers import readiness

    ready = readiness(services, project)
    with services.store.reading() as session:
        version = champion(session, project.id)
        worth = worth_a_look(session, project.id)
        grouped = in_words(count_garments(session, project.id), garment_rule(session, project.id))
    return (
        project.ls_project_id,
        project.title,
        version.name if version else "none yet",
        f"{ready.corrections} of {ready.needed} for the next training",
        grouped,
        f"{ready.gold_garments} of at least {ready.gold_minimum}",
        f"{worth.number} {'label' if worth.number == 1 else 'labels'}",
        project.problem or (f"not read: {project.not_read}" if project.not_read else None),
    )


def _waiting_lines(services: "Services", projects: "Sequence[Project]") -> "Iterator[str]":
    """Which versions a person has to decide on."""
    from hemline.store.models.evaluations import waiting_candidate

    for project in projects:
        with services.store.reading() as session:
            waiting = waiting_candidate(session, project.id)
        if waiting is not None:
            yield (
                f"Project {project.ls_project_id}: {waiting.in_words}. `hemline promote "
                f"{waiting.version.name}` makes it champion."
            )


def _gold_lines(services: "Services", projects: "Sequence[Project]") -> "Iterator[str]":
    """Which garments to correct, where a training waits for gold ones."""
    from hemline.store.reports.gold_wanted import gold_wanted
    from hemline.store.reports.status import count_tasks
    from worker.training.triggers import readiness

    settings = services.settings
    for project in projects:
        ready = readiness(services, project)
        with services.store.reading() as session:
            labelled = count_tasks(session, project.id).labelled
            gold = gold_wanted(
                session,
                project,
                ready,
                gold_share=settings.gold_share,
                validation_share=settings.validation_share,
            )
        if gold is None or not labelled:
            continue
        named = ", ".join(
            f"{task.garment or 'a garment'} (task {task.ls_task_id})" for task in gold.tasks
        )
        yield (
            f"Project {project.ls_project_id}: {gold.missing} more gold "
            f"{'garment is' if gold.missing == 1 else 'garments are'} needed to judge a model. "
            f"Correct a photo of "
            + (
                "one more garment"
                if gold.garments == 1
                else f"each of {gold.garments} more garments"
            )
            + (f", such as {named}" if named else "")
        )


def _garment_warnings(services: "Services", projects: "Sequence[Project]") -> "Iterator[str]":
    """What is likely wrong with how photos are grouped by garment."""
    from hemline.store.loop.garments import count_garments
    from hemline.store.review.garment_views import MOST_VIEWS

    for project in projects:
        with services.store.reading() as session:
            counts = count_garments(session, project.id)
        way_out = f"see `hemline garments {project.ls_project_id}`"
        garment, photos = counts.largest
        if photos > MOST_VIEWS:
            yield (
                f"Project {project.ls_project_id}: {photos:,} photos count as one garment, "
                f"'{garment}'; {way_out}"
            )
        if counts.earlier:
            yield (
                f"Project {project.ls_project_id}: {counts.earlier:,} photos were split by an "
                f"earlier rule, which may part views of a garment; {way_out}"
            )


def _blank_lines(services: "Services", projects: "Sequence[Project]") -> "Iterator[str]":
    """How many tasks open empty on purpose, and why."""
    from hemline.store.effort.in_words import blank_in_words
    from hemline.store.effort.left_blank import left_blank

    for project in projects:
        if project.blank_share:
            with services.store.reading() as session:
                blank = left_blank(session, project.id)
            yield f"Project {project.ls_project_id}: {blank_in_words(project, blank)}"


def _run_row(run: "TrainingRun") -> tuple[Any, ...]:
    epochs = f"{run.epoch} of {run.epochs}" if run.epochs else ""
    return (
        run.id,
        run.project.ls_project_id,
        run.state.value,
        epochs,
        run.trigger.value,
        run.attempts,
        run.started_at,
        run.problem,
    )


def _job_row(job: "Job", pace: "Pace | None") -> tuple[Any, ...]:
    done = f"{job.done} of {job.total}"
    return (
        job.id,
        job.project.ls_project_id,
        job.kind.value,
        job.state.value,
        f"{done}, {pace.in_words}" if pace else done,
        job.problem,
    )
