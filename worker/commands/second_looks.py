"""`hemline send-back` and `hemline twin`: a label goes back to its annotator, or a photo to
somebody else."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hemline.errors import HemlineError, LabelStudioUnavailable

if TYPE_CHECKING:
    from hemline.store.tables.loop import Project, Task

BY = "command line"
Project_ = Annotated[int, typer.Argument(metavar="PROJECT", help="Label Studio's project id.")]


def send_back(
    project: Project_,
    task: Annotated[int, typer.Argument(help="Label Studio's task id.")],
    comment: Annotated[str, typer.Option(help="What is wrong with the label.")] = "",
    undo: Annotated[
        bool, typer.Option("--undo", help="Take the verdict back; nobody needs to correct it.")
    ] = False,
) -> None:
    """Send a wrong label back to the one who made it, with the verdict that it is wrong.

    The task appears in a tab "To correct: NAME" in Label Studio, with the comment as a column,
    until it is saved again. `hemline statistics` counts what waits.
    """
    from hemline.labelstudio.project.review_tab import TO_CORRECT
    from hemline.store.people import record_event
    from hemline.store.review import returned
    from hemline.store.review.review_order import item_of_task
    from hemline.store.states import ReviewKind
    from worker.commands.models import find_project
    from worker.second_looks.show_returns import PeopleNames, show_returns
    from worker.services import command_services

    if undo and comment:
        raise HemlineError("--undo and --comment cannot be combined; give one")
    services = command_services()
    row = find_project(services, project)
    annotator = ""
    with services.store.session() as session:
        known = _task(session, row, task)
        item = item_of_task(session, known.id, ReviewKind.LABEL)
        if item is None:
            raise HemlineError(f"task {task} has no label in the review order yet; try again soon")
        if undo:
            returned.take_back(session, item.id)
        else:
            annotator = returned.send_back(session, item.id, by=BY, comment=comment).annotator
        record_event(
            session,
            BY,
            "take verdict back" if undo else "send back",
            project_id=row.id,
            target=f"task {task}",
            details={"comment": comment} if comment else {},
        )
    show_returns(services)
    if undo:
        typer.echo(f"The verdict on task {task} is taken back.")
        return
    try:
        name = PeopleNames(services).of(annotator)
    except LabelStudioUnavailable:
        typer.echo(f"Task {task} goes back to {annotator} once Label Studio answers.")
    else:
        typer.echo(f'Task {task} goes to the tab "{TO_CORRECT}{name}" in Label Studio.')


def twin(
    project: Project_,
    tasks: Annotated[list[int], typer.Argument(help="Label Studio's task ids.")],
    of: Annotated[
        str, typer.Option(help="Who is to draw them: their email. Default: anybody else.")
    ] = "",
) -> None:
    """Have labelled photos drawn a second time by somebody who sees neither mask nor pre-fill.

    They appear in a project of their own in Label Studio. `hemline statistics` and the dashboard's
    page Annotators show how far the two agree.
    """
    from hemline.store.people import record_event
    from hemline.store.review.blind_twins import ask_for_twin
    from worker.commands.models import find_project
    from worker.second_looks.blind_twins import work_on_twins
    from worker.second_looks.show_returns import PeopleNames
    from worker.services import command_services

    services = command_services()
    row = find_project(services, project)
    number = PeopleNames(services).number_of(of) if of else ""
    with services.store.session() as session:
        for ls_task_id in tasks:
            ask_for_twin(session, _task(session, row, ls_task_id), by=BY, of=number)
            record_event(
                session,
                BY,
                "ask for blind twin",
                project_id=row.id,
                target=f"task {ls_task_id}",
                details={"of": of} if of else {},
            )
    work_on_twins(services)
    row = find_project(services, project)
    where = f" in project {row.twins_project} in Label Studio" if row.twins_project else ""
    typer.echo(f"Asked for {len(tasks)} blind {'twin' if len(tasks) == 1 else 'twins'}{where}.")


def _task(session: Any, project: "Project", ls_task_id: int) -> "Task":
    from hemline.store.loop.tasks import get_task

    found = get_task(session, project.id, ls_task_id)
    if found is None:
        raise HemlineError(f"task {ls_task_id} is not in project {project.ls_project_id}")
    return found
