"""What in a project needs a person today, in sentences that say where to go."""

from dataclasses import dataclass

from flask import current_app, url_for

from backend.dashboard.words import count
from hemline.store.attention import Failures, TaskCounts
from hemline.store.readiness import Readiness
from hemline.store.tables import Project


@dataclass(frozen=True, slots=True)
class Errand:
    """`sentence` says what is to be done, `address` leads there; "" where no page does."""

    sentence: str
    address: str = ""
    is_fault: bool = False


def errands(
    project: Project, tasks: TaskCounts, flagged: int, failed: Failures, ready: Readiness
) -> list[Errand]:
    """Faults first, then labels to look at, then photos to label."""
    found = _faults(project, tasks, failed)
    if flagged:
        flag = "label looks" if flagged == 1 else "labels look"
        found.append(Errand(f"{count(flagged)} {flag} wrong or hard; see why", _gallery(project)))
    lacking = ready.gold_minimum - ready.gold_garments
    if tasks.labelled and lacking > 0:
        found.append(
            Errand(
                f"{count(lacking)} more gold {'garment has' if lacking == 1 else 'garments have'} "
                "to be corrected before a model can be judged; correct photos of more garments"
            )
        )
    unlabelled = tasks.total - tasks.labelled
    if unlabelled:
        wait = "photo waits" if unlabelled == 1 else "photos wait"
        found.append(Errand(f"{count(unlabelled)} {wait} for a label", _label_studio(project)))
    return found


def _faults(project: Project, tasks: TaskCounts, failed: Failures) -> list[Errand]:
    found = []
    if project.problem:
        found.append(Errand(f"Pre-filling is off: {project.problem}", is_fault=True))
    if failed.run is not None:
        found.append(
            Errand(f"Training run {failed.run.id} failed: {failed.run.problem}", is_fault=True)
        )
    found += [
        Errand(f"Job {job.id} ({job.kind.replace('_', ' ')}) failed: {job.problem}", is_fault=True)
        for job in failed.jobs
    ]
    if failed.deliveries:
        found.append(
            Errand(
                f"{count(failed.deliveries)} webhooks were given up; see `hemline deliveries "
                "--failed`",
                is_fault=True,
            )
        )
    if tasks.problems:
        carry = "task has" if tasks.problems == 1 else "tasks have"
        found.append(
            Errand(
                f"{count(tasks.problems)} {carry} a problem, such as: {tasks.problem}",
                url_for("dashboard.problems", project=project.ls_project_id),
                is_fault=True,
            )
        )
    return found


def _gallery(project: Project) -> str:
    if "dashboard.gallery" not in current_app.view_functions:
        return ""
    return url_for("dashboard.gallery", project=project.ls_project_id)


def _label_studio(project: Project) -> str:
    link = current_app.extensions["hemline"].settings.link_url
    return f"{link}/projects/{project.ls_project_id}"
