"""What in a project needs a person today, in sentences that say where to go."""

from dataclasses import dataclass

from flask import current_app, url_for

from backend.dashboard.words import count
from hemline.store.models.evaluations import WaitingCandidate
from hemline.store.reports.gold_wanted import GoldWanted
from hemline.store.reports.status import Failures, TaskCounts
from hemline.store.reports.worth_a_look import WorthALook
from hemline.store.tables.loop import Project, Task


@dataclass(frozen=True, slots=True)
class ToDo:
    """`sentence` says what is to be done, `address` leads there; "" where no page does.

    `image` is the dashboard's page of the one image it is about, or "".
    """

    sentence: str
    address: str = ""
    image: str = ""
    is_fault: bool = False


def to_do(
    project: Project,
    tasks: TaskCounts,
    worth: WorthALook,
    failed: Failures,
    gold: GoldWanted | None,
    waiting: WaitingCandidate | None,
    *,
    storage: str | None,
) -> list[ToDo]:
    """Faults first, then a version to decide on, labels to look at, and photos to label.

    storage: why nothing can be stored, if that is so.
    """
    found = [ToDo(f"Nothing can be stored: {storage}", is_fault=True)] if storage else []
    found += _faults(project, tasks, failed)
    if waiting is not None:
        number = waiting.version.number
        page = url_for("dashboard.model", project=project.ls_project_id, number=number)
        found.append(ToDo(waiting.in_words, page))
    if worth.number:
        labels = "label is" if worth.number == 1 else "labels are"
        wrong = count(max(1, round(worth.expected_wrong)))
        found.append(
            ToDo(
                f"{count(worth.number)} {labels} worth a second look; about {wrong} of them "
                "may be wrong",
                _gallery(project),
            )
        )
    if tasks.labelled and gold is not None:
        of = "one more garment" if gold.garments == 1 else f"{count(gold.garments)} more garments"
        found.append(
            ToDo(f"Correct one photo of each of {of}, which are needed to evaluate a model")
        )
        found += [
            ToDo(
                f"{task.garment or 'Garment'}: task {task.ls_task_id}",
                _task(project, task),
                _image(project, task),
            )
            for task in gold.tasks
        ]
    unlabelled = tasks.total - tasks.labelled
    if unlabelled:
        wait = "photo waits" if unlabelled == 1 else "photos wait"
        found.append(ToDo(f"{count(unlabelled)} {wait} for a label", _label_studio(project)))
    return found


def _faults(project: Project, tasks: TaskCounts, failed: Failures) -> list[ToDo]:
    found = []
    if project.problem:
        found.append(ToDo(f"Pre-filling is off: {project.problem}", is_fault=True))
    if project.not_read:
        found.append(
            ToDo(f"Changes in Label Studio are not read: {project.not_read}", is_fault=True)
        )
    if failed.run is not None:
        found.append(
            ToDo(f"Training run {failed.run.id} failed: {failed.run.problem}", is_fault=True)
        )
    found += [
        ToDo(f"Job {job.id} ({job.kind.replace('_', ' ')}) failed: {job.problem}", is_fault=True)
        for job in failed.jobs
    ]
    if failed.deliveries:
        found.append(
            ToDo(
                f"{count(failed.deliveries)} webhooks failed; see `hemline deliveries --failed`",
                is_fault=True,
            )
        )
    if tasks.problems:
        carry = "task has" if tasks.problems == 1 else "tasks have"
        found.append(
            ToDo(
                f"{count(tasks.problems)} {carry} a problem, such as: {tasks.problem}",
                url_for("dashboard.problems", project=project.ls_project_id),
                is_fault=True,
            )
        )
    return found


def _gallery(project: Project) -> str:
    if "dashboard.gallery" not in current_app.view_functions:
        return ""
    return url_for("dashboard.gallery", project=project.ls_project_id, look="worth")


def _task(project: Project, task: Task) -> str:
    return f"{_label_studio(project)}/data?task={task.ls_task_id}"


def _image(project: Project, task: Task) -> str:
    if "dashboard.image" not in current_app.view_functions:
        return ""
    return url_for(
        "dashboard.image", project=project.ls_project_id, task=task.ls_task_id, order="photos"
    )


def _label_studio(project: Project) -> str:
    link = current_app.extensions["hemline"].settings.link_url
    return f"{link}/projects/{project.ls_project_id}"
